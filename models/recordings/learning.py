"""Trees for labelled recordings: each group is judged by trees that have not seen it.

They are of the shipped model's kind (`models.learning.seat_learning.fit_trees`). Everything that is
fitted for a group, including the threshold, comes from its training groups alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.learning.rows import LessonRows
from models.learning.seat_learning import (
    Probability,
    fit_trees,
    labelled,
    matching_threshold,
    predict,
)
from models.learning.workers import map_shared
from models.progress import Progress, silent

__all__ = ["Judged", "has_both", "judge_by_others", "judge_by_training_set"]

_INNER_ROWS: Final = 10_000
"""Maximum rows to find a threshold on."""
_MAX_THRESHOLDS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """One group's probabilities, (epochs, 1) with NaN where not judged, and its positive calls."""

    p: Probability
    called: NDArray[np.bool_]


def judge_by_others(
    rows: Sequence[LessonRows], *, seed: int, progress: Progress = silent
) -> list[Judged]:
    """Judge each group with trees trained on all other groups.

    Up to eight groups have a threshold of their own. More groups share one with every eighth other
    group, and it comes from the groups that do not share it: that takes half of the time.
    """
    size = sum(int(one.counted.sum()) for one in rows)
    parts = min(len(rows), _MAX_THRESHOLDS)
    if not all(has_both(_without(rows, part, parts)) for part in range(parts)):
        parts = len(rows)  # the few groups with one of the classes share a threshold
    tasks = [
        *(_Task(part=part) for part in range(parts)),
        *(_Task(at=at) for at in range(len(rows))),
    ]
    results: list[Any] = []
    for one in map_shared(_run, (rows, parts, seed), tasks, rows=len(rows) * size):
        results.append(one)
        progress("holding out each group", len(results) / len(tasks))
    thresholds, found = results[:parts], results[parts:]
    return [Judged(p=p, called=p >= thresholds[at % parts]) for at, p in enumerate(found)]


def judge_by_training_set(
    rows: Sequence[LessonRows], training: Sequence[LessonRows], *, seed: int
) -> list[Judged]:
    """Judge each group with trees trained on a training set."""
    trees, threshold = fit_trees(training, seed=seed), _threshold(training, seed)
    found = [predict(trees, one) for one in rows]
    return [Judged(p=p, called=p >= threshold) for p in found]


def has_both(rows: Sequence[LessonRows]) -> bool:
    """Whether the judged epochs have both classes."""
    if not rows:
        return False
    _, truth = labelled(rows)
    return bool(truth.any() and not truth.all())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """The threshold of every so many groups from this one on, or a group's probabilities."""

    part: int | None = None
    at: int = 0


def _run(shared: tuple[Sequence[LessonRows], int, int], task: _Task) -> float | Probability:
    """`shared` are the groups, the number of thresholds and the seed."""
    rows, parts, seed = shared
    if task.part is not None:
        return _threshold(_without(rows, task.part, parts), seed)
    others = [*rows[: task.at], *rows[task.at + 1 :]]
    return predict(fit_trees(others, seed=seed), rows[task.at])


def _without(rows: Sequence[LessonRows], part: int, parts: int) -> list[LessonRows]:
    return [one for at, one in enumerate(rows) if at % parts != part]


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
