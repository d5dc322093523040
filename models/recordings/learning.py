"""Trees for labelled recordings: each group judged by trees that never saw it, and called by them.

They are of the shipped model's kind (`models.learning.seat_learning.fit_trees`). Whatever is fitted for a group,
the threshold as well, comes from its teachers alone.
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
from models.learning.workers import worker_pool
from models.recordings.report import Progress, silent

__all__ = ["Judged", "has_both", "judge_by_others", "judge_by_teachers"]

_INNER_ROWS: Final = 10_000
"""What a threshold is found on, at most."""
_WORTH_PROCESSES: Final = 100_000
"""Rows to learn from, over all groups, from which on starting processes pays."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """One group's probabilities, (epochs, 1) with NaN where not judged, and what is called."""

    p: Probability
    called: NDArray[np.bool_]


def judge_by_others(
    rows: Sequence[LessonRows], *, seed: int, progress: Progress = silent
) -> list[Judged]:
    """Each group by trees that learned from all the other groups."""
    data = _Groups(rows=tuple(rows), seed=seed)
    size = sum(labelled([one])[1].size for one in rows)
    workers = min(len(rows), os.cpu_count() or 1)
    if workers == 1 or len(rows) * size < _WORTH_PROCESSES:
        return [_told(progress, at, len(rows), data.judge(at)) for at in range(len(rows))]
    # Processes: in threads, scikit-learn's fits take each other's warning filters away.
    with worker_pool(workers, _give, data) as pool:
        told = pool.map(_judge, range(len(rows)))
        return [_told(progress, at, len(rows), one) for at, one in enumerate(told)]


def judge_by_teachers(
    rows: Sequence[LessonRows], teachers: Sequence[LessonRows], *, seed: int
) -> list[Judged]:
    """Each group by trees that learned from a training set."""
    trees, threshold = fit_trees(teachers, seed=seed), _threshold(teachers, seed)
    return [_judged(trees, threshold, one) for one in rows]


def has_both(rows: Sequence[LessonRows]) -> bool:
    """Whether both classes are among what can be judged."""
    if not rows:
        return False
    _, truth = labelled(rows)
    return bool(truth.any() and not truth.all())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Groups:
    """All that a process needs to put one group aside."""

    rows: tuple[LessonRows, ...]
    seed: int

    def judge(self, at: int) -> Judged:
        others = [one for other, one in enumerate(self.rows) if other != at]
        trees = fit_trees(others, seed=self.seed)
        return _judged(trees, _threshold(others, self.seed), self.rows[at])


_GIVEN: list[_Groups] = []
"""What this process was started with; empty in the one that started it."""


def _give(data: _Groups) -> None:
    _GIVEN.append(data)


def _judge(at: int) -> Judged:
    return _GIVEN[0].judge(at)


def _told(progress: Progress, at: int, groups: int, one: Judged) -> Judged:
    progress("putting each group aside", (at + 1) / groups)
    return one


def _judged(trees: HistGradientBoostingClassifier, threshold: float, one: LessonRows) -> Judged:
    p = predict(trees, one)
    return Judged(p=p, called=p >= threshold)


def _threshold(teachers: Sequence[LessonRows], seed: int) -> float:
    """The probability that as many of the teachers' epochs pass as are positive.

    Trees are too sure of what they learned, so each half of the teachers is judged by the other.
    """
    parts = teachers if len(teachers) > 1 else _halves(teachers[0])
    halves = [parts[::2], parts[1::2]]
    seen: list[LessonRows] = []
    values: list[Probability] = []
    for half, other in (halves, halves[::-1]):
        if has_both(other):
            trees = fit_trees(other, seed=seed, most_rows=_INNER_ROWS)
            seen += half
            values += [predict(trees, one) for one in half]
    if not has_both(seen):
        trees = fit_trees(teachers, seed=seed, most_rows=_INNER_ROWS)
        seen, values = list(teachers), [predict(trees, one) for one in teachers]
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
