"""Alternatives to the alert policy: precision, recall and delay by threshold and waiting time.

The policy in use is one point of the curve. The ceiling and the true share are judged as well, each
with the estimate from the same training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, Final

from models.evaluation.figures import alert_figures
from models.evaluation.holdout import probabilities
from models.learning.alert_learning import AreaStream, area_streams, raised_spans, true_share_stream
from models.learning.rows import LessonRows
from models.learning.seat_learning import (
    fit_shares,
    out_of_fold,
)
from models.serving.alerts import AlertPolicy
from models.serving.off_task import OffTaskModel

__all__ = ["THRESHOLDS", "alert_curve", "curve_streams"]

THRESHOLDS: Final = (0.1, 0.2, 0.3, 0.45, 0.6, 0.8)
_WAITS: Final = (1, 3, 6)
"""Number of epochs for which the estimate has to stay above the threshold."""
_FOLDS: Final = 5


def curve_streams(
    model: OffTaskModel, rows: Sequence[LessonRows], known: Sequence[LessonRows]
) -> dict[str, tuple[list[AreaStream], AlertPolicy]]:
    """The rooms' streams from the model, the ceiling and the true share, each with its policy."""
    manifest = model.manifest
    p = probabilities(model, rows)
    raw = out_of_fold(known, seed=manifest.seed, folds=_FOLDS)
    calibration, bias, interval = fit_shares(known, raw)
    model_rooms = [
        area_streams(*pair, manifest.interval, manifest.bias, zones=False)[0]
        for pair in zip(rows, p, strict=True)
    ]
    best_rooms = [
        area_streams(one, calibration.apply(q), interval, bias, zones=False)[0]
        for one, q in zip(known, raw, strict=True)
    ]
    true_rooms = [true_share_stream(*pair) for pair in zip(rows, p, strict=True)]
    return {
        "model": (model_rooms, manifest.room_alerts),
        "ceiling": (best_rooms, manifest.limits["ceiling"]),
        "true share": (true_rooms, manifest.limits["true_share"]),
    }


def alert_curve(
    seen: Mapping[str, tuple[Sequence[AreaStream], AlertPolicy]],
) -> list[dict[str, Any]]:
    """One line per source, threshold and wait; each source's first line is the policy in use."""
    lines = []
    for who, (rooms, policy) in seen.items():
        others = [
            replace(policy, raise_above=above, clear_below=above / 2.0, raise_after=wait)
            for wait, above in product(_WAITS, THRESHOLDS)
        ]
        for one in (policy, *others):
            figures = alert_figures([raised_spans(room, one) for room in rooms], rooms)
            setting = {"raise_above": one.raise_above, "raise_after": one.raise_after}
            lines.append({"who": who, "serves": one is policy, **setting, **figures})
    return lines
