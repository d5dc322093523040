"""Confidence intervals over groups: groups are resampled, not epochs."""

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
_MIN_GROUPS: Final = 3


def intervals(
    truth: Sequence[NDArray[np.bool_]], values: Sequence[Floats], seed: int
) -> tuple[Ends | None, Ends | None]:
    """95 % intervals of ROC-AUC and PR-AUC over resampled groups; None with fewer than three.

    With n groups the plain quantiles are too narrow, by sqrt((n-1)/n) and by the ratio of Student's
    t to the normal, so wider quantiles are used (Hesterberg, 2015, expanded percentiles).
    """
    n = len(truth)
    if n < _MIN_GROUPS:
        return None, None
    group = np.repeat(np.arange(n), [one.size for one in truth])
    flags = np.concatenate(truth)
    _, place = np.unique(np.concatenate(values), return_inverse=True)
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(_DRAWS):
        weight = np.bincount(rng.integers(0, n, n), minlength=n)[group].astype(np.float64)
        # The number of each class at each value, from the highest value down.
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
    called = found + mistaken
    precision = np.where(called > 0.0, found / np.maximum(called, 1e-9), 0.0)
    return roc, float((positive * precision).sum() / found[-1])
