"""Levels of detail: a trace in buckets of 1, 5 or 30 seconds, each with least, mean and most.

Levels in decibels are averaged as energy. A bucket without values stays empty, so that a gap stays a
gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEVELS_S", "Buckets", "bucketed", "finest_level"]

LEVELS_S: Final = (1, 5, 30)
"""The bucket lengths in seconds that a page may request."""

MAX_BUCKETS: Final = 900
"""About as many as a wide screen can draw."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """One value per bucket, NaN where nothing was sensed; `least <= mean <= most`."""

    least: Floats
    mean: Floats
    most: Floats


def bucketed(levels_db: Floats, width: int | None) -> Buckets:
    """Every `width` values as one bucket (None: all values); the last one may be shorter."""
    width = len(levels_db) if width is None else width
    if len(levels_db) == 0:
        # One bucket of everything exists even here; it is empty.
        nothing = np.full(1 if width == 0 else 0, np.nan)
        return Buckets(nothing, nothing, nothing)
    buckets = -(-len(levels_db) // width)
    padded = np.full(buckets * width, np.nan)
    padded[: len(levels_db)] = levels_db
    rows = padded.reshape(buckets, width)
    has_value = ~np.isnan(rows)
    count = has_value.sum(axis=1)
    least = np.where(has_value, rows, np.inf).min(axis=1)
    most = np.where(has_value, rows, -np.inf).max(axis=1)
    is_empty = count == 0
    # Relative to the loudest value, so that no power of ten overflows.
    loudest = np.where(is_empty, 0.0, most)
    energy = np.where(has_value, 10.0 ** ((rows - loudest[:, None]) / 10.0), 0.0).sum(axis=1)
    mean = loudest + 10.0 * np.log10(np.where(is_empty, 1.0, energy) / np.maximum(count, 1))
    for bounds in (least, mean, most):
        bounds[is_empty] = np.nan
    return Buckets(least, np.clip(mean, least, most), most)


def finest_level(span_s: float) -> int:
    """The finest bucket length at which a span still fits a screen."""
    fitting = (level for level in LEVELS_S if span_s / level <= MAX_BUCKETS)
    return next(fitting, LEVELS_S[-1])
