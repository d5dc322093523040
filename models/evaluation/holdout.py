"""Judges a finished model on classrooms that it has not seen; nothing is refitted.

In addition to the figures of `evaluate`: the loss if one reading in five is missing, whether lively
pupils get more false positives than others, the control with shuffled labels, and the result on
classrooms from another generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from contract.lesson import LabelledLesson
from models.evaluation.ceiling import with_activity
from models.evaluation.control import TreeLearner, shuffled_control
from models.evaluation.evaluate import Evaluation, evaluate_rows
from models.learning.rows import LessonRows, lesson_rows, pooled
from models.learning.seat_learning import (
    Probability,
    fit_trees,
    matching_threshold,
    out_of_fold,
    predict,
)
from models.learning.workers import map_shared
from models.progress import Progress, silent
from models.serving.manifest import Calibration
from models.serving.off_task import OffTaskModel

__all__ = ["Drawn", "judge", "probabilities", "robustness", "roc_auc"]

_FOLDS: Final = 5
_LOST: Final = 0.2
_FEW: Final = 12
"""Number of lessons for an additional figure: enough for two digits."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """A simulated lesson with what only a simulator knows.

    `rows` are the lesson's rows, `known` those of the ceiling's oracle. `very_lively` says for each
    seat whether its pupil moves far more than others.
    """

    lesson: LabelledLesson
    rows: LessonRows
    known: LessonRows
    very_lively: NDArray[np.bool_]


def judge(
    model: OffTaskModel,
    rows: Sequence[LessonRows],
    known: Sequence[LessonRows],
    *,
    source: str,
    progress: Progress = silent,
) -> Evaluation:
    """The figures of a model as it is. The ceiling's oracle learns on these classrooms, with five
    groups held out in turn.
    """
    manifest = model.manifest
    return evaluate_rows(
        rows,
        seed=manifest.seed,
        source=source,
        known=known,
        folds=_FOLDS,
        raw=probabilities(model, rows),
        fitted=replace(manifest, calibration=Calibration()),  # `raw` is calibrated already
        judged=f"new to model {model.version}",
        progress=progress,
    )


def probabilities(model: OffTaskModel, rows: Sequence[LessonRows]) -> list[Probability]:
    """Calibrated probabilities of each lesson, (epochs, seats), NaN where not judged."""
    result = []
    for one in rows:
        p = np.full(one.judged.shape, np.nan)
        p[one.judged] = model.probability(one.values[one.judged])
        result.append(p)
    return result


def roc_auc(rows: Sequence[LessonRows], p: Sequence[Probability]) -> float:
    """ROC-AUC over all judged epochs of occupied seats."""
    return float(roc_auc_score(*pooled(rows, p)))


def robustness(
    model: OffTaskModel,
    drawn: Sequence[Drawn],
    others: Sequence[Drawn],
    *,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Additional figures by name; `others` are classrooms of the second generator."""
    progress("judging with readings lost", 0.0)
    rows = [one.rows for one in drawn]
    few = rows[:_FEW]
    p = probabilities(model, rows)
    whole = roc_auc(few, p[:_FEW])
    lossy = [lesson_rows(_lossy(one.lesson, at)) for at, one in enumerate(drawn[:_FEW])]
    figures: dict[str, Any] = {
        "lost_readings": {
            "lost": _LOST,
            "roc_auc": (with_loss := roc_auc(lossy, probabilities(model, lossy))),
            "roc_auc_loss": whole - with_loss,
        },
        "lively_pupils_false_positives": _lively_ratio(drawn, rows, p),
    }
    learner = TreeLearner(seed=model.manifest.seed, max_rows=20_000)
    figures["shuffled_labels"] = asdict(shuffled_control(few, learner, seed=1, progress=progress))
    progress("learning with the declared activity", 0.0)
    figures["declared_activity"] = _declared_activity(rows[: 2 * _FEW], model.manifest.seed)
    if others:
        far, oracle = [one.rows for one in others], [one.known for one in others]
        figures["second_generator"] = {
            "classrooms": len(others),
            "roc_auc": (model_auc := roc_auc(far, probabilities(model, far))),
            "ceiling": (best := _ceiling_auc(oracle, progress)),
            "below_ceiling": best - model_auc,
        }
    return figures


def _ceiling_auc(oracle: Sequence[LessonRows], progress: Progress) -> float:
    return roc_auc(oracle, out_of_fold(oracle, seed=1, folds=_FOLDS, progress=progress))


def _lossy(lesson: LabelledLesson, seed: int) -> LabelledLesson:
    seat = lesson.seat.copy()
    seat[np.random.default_rng(seed).random(seat.shape[:2]) < _LOST] = np.nan
    return replace(lesson, seat=seat)


def _lively_ratio(
    drawn: Sequence[Drawn], rows: Sequence[LessonRows], p: Sequence[Probability]
) -> dict[str, float | None]:
    """False positive rates of very lively pupils and of others, and their ratio.

    The threshold calls as many epochs off task as truly are.
    """
    threshold = matching_threshold(rows, p)
    counts = np.zeros((2, 2))
    for one, row, q in zip(drawn, rows, p, strict=True):
        on_task = row.counted & ~row.off_task
        for at, who in enumerate((one.very_lively, ~one.very_lively)):
            mine = on_task & who
            counts[at] += (q[mine] >= threshold).sum(), mine.sum()
    lively, rest = (float(false / n) if n else None for false, n in counts)
    ratio = lively / rest if lively is not None and rest else None
    return {"very_lively": lively, "others": rest, "ratio": ratio}


def _declared_activity(rows: Sequence[LessonRows], seed: int) -> dict[str, float]:
    """ROC-AUC without and with the activity that the teacher declared.

    The model does not use it, as not every teacher declares it.
    """
    light = [replace(one, features=()) for one in rows]
    size = 2 * sum(int(one.counted.sum()) for one in light)
    without, with_it = map_shared(_declared_auc, (light, seed), (False, True), rows=size)
    return {"roc_auc_without": without, "roc_auc_with": with_it}


def _declared_auc(shared: tuple[Sequence[LessonRows], int], is_declared: bool) -> float:  # noqa: FBT001  # the item of a map
    """ROC-AUC on half of these lessons, of trees trained on the other half."""
    lessons, seed = shared
    if is_declared:
        lessons = [with_activity(one) for one in lessons]
    half = len(lessons) // 2
    trees = fit_trees(lessons[:half], seed=seed, max_rows=60_000)
    return roc_auc(lessons[half:], [predict(trees, one) for one in lessons[half:]])
