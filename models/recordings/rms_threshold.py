"""The rule that a model must beat: a threshold on the movement's level, learned from the same groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from models.learning.rows import LessonRows, pooled
from models.learning.seat_learning import Probability, matching_threshold
from models.recordings.report import FIGURES, Difference

__all__ = ["comparison_notes", "movement_levels", "threshold_rule"]


def movement_levels(rows: Sequence[LessonRows]) -> list[Probability]:
    """Each group's movement level, NaN where it is not judged."""
    return [np.where(one.judged, one.truth, np.nan) for one in rows]


def threshold_rule(
    levels: Sequence[Probability], trained_rows: Sequence[Sequence[LessonRows]]
) -> tuple[list[Probability], list[NDArray[np.bool_]]]:
    """Rank and call epochs by more movement, or by less if the training rows show that."""
    ranks, called = [], []
    for level, seen in zip(levels, trained_rows, strict=True):
        seen_levels = movement_levels(seen)
        sign = 1.0 if roc_auc_score(*pooled(seen, seen_levels)) >= 0.5 else -1.0
        ranks.append(sign * level)
        threshold = matching_threshold(seen, [sign * one for one in seen_levels])
        called.append(sign * level >= threshold)
    return ranks, called


def comparison_notes(over_threshold: Mapping[str, Difference]) -> list[str]:
    """A note for the figures by which the model is not clearly above the threshold, one for those
    by which it is clearly below; or one if there is no interval.
    """
    unclear: list[str] = []
    below: list[str] = []
    for key, name in FIGURES.items():
        ends = over_threshold[key].ci
        if ends is not None and ends[0] <= 0.0:
            (below if ends[1] < 0.0 else unclear).append(name)
    notes = []
    if below:
        notes.append(
            f"The threshold on the RMS is better than the model by {_listed(below)}: the 95 % "
            "interval of model minus threshold is below 0."
        )
    if unclear:
        notes.append(
            f"The model is not clearly better than the threshold on the RMS by {_listed(unclear)}: "
            "the 95 % interval of model minus threshold includes 0."
        )
    if all(one.ci is None for one in over_threshold.values()):
        notes.append(
            "Without an interval it is not known whether the model is better than the threshold on "
            "the RMS."
        )
    return notes


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
