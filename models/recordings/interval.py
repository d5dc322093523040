"""How sure a figure over groups is: groups are drawn anew, not epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

__all__ = ["Ends", "intervals"]

Ends = tuple[float, float]
Floats = NDArray[np.float64]

_DRAWS: Final = 1000
_LEAST_GROUPS: Final = 3


def intervals(
    truth: Sequence[NDArray[np.bool_]], values: Sequence[Floats], seed: int
) -> tuple[Ends | None, Ends | None]:
    """95 % of ROC-AUC and PR-AUC over groups drawn with replacement; None with fewer than three.

    With n groups the plain quantiles are too narrow, by sqrt((n-1)/n) and by what Student's t has
    over the normal, so quantiles further out are read (Hesterberg, 2015, the expanded percentiles).
    """
    n = len(truth)
    if n < _LEAST_GROUPS:
        return None, None
    group = np.repeat(np.arange(n), [one.size for one in truth])
    flags = np.concatenate(truth)
    _, place = np.unique(np.concatenate(values), return_inverse=True)
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(_DRAWS):
        weight = np.bincount(rng.integers(0, n, n), minlength=n)[group].astype(np.float64)
        # From the highest value down, how many of each class have each value.
        positive, negative = (
            np.bincount(place, weight * one).astype(np.float64)[::-1] for one in (flags, ~flags)
        )
        if positive.any() and negative.any():
            drawn.append(_areas(positive, negative))
    tail = float(norm.cdf(np.sqrt(n / (n - 1)) * t.ppf(0.025, n - 1)))
    ends: Any = np.quantile(np.array(drawn), (tail, 1.0 - tail), axis=0)
    (low, low_pr), (high, high_pr) = ends.tolist()
    return (low, high), (low_pr, high_pr)


def _areas(positive: Floats, negative: Floats) -> tuple[float, float]:
    """ROC-AUC (ties count half) and average precision, from counts by falling value."""
    found, mistaken = np.cumsum(positive), np.cumsum(negative)
    roc = float((negative * (found - positive / 2.0)).sum() / (found[-1] * mistaken[-1]))
    told = found + mistaken
    precision = np.where(told > 0.0, found / np.maximum(told, 1e-9), 0.0)
    return roc, float((positive * precision).sum() / found[-1])
