"""The figures that describe how good a model is, from its results and the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    roc_auc_score,
)

from models.evaluation.observers import agreement
from models.learning.alert_learning import AreaStream, Span, judge_alerts

__all__ = ["Figures", "alert_figures", "seat_figures"]

_BINS: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One model's figures. A figure is None if it can't be computed, such as the precision of no
    alerts.

    `kappa_observer` is Cohen's kappa with the truth, at the threshold that calls as many epochs off
    task as there are in the other classrooms. `balanced_accuracy` is at the base rate.
    `interval_coverage` is the share of the room's epochs whose true off-task share lies in the
    interval (0.90 if the interval is right); `interval_coverage_zones` is the same for zones.
    `share_error_low` and `share_error_high` are the error of the room's mean share over a lesson
    (estimated minus true), in the third of lessons with the lowest and with the highest true share.
    `zone_error_low` and `zone_error_high` are the same for zones; `..._before` are the errors
    before the level was corrected. The `alert` and `delay` figures compare the room's alerts with
    its episodes. The `moment` figures are about the stretches found in the room after the lesson;
    "stretch" in a name means that livelier stretches take the place of episodes.
    """

    roc_auc: float | None
    pr_auc: float | None
    base_rate: float
    kappa_observer: float
    balanced_accuracy: float
    accuracy: float
    ece: float
    brier_skill: float
    interval_coverage: float | None = None
    interval_coverage_zones: float | None = None
    share_error_low: float | None = None
    share_error_high: float | None = None
    share_error_low_before: float | None = None
    share_error_high_before: float | None = None
    zone_error_low: float | None = None
    zone_error_high: float | None = None
    zone_error_low_before: float | None = None
    zone_error_high_before: float | None = None
    alert_precision: float | None = None
    alert_recall: float | None = None
    false_alerts_per_lesson: float = 0.0
    alerts: int = 0
    episodes: int = 0
    delay_median_s: float | None = None
    delay_p90_s: float | None = None
    alert_stretch_precision: float | None = None
    moments_per_lesson: float | None = None
    moment_precision: float | None = None
    moment_recall: float | None = None
    moment_stretch_precision: float | None = None
    moment_stretch_recall: float | None = None


def seat_figures(
    truth: NDArray[np.bool_],
    p: NDArray[np.float64],
    called: NDArray[np.bool_],
    high: NDArray[np.bool_],
) -> Figures:
    """The figures that need only seats: each seat epoch's truth, its probability, whether it is
    called off task, and whether it exceeds the base rate.
    """
    base = float(truth.mean())
    both = 0.0 < base < 1.0
    bins = np.minimum((p * _BINS).astype(int), _BINS - 1)
    count = np.bincount(bins, minlength=_BINS)
    gaps = np.abs(np.bincount(bins, p, _BINS) - np.bincount(bins, truth, _BINS))
    brier = float(np.mean((p - truth) ** 2))
    return Figures(
        roc_auc=float(roc_auc_score(truth, p)) if both else None,
        pr_auc=float(average_precision_score(truth, p)) if both else None,
        base_rate=base,
        kappa_observer=agreement(truth, called),
        balanced_accuracy=float(balanced_accuracy_score(truth, high)),
        accuracy=float(np.mean(called == truth)),
        ece=float(gaps.sum() / count.sum()),
        # Rounded, and never minus zero.
        brier_skill=round(1.0 - brier / (base * (1.0 - base)), 12) + 0.0 if both else 0.0,
    )


def alert_figures(spans: Sequence[Sequence[Span]], rooms: Sequence[AreaStream]) -> dict[str, Any]:
    """Figures of each room's alerts, compared with its episodes and its livelier stretches."""
    raised = sum(len(one) for one in spans)
    true = lively = missed = 0
    delays: list[int] = []
    for alerts, room in zip(spans, rooms, strict=True):
        right, late, lost = judge_alerts(alerts, room.episodes)
        true, missed, delays = true + right, missed + lost, delays + late
        lively += judge_alerts(alerts, room.stretches)[0]
    there = len(delays) + missed
    return {
        "alert_precision": true / raised if raised else None,
        "alert_recall": len(delays) / there if there else None,
        "false_alerts_per_lesson": (raised - true) / len(spans),
        "alerts": raised,
        "episodes": there,
        "delay_median_s": float(np.median(delays)) if delays else None,
        "delay_p90_s": float(np.quantile(delays, 0.9)) if delays else None,
        "alert_stretch_precision": lively / raised if raised else None,
    }
