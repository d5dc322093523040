"""Which features matter: families of features are shuffled in turn, or left out of the training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from sklearn.metrics import roc_auc_score

from models.evaluation.ceiling import with_activity
from models.evaluation.holdout import roc_auc
from models.features.seat_features import FEATURES
from models.learning.rows import LessonRows, pooled
from models.learning.seat_learning import out_of_fold
from models.serving.off_task import OffTaskModel

__all__ = ["FAMILIES", "ablation", "importance"]

_PREFIXES: Final[Mapping[str, tuple[str, ...]]] = {
    "noise": ("noise", "onsets"),
    "minute of the lesson": ("minutes",),
    "zone and room": ("zone_", "room_", "own_minus_room", "together"),
    "single movements and tilt": ("wiggle", "tilt"),
    "stillness": ("still",),
    "busy seconds": ("busy",),
    "over the quietest": (
        "over_quiet", "jerk_over_quiet", "band_1_3_over_quiet", "band_3_6_over_quiet",
        "band_6_12_over_quiet", "normal_over_quiet", "major_over_quiet", "band_3_6_lowest",
        "jerk_lowest", "motion_highest",
    ),
    "shape of the movement": (
        "major_over_minor", "jerk_over_motion", "low_over_motion", "middle_over_motion", "spread",
    ),
    "levels against the normal": ("",),
}  # fmt: skip


def _families() -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {name: [] for name in _PREFIXES}
    for at, feature in enumerate(FEATURES):
        family = next(name for name, starts in _PREFIXES.items() if feature.startswith(starts))
        found[family].append(at)
    return {name: tuple(columns) for name, columns in found.items()}


FAMILIES: Final = _families()
"""The columns of each family of features, by its name; each feature belongs to one family."""


def importance(model: OffTaskModel, rows: Sequence[LessonRows], *, seed: int) -> dict[str, float]:
    """How much ROC-AUC falls when a family's values are shuffled among all epochs."""
    rng = np.random.default_rng(seed)
    truth, values = pooled(rows, [one.values for one in rows])
    step = max(1, len(values) // 60_000)
    values, truth = values[::step], truth[::step]
    whole = roc_auc_score(truth, model.probability(values))
    falls = {}
    for name, columns in FAMILIES.items():
        shuffled = values.copy()
        shuffled[:, columns] = values[rng.permutation(len(values))][:, columns]
        falls[name] = float(whole - roc_auc_score(truth, model.probability(shuffled)))
    return dict(sorted(falls.items(), key=lambda item: -item[1]))


def ablation(rows: Sequence[LessonRows], *, seed: int, folds: int = 2) -> dict[str, float]:
    """ROC-AUC on held-out classrooms: with all features, without each family, and with the activity
    that the teacher declared.
    """
    areas = {"all": roc_auc(rows, out_of_fold(rows, seed=seed, folds=folds))}
    for name, columns in FAMILIES.items():
        kept = [at for at in range(len(FEATURES)) if at not in columns]
        less = [replace(one, values=one.values[:, :, kept]) for one in rows]
        areas[f"without {name}"] = roc_auc(less, out_of_fold(less, seed=seed, folds=folds))
    more = [with_activity(one) for one in rows]
    areas["with the declared activity"] = roc_auc(more, out_of_fold(more, seed=seed, folds=folds))
    return areas
