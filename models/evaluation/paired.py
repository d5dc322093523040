"""Compares two rankings by classroom: the mean difference of their ROC-AUC, with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from sklearn.metrics import roc_auc_score

from models.evaluation.agreement import ends_of
from models.learning.rows import LessonRows, pooled
from models.learning.seat_learning import Probability

__all__ = ["ClassroomDifference", "classroom_difference"]

_DRAWS: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassroomDifference:
    """The mean by classroom of one ROC-AUC minus another, and its 95 % interval over classrooms
    drawn with replacement.
    """

    value: float
    ends: tuple[float, float]

    @property
    def text(self) -> str:
        low, high = self.ends
        return f"{self.value:+.4f} ({low:+.4f} to {high:+.4f})"


def classroom_difference(
    rows: Sequence[LessonRows], first: Sequence[Probability], second: Sequence[Probability]
) -> ClassroomDifference | None:
    """`first` minus `second`; None if fewer than two classrooms have both classes."""
    differences = []
    for classroom in sorted({one.classroom for one in rows}):
        mine = [at for at, one in enumerate(rows) if one.classroom == classroom]
        lessons = [rows[at] for at in mine]
        truth, ours = pooled(lessons, [first[at] for at in mine])
        _, theirs = pooled(lessons, [second[at] for at in mine])
        if truth.any() and not truth.all():
            differences.append(roc_auc_score(truth, ours) - roc_auc_score(truth, theirs))
    known = np.array(differences)
    if len(known) < 2:
        return None
    drawn = np.random.default_rng(1).choice(known, size=(_DRAWS, len(known))).mean(axis=1)
    ends = ends_of(drawn, len(known))
    return None if ends is None else ClassroomDifference(value=float(known.mean()), ends=ends)
