"""A mean with its 95 % interval, by drawing again from the values (percentile bootstrap). Pure.

B. Efron and R. Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13. The same values
give the same interval: the draws are seeded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Estimate", "difference", "mean_of"]

_DRAWS: Final = 4_000
_SEED: Final = 17
_ENDS: Final = (2.5, 97.5)
_MAX_AT_ONCE: Final = 200_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value of n people with its 95 % interval."""

    n: int
    value: float
    low: float
    high: float

    def times(self, factor: float) -> Estimate:
        """In other units, such as hours for minutes; `factor` is not negative."""
        return Estimate(self.n, self.value * factor, self.low * factor, self.high * factor)

    def rounded(self, digits: int) -> Estimate:
        """With so many digits after the point, for good."""
        return Estimate(
            self.n, *(round(each, digits) for each in (self.value, self.low, self.high))
        )

    def below(self, known: float) -> Estimate:
        """How far it is below something that is known exactly."""
        return Estimate(self.n, known - self.value, known - self.high, known - self.low)

    def plus(self, known: float) -> Estimate:
        """With something that is known exactly."""
        return Estimate(self.n, self.value + known, self.low + known, self.high + known)


def mean_of(values: Sequence[float]) -> Estimate:
    """The mean of at least one value."""
    low, high = np.percentile(_means(values, _SEED), _ENDS)
    return Estimate(len(values), float(np.mean(values)), float(low), float(high))


def difference(these: Sequence[float], others: Sequence[float]) -> Estimate:
    """How much the mean of `these` is above that of `others`; n is of both."""
    draws = _means(these, _SEED) - _means(others, _SEED + 1)
    low, high = np.percentile(draws, _ENDS)
    value = float(np.mean(these) - np.mean(others))
    return Estimate(len(these) + len(others), value, float(low), float(high))


def _means(values: Sequence[float], seed: int) -> NDArray[np.float64]:
    all_values = np.asarray(values, float)
    n = len(all_values)
    draw = np.random.default_rng(seed)
    # Some rows at a time, so that a district's thousands need no large table.
    step = max(_MAX_AT_ONCE // n, 1)
    means = [
        all_values[draw.integers(0, n, (min(step, _DRAWS - at), n))].mean(axis=1)
        for at in range(0, _DRAWS, step)
    ]
    return np.concatenate(means)
