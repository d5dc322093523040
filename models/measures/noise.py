"""How loud a part of a lesson was."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.evaluation.agreement import student
from models.measures.records import Measured

__all__ = ["MIN_MINUTES", "noise_of"]

MIN_MINUTES: Final = 3
_MINUTE_S: Final = 60
_KNOWN_S: Final = 30
"""So many seconds of a minute must be known."""

Floats = NDArray[np.float64]


def noise_of(laeq_1s: Floats, spans: Sequence[tuple[float, float]]) -> Measured | None:
    """The energy-equivalent level of these spans in dB(A); None with fewer than three known minutes.

    `laeq_1s` (n,) has the level of each second, NaN where missing; spans are in seconds since the
    lesson's start. LAeq = 10 lg(mean of 10^(L / 10)), as in ISO 1996-1. The interval is Student's
    over the minutes' mean energies, carried to decibels to first order (JCGM 100:2008, 5.1.2).
    """
    minutes = [
        known
        for start_s, end_s in spans
        for at in range(max(0, math.ceil(start_s)), int(min(end_s, len(laeq_1s))), _MINUTE_S)
        for known in (_known(laeq_1s[at : int(min(at + _MINUTE_S, end_s))]),)
        if len(known) >= _KNOWN_S
    ]
    n = len(minutes)
    if n < MIN_MINUTES:
        return None
    # Relative to the loudest second, so that no power of ten overflows.
    loudest = max(float(one.max()) for one in minutes)
    energies = [10.0 ** ((one - loudest) / 10.0) for one in minutes]
    energy = float(np.concatenate(energies).mean())
    means = np.array([one.mean() for one in energies])
    error = float(means.std(ddof=1)) / math.sqrt(n) / energy
    value = loudest + 10.0 * math.log10(energy)
    half = student(n - 1) * 10.0 / math.log(10.0) * error
    return Measured(kind="noise", value=value, low=value - half, high=value + half, n=n)


def _known(levels: Floats) -> Floats:
    return levels[~np.isnan(levels)]
