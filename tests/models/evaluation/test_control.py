"""The control with shuffled labels: 0.5 without a leak, and far from it with one put in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from contract.lesson import LabelledLesson
from models.evaluation.control import Learn, TreeLearner, exchanged, shuffled_control
from models.evaluation.holdout import roc_auc
from models.learning import seat_learning
from models.learning.rows import LessonRows, lesson_rows
from models.learning.seat_learning import Probability

MakeLesson = Callable[..., LabelledLesson]

FAIR = TreeLearner(seed=1, max_rows=3_000)


@pytest.fixture(autouse=True)
def _few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth of the trees: enough where the question is not how good they are."""
    monkeypatch.setattr(
        seat_learning,
        "HistGradientBoostingClassifier",
        lambda **settings: HistGradientBoostingClassifier(**{**settings, "max_iter": 50}),
    )


@pytest.fixture
def rows(make_lesson: MakeLesson) -> list[LessonRows]:
    return [lesson_rows(make_lesson(seed, seconds=400)) for seed in range(8)]


def with_truth(rows: Sequence[LessonRows]) -> list[LessonRows]:
    """The leak: a column that identifies the label, made of whatever lessons are handed over."""
    return [
        replace(one, values=np.dstack([one.values, np.nan_to_num(one.truth)]).astype(np.float32))
        for one in rows
    ]


def leaky_column(training: Sequence[LessonRows], judged: Sequence[LessonRows]) -> list[Probability]:
    return FAIR(with_truth(training), with_truth(judged))


def leaky_training(
    training: Sequence[LessonRows], judged: Sequence[LessonRows]
) -> list[Probability]:
    """Another leak: what is judged is learned from as well."""
    return FAIR([*training, *judged], judged)


def shuffled_on_both_sides(rows: Sequence[LessonRows], learn: Learn) -> float:
    """The control as one might make it: the labels of what is judged mean nothing either."""
    pool = np.random.default_rng(1).permutation(np.concatenate([r.off_task.ravel() for r in rows]))
    cuts = np.cumsum([r.off_task.size for r in rows])[:-1]
    shuffled = [
        replace(r, off_task=part.reshape(r.off_task.shape))
        for r, part in zip(rows, np.split(pool, cuts), strict=True)
    ]
    return roc_auc(shuffled[4:], learn(shuffled[:4], shuffled[4:]))


@pytest.mark.slow
def test_without_a_leak_nothing_is_found(rows: list[LessonRows]) -> None:
    assert roc_auc(rows[4:], FAIR(rows[:4], rows[4:])) > 0.8  # there is something to learn
    found = shuffled_control(rows, FAIR, seed=1)
    assert found.roc_auc == pytest.approx(0.5, abs=0.01)
    assert found.lowest <= found.roc_auc <= found.highest


@pytest.mark.slow
def test_a_column_that_identifies_the_label_is_caught(rows: list[LessonRows]) -> None:
    assert shuffled_control(rows, leaky_column, seed=1).lowest > 0.9
    assert shuffled_on_both_sides(rows, leaky_column) == pytest.approx(0.5, abs=0.06)


@pytest.mark.slow
def test_learning_from_what_is_judged_is_caught(rows: list[LessonRows]) -> None:
    assert shuffled_control(rows, leaky_training, seed=1).roc_auc > 0.6


def test_labels_are_exchanged_between_groups_in_bouts(make_lesson: MakeLesson) -> None:
    lessons = [lesson_rows(make_lesson(seed, seconds=300 + 50 * seed)) for seed in range(3)]
    marked = [
        replace(one, truth=np.full_like(one.truth, at), off_task=one.off_task & (at != 1))
        for at, one in enumerate(lessons)
    ]
    found = exchanged(marked, np.random.default_rng(4))
    for at, (one, before) in enumerate(zip(found, marked, strict=True)):
        assert one.values is before.values
        (donor,) = np.unique(one.truth)
        assert donor != at
        assert one.off_task.any() == (donor != 1)
    assert {int(one.truth[0, 0]) for one in found} == {0, 1, 2}
    # Bouts of 20 s stay bouts: labels change as rarely as before.
    changes = [np.diff(one.off_task.astype(int), axis=0).any() for one in found]
    assert sum(changes) == 2
    flips = [np.abs(np.diff(one.off_task.astype(int), axis=0)).mean() for one in (*found, *marked)]
    assert np.mean(flips[:3]) == pytest.approx(np.mean(flips[3:]), abs=0.03)


def test_an_empty_seat_gets_no_label(make_lesson: MakeLesson) -> None:
    lessons = [lesson_rows(make_lesson(seed, seconds=200)) for seed in range(2)]
    occupied = lessons[0].occupied.copy()
    occupied[:, 3] = False
    empty = replace(lessons[0], occupied=occupied)
    found = exchanged([empty, lessons[1]], np.random.default_rng(1))
    assert not found[0].off_task[:, 3].any()
    assert np.isnan(found[0].truth[:, 3]).all()
    assert not np.isnan(found[1].truth).any()


def test_labels_need_another_group_to_go_to(rows: list[LessonRows]) -> None:
    with pytest.raises(ValueError, match="four groups"):
        shuffled_control(rows[:3], FAIR, seed=1)
