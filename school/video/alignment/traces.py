"""Two traces of levels made comparable: same seconds, same scale, no slow part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Trace", "prepared", "seconds_of"]

_AROUND_S: Final = 15
"""The mean of these seconds before and after is taken off: what a slow gain adds is gone."""
_CLIP_SD: Final = 4.0
_MIN_STEPS: Final = 6
"""Of the ten steps of a second, so many must be known."""


@dataclass(frozen=True, slots=True)
class Trace:
    """(n,) by second: values of unit spread, 0 where `known` is 0."""

    value: NDArray[np.float64]
    known: NDArray[np.float64]


def prepared(level_db: NDArray[np.floating]) -> Trace:
    """A trace of one level a second, its 30 s mean off, clipped at 4 SD, of unit spread."""
    level = np.asarray(level_db, np.float64)
    known = np.isfinite(level)
    filled = np.where(known, level, 0.0)
    size = level.size
    first = np.maximum(np.arange(size) - _AROUND_S, 0)
    last = np.minimum(np.arange(size) + _AROUND_S + 1, size)
    count = _sums(known.astype(np.float64), first, last)
    value = np.where(known, filled - _sums(filled, first, last) / np.maximum(count, 1.0), 0.0)
    spread = _spread(value, known)
    if spread == 0.0:
        return Trace(np.zeros(size), np.zeros(size))
    value = np.clip(value / spread, -_CLIP_SD, _CLIP_SD)
    value = np.where(known, value / (_spread(value, known) or 1.0), 0.0)
    return Trace(value, known.astype(np.float64))


def seconds_of(level_db: NDArray[np.floating], step_s: float, phase: int) -> NDArray[np.float64]:
    """Levels of steps to levels of whole seconds, the first of which begins `phase` steps in.

    Averaged as energy; a second of which less than 60 % is known is NaN.
    """
    steps = round(1.0 / step_s)
    level = np.asarray(level_db, np.float64)[phase:]
    level = level[: level.size // steps * steps].reshape(-1, steps)
    known = np.isfinite(level)
    energy = np.where(known, 10.0 ** (np.where(known, level, 0.0) / 10.0), 0.0)
    count = known.sum(axis=1)
    enough = (count >= _MIN_STEPS * steps / 10.0) & (energy.sum(axis=1) > 0.0)
    mean = energy.sum(axis=1) / np.maximum(count, 1)
    return np.where(enough, 10.0 * np.log10(np.where(enough, mean, 1.0)), np.nan)


def _sums(
    values: NDArray[np.float64], first: NDArray[np.int64], last: NDArray[np.int64]
) -> NDArray[np.float64]:
    total = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(total[last] - total[first])


def _spread(value: NDArray[np.float64], known: NDArray[np.bool_]) -> float:
    return float(np.sqrt(np.mean(value[known] ** 2))) if known.any() else 0.0
