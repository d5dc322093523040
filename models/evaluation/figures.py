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
    cohen_kappa_score,
    roc_auc_score,
)

from models.learning.alert_learning import Span, judge_alerts

__all__ = ["Figures", "alert_figures", "error_by_third", "seat_figures", "share_of"]

_BINS: Final = 15
_MIN_AREAS: Final = 6


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
    interval_coverage: float | None
    interval_coverage_zones: float | None
    share_error_low: float | None
    share_error_high: float | None
    share_error_low_before: float | None
    share_error_high_before: float | None
    zone_error_low: float | None
    zone_error_high: float | None
    zone_error_low_before: float | None
    zone_error_high_before: float | None
    alert_precision: float | None
    alert_recall: float | None
    false_alerts_per_lesson: float
    alerts: int
    episodes: int
    delay_median_s: float | None
    delay_p90_s: float | None
    alert_stretch_precision: float | None
    moments_per_lesson: float | None
    moment_precision: float | None
    moment_recall: float | None
    moment_stretch_precision: float | None
    moment_stretch_recall: float | None


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
        kappa_observer=float(np.nan_to_num(cohen_kappa_score(truth, called))),
        balanced_accuracy=float(balanced_accuracy_score(truth, high)),
        accuracy=float(np.mean(called == truth)),
        ece=float(gaps.sum() / count.sum()),
        # Rounded, and never minus zero.
        brier_skill=round(1.0 - brier / (base * (1.0 - base)), 12) + 0.0 if both else 0.0,
        interval_coverage=None, interval_coverage_zones=None,
        share_error_low=None, share_error_high=None,
        share_error_low_before=None, share_error_high_before=None,
        zone_error_low=None, zone_error_high=None,
        zone_error_low_before=None, zone_error_high_before=None,
        alert_precision=None, alert_recall=None,
        false_alerts_per_lesson=0.0, alerts=0, episodes=0,
        delay_median_s=None, delay_p90_s=None, alert_stretch_precision=None,
        moments_per_lesson=None, moment_precision=None, moment_recall=None,
        moment_stretch_precision=None, moment_stretch_recall=None,
    )  # fmt: skip


def error_by_third(means: Sequence[tuple[float, float]]) -> tuple[float | None, float | None]:
    """The mean error of (estimated, true) pairs, in the third with the lowest and in the third with
    the highest true value.
    """
    if len(means) < _MIN_AREAS:
        return None, None
    pairs = np.array(sorted(means, key=lambda pair: pair[1]))
    error, third = pairs[:, 0] - pairs[:, 1], len(pairs) // 3
    return float(error[:third].mean()), float(error[-third:].mean())


def share_of(flags: Sequence[NDArray[np.bool_]]) -> float | None:
    """The share of these flags that are set; None if there are none."""
    total = sum(one.size for one in flags)
    return sum(int(one.sum()) for one in flags) / total if total else None


def alert_figures(
    spans: Sequence[Sequence[Span]],
    episodes: Sequence[Sequence[Span]],
    stretches: Sequence[Sequence[Span]],
) -> dict[str, Any]:
    """Figures of alerts, from each lesson's alerts and true episodes and stretches."""
    raised = sum(len(one) for one in spans)
    true = missed = 0
    delays: list[int] = []
    for alerts, happened in zip(spans, episodes, strict=True):
        right, late, lost = judge_alerts(alerts, happened)
        true, missed, delays = true + right, missed + lost, delays + late
    there = len(delays) + missed
    lively = sum(judge_alerts(*one)[0] for one in zip(spans, stretches, strict=True))
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
