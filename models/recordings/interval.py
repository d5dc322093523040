"""Confidence intervals over groups: groups are resampled, not epochs.

Two rankings of the same epochs are compared by pairs: each resample of the groups gives both their
figures, and the interval is that of the difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t
from sklearn.metrics import average_precision_score, roc_auc_score

from models.recordings.report import FIGURES, Difference, Ends

__all__ = ["differences", "group_auc", "intervals", "mean_per_group"]

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

_DRAWS: Final = 1000
_MIN_GROUPS: Final = 3


def intervals(
    truth: Sequence[Flags], values: Sequence[Floats], seed: int
) -> dict[str, Ends | None]:
    """95 % intervals of each of `FIGURES` over resampled groups; None with fewer than three.

    With n groups the plain quantiles are too narrow, by sqrt((n-1)/n) and by the ratio of Student's
    t to the normal, so wider quantiles are used (Hesterberg, 2015, expanded percentiles).
    """
    if len(truth) < _MIN_GROUPS:
        return dict.fromkeys(FIGURES)
    return _ends(_resampled(truth, [values], seed)[:, 0], truth)


def differences(
    truth: Sequence[Flags], values: Sequence[Floats], others: Sequence[Floats], seed: int
) -> dict[str, Difference]:
    """By how much the figures of `values` are above those of `others`, with paired intervals."""
    first, second = (_figures(truth, one) for one in (values, others))
    ends: dict[str, Ends | None] = dict.fromkeys(FIGURES)
    if len(truth) >= _MIN_GROUPS:
        drawn = _resampled(truth, [values, others], seed)
        ends = _ends(drawn[:, 0] - drawn[:, 1], truth)
    return {
        name: Difference(value=_minus(first[name], second[name]), ci=ends[name]) for name in FIGURES
    }


def mean_per_group(truth: Sequence[Flags], values: Sequence[Floats]) -> float | None:
    """The mean of the groups' own ROC-AUC: an offset between two groups does not change it."""
    areas = [group_auc(*pair) for pair in zip(truth, values, strict=True)]
    known = [area for area in areas if area is not None]
    return float(np.mean(known)) if known else None


def group_auc(truth: Flags, values: Floats) -> float | None:
    """A group's own ROC-AUC; None with only one class."""
    return float(roc_auc_score(truth, values)) if truth.any() and not truth.all() else None


def _figures(truth: Sequence[Flags], values: Sequence[Floats]) -> dict[str, float | None]:
    whole = np.concatenate(truth), np.concatenate(values)
    return {
        "roc_auc": float(roc_auc_score(*whole)),
        "group_mean": mean_per_group(truth, values),
        "pr_auc": float(average_precision_score(*whole)),
    }


def _minus(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first - second


def _ends(drawn: Floats, truth: Sequence[Flags]) -> dict[str, Ends | None]:
    """The interval of each column of `drawn`, (draws, figures), over these groups.

    A group with one class has no ROC-AUC, so it does not count for the mean per group.
    """
    with_both = sum(bool(one.any() and not one.all()) for one in truth)
    found: dict[str, Ends | None] = {}
    for name, column in zip(FIGURES, drawn.T, strict=True):
        n = with_both if name == "group_mean" else len(truth)
        if n < _MIN_GROUPS:
            found[name] = None
            continue
        tail = float(norm.cdf(np.sqrt(n / (n - 1)) * t.ppf(0.025, n - 1)))
        known = column[~np.isnan(column)]
        ends: Any = np.quantile(known, (tail, 1.0 - tail)).tolist() if known.size else None
        found[name] = ends if ends is None else (ends[0], ends[1])
    return found


def _resampled(truth: Sequence[Flags], rankings: Sequence[Sequence[Floats]], seed: int) -> Floats:
    """The figures of each ranking in each resample of the groups: (draws, rankings, figures)."""
    n = len(truth)
    group = np.repeat(np.arange(n), [one.size for one in truth])
    flags = np.concatenate(truth)
    places = [np.unique(np.concatenate(one), return_inverse=True)[1] for one in rankings]
    own = np.array(
        [[group_auc(*pair) for pair in zip(truth, one, strict=True)] for one in rankings], float
    )  # (rankings, groups), NaN with one class
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(_DRAWS):
        times = np.bincount(rng.integers(0, n, n), minlength=n)
        weight = times[group].astype(np.float64)
        if not weight[flags].any() or not weight[~flags].any():
            continue
        drawn.append(
            [
                (*_areas(place, flags, weight), _weighted_mean(mine, times))
                for place, mine in zip(places, own, strict=True)
            ]
        )
    roc, pr, mean = np.moveaxis(np.array(drawn), 2, 0)
    return np.stack([roc, mean, pr], axis=2)


def _weighted_mean(values: Floats, times: NDArray[np.intp]) -> float:
    """The mean of the known values, each counted so many times; NaN if none is counted."""
    weight = np.where(np.isnan(values), 0, times)
    return float(np.nansum(values * weight) / weight.sum()) if weight.any() else float("nan")


def _areas(place: NDArray[np.intp], flags: Flags, weight: Floats) -> tuple[float, float]:
    """ROC-AUC (ties count half) and average precision of weighted epochs.

    `place` is each epoch's rank among the distinct values.
    """
    # The number of each class at each value, from the highest value down.
    positive, negative = (
        np.bincount(place, weight * one).astype(np.float64)[::-1] for one in (flags, ~flags)
    )
    found, mistaken = np.cumsum(positive), np.cumsum(negative)
    roc = float((negative * (found - positive / 2.0)).sum() / (found[-1] * mistaken[-1]))
    called = found + mistaken
    precision = np.where(called > 0.0, found / np.maximum(called, 1e-9), 0.0)
    return roc, float((positive * precision).sum() / found[-1])
