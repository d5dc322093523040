"""Learns from labelled groups what separates the positive epochs of groups that it has not seen.

What is learned (`models.recordings.learners`) is chosen on the training groups (`.choice`).
Everything that is fitted for a group, the choice and the threshold as well, comes from its training
groups alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.learning.rows import LessonRows
from models.learning.seat_learning import Probability, labelled
from models.learning.workers import map_shared
from models.progress import Progress, silent
from models.recordings.choice import choose
from models.recordings.learners import LEARNERS, Examples, Fitted

__all__ = [
    "Judged",
    "Learned",
    "examples_of",
    "has_both",
    "held_out_together",
    "judge_by_others",
    "judge_by_training_set",
    "learn",
    "thinned",
]  # fmt: skip

_MAX_ROWS: Final = 6_000
"""Neighbouring epochs share most of their seconds, so more rows of a group add little."""
_INNER_ROWS: Final = 2_500
_INNER_FOLDS: Final = 3
_MAX_PARTS: Final = 8

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """One group's probabilities, (epochs, 1) with NaN where not judged, and its positive calls.

    `learner` is what was learned from the others: a name in `models.recordings.learners`; `p` is
    computed from its `scores` by `slope` and `start`.
    """

    p: Probability
    called: NDArray[np.bool_]
    learner: str
    scores: Probability
    slope: float
    start: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learned:
    """What was learned from training groups.

    A probability is 1 / (1 + exp(-slope · score - start)), as if half of the epochs were positive: so
    those of different learners, and of training groups with more or fewer positives, can be pooled.
    From `threshold` on, as many of the training epochs are called positive as are.
    """

    learner: str
    fitted: Fitted
    slope: float
    start: float
    threshold: float

    def judge(self, rows: LessonRows) -> Judged:
        scores = np.full(rows.judged.shape, np.nan)
        if rows.judged.any():
            values, level = rows.values[rows.judged], rows.truth[rows.judged]
            scores[rows.judged] = self.fitted.scores(values, level)
        p = _logistic(self.slope * scores + self.start)
        return Judged(
            p=p, called=p >= self.threshold, learner=self.learner, scores=scores,
            slope=self.slope, start=self.start,
        )  # fmt: skip


def learn(training: Sequence[LessonRows], *, seed: int) -> Learned:
    """Choose a learner and fit it; raises ValueError if there is only one class."""
    examples = examples_of(training)
    if not examples.has_both:
        raise ValueError("the groups have only one class, so nothing can be learned from them")
    seen, scores = _out_of_group(examples, seed)
    name = choose(scores, seen.truth, seen.group)
    line = LogisticRegression(C=1.0, class_weight="balanced")
    line.fit(scores[name][:, None], seen.truth)
    slope, start = max(float(line.coef_[0, 0]), 1e-3), float(line.intercept_[0])
    p = _logistic(slope * scores[name] + start)
    return Learned(
        learner=name,
        fitted=LEARNERS[name](thinned(examples), seed),
        slope=slope,
        start=start,
        threshold=float(np.quantile(p, 1.0 - float(seen.truth.mean()))),
    )


def judge_by_others(
    groups: Sequence[LessonRows], *, seed: int, progress: Progress = silent
) -> list[Judged]:
    """Judge each group by what was learned from other groups.

    Up to eight groups are held out one by one. With more, every eighth is held out together with
    the first, and so on, because each time costs a choice and a fit.
    """
    parts = held_out_together(groups)
    size = sum(int(one.counted.sum()) for one in groups)
    results = map_shared(_judge_part, (groups, seed), parts, rows=len(parts) * size)
    found: dict[int, Judged] = {}
    for done, (part, judged) in enumerate(zip(parts, results, strict=True), 1):
        found |= zip(part, judged, strict=True)
        progress("holding out each group", done / len(parts))
    return _on_one_scale([found[at] for at in range(len(groups))])


def judge_by_training_set(
    rows: Sequence[LessonRows], training: Sequence[LessonRows], *, seed: int
) -> list[Judged]:
    """Judge each group by what was learned from a training set."""
    learned = learn(training, seed=seed)
    return [learned.judge(one) for one in rows]


def has_both(rows: Sequence[LessonRows]) -> bool:
    """Whether the judged epochs have both classes."""
    if not rows:
        return False
    _, truth = labelled(rows)
    return bool(truth.any() and not truth.all())


def examples_of(groups: Sequence[LessonRows]) -> Examples:
    """The counted epochs of all groups."""
    use = [one.counted for one in groups]
    pairs = list(zip(groups, use, strict=True))
    return Examples(
        values=np.concatenate([one.values[flags] for one, flags in pairs]),
        level=np.concatenate([one.truth[flags] for one, flags in pairs]),
        truth=np.concatenate([one.off_task[flags] for one, flags in pairs]),
        group=np.repeat(np.arange(len(groups)), [int(flags.sum()) for flags in use]),
    )


def thinned(examples: Examples, rows: int = _MAX_ROWS) -> Examples:
    """Every k-th example, with the smallest k for which there are at most so many.

    If one class were lost, it is every k-th of each class.
    """
    step = max(1, -(-len(examples.truth) // rows))
    found = examples.part(slice(None, None, step))
    if found.has_both or not examples.has_both:
        return found
    both = (np.flatnonzero(flags)[::step] for flags in (examples.truth, ~examples.truth))
    return examples.part(np.sort(np.concatenate(list(both))))


def _judge_part(shared: tuple[Sequence[LessonRows], int], part: Sequence[int]) -> list[Judged]:
    """Judge these groups by the others; `shared` are all groups and the seed."""
    groups, seed = shared
    others = [one for at, one in enumerate(groups) if at not in part]
    return judge_by_training_set([groups[at] for at in part], others, seed=seed)


def _on_one_scale(judged: Sequence[Judged]) -> list[Judged]:
    """The same with one slope and start for each learner, so that groups can be pooled.

    Each was fitted without the group: where a group's own scores are high, the others' are lower, and
    a scale of its own would rank the group against them.
    """
    scales = {
        name: np.median([(one.slope, one.start) for one in judged if one.learner == name], axis=0)
        for name in {one.learner for one in judged}
    }
    found = []
    for one in judged:
        slope, start = scales[one.learner].tolist()
        found.append(
            replace(one, p=_logistic(slope * one.scores + start), slope=slope, start=start)
        )
    return found


def held_out_together(groups: Sequence[LessonRows]) -> list[list[int]]:
    """The groups to hold out together; each alone if there are few, or few with both classes."""
    count = min(_MAX_PARTS, len(groups))
    parts = [list(range(at, len(groups), count)) for at in range(count)]
    if all(has_both([g for at, g in enumerate(groups) if at not in part]) for part in parts):
        return parts
    return [[at] for at in range(len(groups))]


def _out_of_group(examples: Examples, seed: int) -> tuple[Examples, dict[str, Floats]]:
    """What each learner says of groups that it has not seen, and of which examples.

    If no group can be held out, because the others have only one class, it is what the simplest
    learner says of its own training examples.
    """
    aside: list[Examples] = []
    scores: dict[str, list[Floats]] = {name: [] for name in LEARNERS}
    examples = _two_groups_at_least(examples)
    for part in _inner_parts(examples):
        is_aside = np.isin(examples.group, part)
        others = thinned(examples.part(~is_aside), _INNER_ROWS)
        if others.has_both:
            judged = thinned(examples.part(is_aside), _INNER_ROWS)
            aside.append(judged)
            for name, fit in LEARNERS.items():
                scores[name].append(fit(others, seed).scores(judged.values, judged.level))
    seen = _joined(aside) if aside else None
    if seen is None or not seen.has_both:
        simplest, fit = next(iter(LEARNERS.items()))
        scores_of_all = fit(examples, seed).scores(examples.values, examples.level)
        return examples, {simplest: scores_of_all}
    return seen, {name: np.concatenate(parts) for name, parts in scores.items()}


def _two_groups_at_least(examples: Examples) -> Examples:
    """One group alone is cut into two halves of its time."""
    if len(np.unique(examples.group)) > 1:
        return examples
    rows = len(examples.truth)
    return replace(examples, group=(np.arange(rows) >= rows // 2).astype(np.intp))


def _inner_parts(examples: Examples) -> list[NDArray[np.intp]]:
    """The groups to hold out, dealt by their number of positive epochs: each part has its share."""
    groups = np.unique(examples.group)
    positive = [int(examples.truth[examples.group == one].sum()) for one in groups]
    dealt = groups[np.argsort(positive, kind="stable")[::-1]]
    return [dealt[at::_INNER_FOLDS] for at in range(min(_INNER_FOLDS, len(groups)))]


def _joined(parts: Sequence[Examples]) -> Examples:
    return Examples(
        values=np.concatenate([one.values for one in parts]),
        level=np.concatenate([one.level for one in parts]),
        truth=np.concatenate([one.truth for one in parts]),
        group=np.concatenate([one.group for one in parts]),
    )


def _logistic(odds: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0))))
