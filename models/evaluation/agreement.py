"""Agreement of two observers beyond chance, and intervals over lessons.

A school's server has no scikit-learn and no SciPy, so this is NumPy alone; tests hold it against
both. Everything rests on tables of counts, because a resample of lessons is then a weighted sum.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Interval", "counts_of", "draws_of", "ends_of", "kappa_of", "student"]

Interval = tuple[float, float]
Array = NDArray[np.float64]

RESAMPLES: Final = 1_000
_SEED: Final = 1
_Z: Final = 1.959964  # 95 %
_NORMAL: Final = NormalDist()


def counts_of(first: NDArray[np.int64], second: NDArray[np.int64], kinds: int) -> Array:
    """How often the one said i and the other j, (kinds, kinds)."""
    cells = np.bincount(first * kinds + second, minlength=kinds * kinds)
    return cells.reshape(kinds, kinds).astype(np.float64)


def kappa_of(counts: Array, weights: Literal["none", "linear"]) -> Array:
    """Cohen's kappa of tables (…, kinds, kinds); NaN where chance alone would always agree.

    With `linear` weights a disagreement counts by its distance: J. Cohen, "Weighted kappa",
    Psychological Bulletin 70 (1968), 213-220.
    """
    place = np.arange(counts.shape[-1])
    far = np.abs(place[:, None] - place).astype(np.float64)
    cost = far if weights == "linear" else np.minimum(far, 1.0)
    total = counts.sum(axis=(-2, -1))
    rows, columns = counts.sum(axis=-1), counts.sum(axis=-2)
    by_chance = np.einsum("...i,ij,...j->...", rows, cost, columns)
    observed = total * (counts * cost).sum(axis=(-2, -1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(by_chance > 0.0, 1.0 - observed / by_chance, np.nan))


def draws_of(units: int) -> Array:
    """How often each of so many units is in each resample, (resamples, units)."""
    rng = np.random.default_rng(_SEED)
    return rng.multinomial(units, np.full(units, 1.0 / units), RESAMPLES).astype(np.float64)


def ends_of(values: Array, units: int) -> Interval | None:
    """The 95 % interval from the values of resamples of so many units; None with fewer than two.

    With few units the plain quantiles are too narrow, so wider ones are used (T. Hesterberg, "What
    teachers should know about the bootstrap", The American Statistician 69 (2015), 371-386).
    """
    known = values[np.isfinite(values)]
    if units < 2 or not known.size:
        return None
    tail = _NORMAL.cdf(-np.sqrt(units / (units - 1)) * student(units - 1))
    low, high = np.quantile(known, (tail, 1.0 - tail))
    return float(low), float(high)


def student(freedom: int) -> float:
    """The 97.5 % quantile of Student's t, within 0.2 % from three degrees of freedom on.

    The expansion of Cornish and Fisher, as in Abramowitz and Stegun, 26.7.5. With one or two degrees
    it is too small, and the exact values stand here.
    """
    if freedom <= 2:
        return (12.7062, 4.30265)[freedom - 1]
    z, n = _Z, float(freedom)
    terms = (
        (z**3 + z) / 4.0,
        (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / 96.0,
        (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / 384.0,
        (79.0 * z**9 + 776.0 * z**7 + 1482.0 * z**5 - 1920.0 * z**3 - 945.0 * z) / 92_160.0,
    )
    return z + sum(term / n**power for power, term in enumerate(terms, start=1))
