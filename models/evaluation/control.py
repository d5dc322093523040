"""The control: what a procedure finds when the labels that it learns from mean nothing.

Half of the groups teach and the other half are judged, then the other way round. The labels of the
training side are exchanged between groups; those of the judged side stay true. So a procedure that
sees the truth of what it judges, or makes columns of the labels that it is given, is far from 0.5
even here. A column that held the truth before the exchange is not found: the exchanged labels do
not fit it. If the judged labels
were shuffled too, the result could be 0.5 with any such leak.

By chance, meaningless labels fit a strong feature a little, in one direction or the other, and a
single try is then up to 0.1 from 0.5. So each try is made twice, the second time with each training
label reversed: what chance adds to one it takes from the other, and a leak adds to both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from models.learning.rows import LessonRows, pooled
from models.learning.seat_learning import Probability, fit_trees, folds_of, predict
from models.learning.workers import map_shared
from models.progress import Progress, silent

__all__ = ["Learn", "ShuffledControl", "TreeLearner", "exchanged", "shuffled_control"]

Learn = Callable[[Sequence[LessonRows], Sequence[LessonRows]], list[Probability]]
"""Learns from the first lessons, and returns the probabilities of each of the others."""

Try = tuple[int, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShuffledControl:
    """ROC-AUC with meaningless training labels: the mean, and the lowest and highest single try."""

    roc_auc: float
    lowest: float
    highest: float


def shuffled_control(
    rows: Sequence[LessonRows], learn: Learn, *, seed: int, progress: Progress = silent
) -> ShuffledControl:
    """Judge each half of the groups by what is learned from exchanged labels of the other half.

    `learn` runs in worker processes if there is much to learn from. Raises ValueError with fewer
    than four groups, because each half needs two to exchange labels.
    """
    half_of = folds_of((one.classroom for one in rows), 2)
    if len(half_of) < 4:
        raise ValueError("at least four groups are needed to exchange labels between them")
    tries: list[Try] = [(half, is_reversed) for half in (0, 1) for is_reversed in (False, True)]
    size = len(tries) * sum(int(one.counted.sum()) for one in rows) // 2
    light = [replace(one, features=()) for one in rows]
    areas = []
    for area in map_shared(_try, (light, half_of, learn, seed), tries, rows=size):
        areas.append(area)
        progress("learning from shuffled labels", len(areas) / len(tries))
    return ShuffledControl(roc_auc=float(np.mean(areas)), lowest=min(areas), highest=max(areas))


def _try(shared: tuple[Sequence[LessonRows], dict[str, int], Learn, int], at: Try) -> float:
    rows, half_of, learn, seed = shared
    half, is_reversed = at
    judged = [one for one in rows if half_of[one.classroom] == half]
    training = exchanged(
        [one for one in rows if half_of[one.classroom] != half], np.random.default_rng((seed, half))
    )
    if is_reversed:
        training = [_reversed(one) for one in training]
    return float(roc_auc_score(*pooled(judged, learn(training, judged))))


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeLearner:
    """Learns trees of the shipped model's kind."""

    seed: int
    max_rows: int

    def __call__(
        self, training: Sequence[LessonRows], judged: Sequence[LessonRows]
    ) -> list[Probability]:
        trees = fit_trees(training, seed=self.seed, max_rows=self.max_rows)
        return [predict(trees, one) for one in judged]


def exchanged(rows: Sequence[LessonRows], rng: np.random.Generator) -> list[LessonRows]:
    """The same lessons, each with the labels of another group's lesson.

    Each seat gets the labels of some seat there, from a random moment on. So the labels come in
    bouts as before, but they fit neither the movement nor the group nor the time.
    """
    names = rng.permutation(sorted({one.classroom for one in rows})).tolist()
    donor = dict(zip(names, [*names[1:], names[0]], strict=True))
    lessons: dict[str, list[LessonRows]] = {}
    for one in rows:
        lessons.setdefault(one.classroom, []).append(one)
    found = []
    for one in rows:
        others = lessons[donor[one.classroom]]
        other = others[int(rng.integers(len(others)))]
        found.append(_with_labels_of(one, other, rng))
    return found


def _reversed(one: LessonRows) -> LessonRows:
    return replace(one, off_task=~one.off_task & one.occupied, truth=1.0 - one.truth)


def _with_labels_of(one: LessonRows, other: LessonRows, rng: np.random.Generator) -> LessonRows:
    epochs, seats = one.off_task.shape
    taken = [seat for seat in range(other.off_task.shape[1]) if other.occupied[:, seat].any()]
    off_task: NDArray[np.bool_] = np.zeros((epochs, seats), np.bool_)
    truth = np.full((epochs, seats), np.nan)
    for seat in range(seats):
        if not taken:
            break
        source = int(rng.choice(taken))
        there = np.flatnonzero(other.occupied[:, source])
        chosen = np.resize(np.roll(there, int(rng.integers(len(there)))), epochs)
        off_task[:, seat] = other.off_task[chosen, source]
        truth[:, seat] = other.truth[chosen, source]
    return replace(
        one, off_task=off_task & one.occupied, truth=np.where(one.occupied, truth, np.nan)
    )
