"""Trees for labelled recordings: each group is judged by trees that have not seen it.

They are of the shipped model's kind (`models.learning.seat_learning.fit_trees`). Everything that is
fitted for a group, including the threshold, comes from its training groups alone.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from models.learning.rows import LessonRows
from models.learning.seat_learning import (
    Probability,
    fit_trees,
    labelled,
    matching_threshold,
    predict,
)
from models.learning.workers import map_shared
from models.recordings.report import Progress, silent

__all__ = ["Judged", "has_both", "judge_by_others", "judge_by_training_set"]

_INNER_ROWS: Final = 10_000
"""Maximum rows to find a threshold on."""
_WORTH_PROCESSES: Final = 100_000
"""From this number of training rows, over all groups, worker processes save time."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """One group's probabilities, (epochs, 1) with NaN where not judged, and its positive calls."""

    p: Probability
    called: NDArray[np.bool_]


def judge_by_others(
    rows: Sequence[LessonRows], *, seed: int, progress: Progress = silent
) -> list[Judged]:
    """Judge each group with trees trained on all other groups."""
    data = _Groups(rows=tuple(rows), seed=seed)
    size = sum(labelled([one])[1].size for one in rows)
    workers = min(len(rows), os.cpu_count() or 1)
    if workers == 1 or len(rows) * size < _WORTH_PROCESSES:
        return [_with_progress(progress, at, len(rows), data.judge(at)) for at in range(len(rows))]
    # Processes, not threads: scikit-learn's fits would reset each other's warning filters.
    results = map_shared(_Groups.judge, data, range(len(rows)), max_workers=workers)
    return [_with_progress(progress, at, len(rows), one) for at, one in enumerate(results)]


def judge_by_training_set(
    rows: Sequence[LessonRows], training: Sequence[LessonRows], *, seed: int
) -> list[Judged]:
    """Judge each group with trees trained on a training set."""
    trees, threshold = fit_trees(training, seed=seed), _threshold(training, seed)
    return [_judged(trees, threshold, one) for one in rows]


def has_both(rows: Sequence[LessonRows]) -> bool:
    """Whether the judged epochs have both classes."""
    if not rows:
        return False
    _, truth = labelled(rows)
    return bool(truth.any() and not truth.all())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Groups:
    """Everything that a process needs to hold out one group."""

    rows: tuple[LessonRows, ...]
    seed: int

    def judge(self, at: int) -> Judged:
        others = [one for other, one in enumerate(self.rows) if other != at]
        trees = fit_trees(others, seed=self.seed)
        return _judged(trees, _threshold(others, self.seed), self.rows[at])


def _with_progress(progress: Progress, at: int, groups: int, one: Judged) -> Judged:
    progress("holding out each group", (at + 1) / groups)
    return one


def _judged(trees: HistGradientBoostingClassifier, threshold: float, one: LessonRows) -> Judged:
    p = predict(trees, one)
    return Judged(p=p, called=p >= threshold)


def _threshold(training: Sequence[LessonRows], seed: int) -> float:
    """The threshold that as many of the training epochs exceed as are positive.

    Trees are too confident on their training rows, so each half is judged by trees of the other.
    """
    parts = training if len(training) > 1 else _halves(training[0])
    halves = [parts[::2], parts[1::2]]
    seen: list[LessonRows] = []
    values: list[Probability] = []
    for half, other in (halves, halves[::-1]):
        if has_both(other):
            trees = fit_trees(other, seed=seed, max_rows=_INNER_ROWS)
            seen += half
            values += [predict(trees, one) for one in half]
    if not has_both(seen):
        trees = fit_trees(training, seed=seed, max_rows=_INNER_ROWS)
        seen, values = list(training), [predict(trees, one) for one in training]
    return matching_threshold(seen, values)


def _halves(one: LessonRows) -> list[LessonRows]:
    middle = len(one.values) // 2
    return [
        replace(
            one,
            values=one.values[part],
            judged=one.judged[part],
            off_task=one.off_task[part],
            occupied=one.occupied[part],
            truth=one.truth[part],
        )
        for part in (slice(None, middle), slice(middle, None))
    ]
