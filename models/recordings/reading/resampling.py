"""Turns samples of any rate from 20 to 400 Hz into seconds for the formulas.

`contract.quantities.motion` expects evenly spaced samples in a second. Up to about 50 Hz they are used as they
are. A faster sensor is reduced to 50 Hz with a low-pass filter, because frequencies above half of
that would fold back into the bands. Lost samples stay lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

__all__ = ["USUAL_RATE_HZ", "common_rate", "seconds_of"]

USUAL_RATE_HZ: Final = 50.0
_AS_IS: Final = 1.1
"""A rate up to this factor above the wanted one is not reduced."""
_LOST_AFTER: Final = 2.5
"""Steps longer than this many sample times mean lost samples."""

Floats = NDArray[np.float64]
Array = NDArray[np.float32]


def common_rate(rates: Sequence[float]) -> float:
    """The common rate for recordings to compare: 50 Hz, or that of the slowest."""
    return min(USUAL_RATE_HZ, *rates) if rates else USUAL_RATE_HZ


def seconds_of(at_s: Floats, acceleration: Array, rate_hz: float, wanted_hz: float) -> list[Array]:
    """The samples of each whole second, (n, 3) with NaN for lost ones; n may differ.

    `at_s` are rising times starting at 0, one per row of `acceleration`, which is (samples, 3).
    """
    if rate_hz > _AS_IS * wanted_hz:
        at_s, acceleration = _slowed(at_s, acceleration, rate_hz, wanted_hz)
        rate_hz = wanted_hz
    # With a slightly wrong clock, the first sample of a second could fall into the one before.
    second = np.floor(at_s + 0.25 / rate_hz).astype(np.int64)
    count = int(second[-1]) + 1 if len(second) else 0
    cuts = np.searchsorted(second, np.arange(count + 1))
    if count and cuts[-1] - cuts[-2] < 0.9 * rate_hz:
        count -= 1
    return [
        _second(at_s[a:b] - at, acceleration[a:b], rate_hz)
        for at, (a, b) in enumerate(pairwise(cuts[: count + 1]))
    ]


def _second(at_s: Floats, samples: Array, rate_hz: float) -> Array:
    """One second's samples, with rows of NaN for lost ones."""
    slots = round(rate_hz)
    edges = np.concatenate([[-1.0 / rate_hz], at_s, [1.0]])
    if len(at_s) >= 0.9 * slots and np.diff(edges).max() <= _LOST_AFTER / rate_hz:
        return samples
    placed = np.full((slots, 3), np.nan, np.float32)
    placed[np.clip(np.rint(at_s * rate_hz).astype(int), 0, slots - 1)] = samples
    return placed


def _slowed(
    at_s: Floats, acceleration: Array, rate_hz: float, wanted_hz: float
) -> tuple[Floats, Array]:
    """Resample to a lower rate, without frequencies above half of it."""
    known = np.isfinite(acceleration).all(axis=1)
    grid = np.arange(int(np.floor(at_s[-1] * rate_hz + 1e-6)) + 1) / rate_hz
    filled = np.stack(
        [np.interp(grid, at_s[known], acceleration[known, axis]) for axis in range(3)], axis=1
    )
    ratio = Fraction(wanted_hz / rate_hz).limit_denominator(400)
    middle = filled.mean(axis=0)
    slow = resample_poly(filled - middle, ratio.numerator, ratio.denominator, axis=0) + middle
    step_s = ratio.denominator / ratio.numerator / rate_hz
    at = np.asarray(np.arange(len(slow)) * step_s, np.float64)
    near = np.searchsorted(at_s[known], at).clip(1, int(known.sum()) - 1)
    there = at_s[known]
    away = np.minimum(np.abs(there[near] - at), np.abs(there[near - 1] - at))
    slow[away > _LOST_AFTER / rate_hz] = np.nan
    return at, slow.astype(np.float32)
