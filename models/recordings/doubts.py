"""Warns if a recording's labels look late, inverted, too quick for epochs, or random, or if its
groups are few or have only one class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from models.features.seat_features import EPOCH_S
from models.learning.rows import LessonRows
from models.learning.seat_learning import labelled
from models.recordings.reading.file import LabelledRecording
from models.recordings.report import GroupScore

__all__ = ["doubts", "few_groups", "single_class", "too_quick"]

_LAGS: Final = (-12, -6, -3, 3, 6, 12)  # epochs
_TURNED: Final = 0.35
_BETTER: Final = 0.05
_SURE: Final = 3.0
_ENOUGH: Final = 10
_NO_CHANCE: Final = 0.52
_MANY: Final = 0.2
_FEW_GROUPS: Final = 8
_MIN_GROUPS: Final = 3
_MAX_NAMES: Final = 5

Floats = NDArray[np.float64]


def doubts(
    rows: Sequence[LessonRows],
    movement: Sequence[Floats],
    roc_auc: float,
    by_group: Mapping[str, GroupScore],
) -> list[str]:
    """Warnings about the labels; `movement` is each group's level, NaN where unknown."""
    warnings = []
    lagged = {lag: _lagged_auc(rows, movement, lag) for lag in (0, *_LAGS)}
    best = max(lagged, key=lambda lag: lagged[lag])
    _, truth = labelled(rows)
    rarer = min(int(truth.sum()), int((~truth).sum()))
    better = max(_BETTER, _SURE * np.sqrt(1.0 / (12.0 * rarer)))  # the error of a ROC-AUC of .5
    if best and lagged[best] > max(lagged[0], 0.55) + better:
        later = "later" if best > 0 else "earlier"
        warnings.append(
            f"The labels would fit the movement better {abs(best) * EPOCH_S} s {later} (ROC-AUC "
            f"{lagged[best]:.3f} rather than {lagged[0]:.3f}): their clocks may be shifted."
        )
    turned = [
        group
        for group, one in by_group.items()
        if one.roc_auc is not None
        and one.roc_auc < _TURNED
        and min(one.positive, one.epochs - one.positive) >= _ENOUGH
        and roc_auc > 0.6
    ]
    if turned:
        warnings.append(f"The labels of {', '.join(turned[:5])} look inverted.")
    if roc_auc < _NO_CHANCE:
        warnings.append("The result is no better than chance.")
    return warnings


def few_groups(count: int) -> list[str]:
    """A note if there is no interval over groups, or one that is too narrow."""
    if count < _MIN_GROUPS:
        only = "is only one group" if count == 1 else f"are only {count} groups"
        return [f"There {only}, so there is no interval."]
    if count < _FEW_GROUPS:
        return [f"There are only {count} groups, so the interval over groups is too narrow."]
    return []


def single_class(by_group: Mapping[str, GroupScore], label: str) -> list[str]:
    """A note that names the groups with only one class."""
    single = {group: one for group, one in by_group.items() if one.roc_auc is None}
    if not single:
        return []
    never = [group for group, one in single.items() if one.positive == 0]
    always = [group for group in single if group not in set(never)]
    parts = [
        f"{what} {label}: {_named(groups)}"
        for what, groups in (("no", never), ("only", always))
        if groups
    ]
    note = (
        f"Groups with only one class have no ROC-AUC and can't be the worst group: {len(single)} of "
        f"{len(by_group)} ({'; '.join(parts)})."
    )
    return [note]


def _named(groups: Sequence[str]) -> str:
    others = len(groups) - _MAX_NAMES
    return ", ".join(groups[:_MAX_NAMES]) + (f" and {others} others" if others > 0 else "")


def too_quick(recordings: Sequence[LabelledRecording], label: str, whose: str) -> str | None:
    """A warning if much of the positive label is in epochs that mostly have another label."""
    samples = lost = 0
    for one in recordings:
        epoch = np.floor(one.at_s / EPOCH_S + 1e-6).astype(np.int64)
        known = np.bincount(epoch[one.label >= 0], minlength=int(epoch[-1]) + 1)
        positive = np.bincount(epoch[one.label == 1], minlength=int(epoch[-1]) + 1)
        samples += int(positive.sum())
        lost += int(positive[2 * positive < known].sum())
    if lost <= _MANY * samples:
        return None
    return (
        f"In {whose}, {lost / samples:.0%} of the samples labelled {label} are in epochs of {EPOCH_S} s that "
        "mostly have another label, and count as not positive: these labels change too quickly "
        "for epochs."
    )


def _lagged_auc(rows: Sequence[LessonRows], values_of: Sequence[Floats], lag: int) -> float:
    """The ROC-AUC, in either direction, of each value for the label `lag` epochs before."""
    truths, values = [], []
    for one, q in zip(rows, values_of, strict=True):
        n = len(q)
        if n <= abs(lag):
            continue
        ahead, behind = q[max(lag, 0) : n + min(lag, 0)], slice(max(-lag, 0), n - max(lag, 0))
        use = one.occupied[behind] & ~np.isnan(ahead)
        truths.append(one.off_task[behind][use])
        values.append(ahead[use])
    truth = np.concatenate([np.empty(0, bool), *truths])
    if truth.size == 0 or truth.all() or not truth.any():
        return 0.5
    area = float(roc_auc_score(truth, np.concatenate(values)))
    return max(area, 1.0 - area)
