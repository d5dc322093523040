"""Groups are judged by what is learned from others; the choice and the threshold included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from models.learning.rows import LessonRows, pooled
from models.recordings import learners, learning
from models.recordings.columns import COLUMNS, FEW_COLUMNS, KINDS
from models.recordings.learners import best_columns
from models.recordings.learning import (
    Judged,
    examples_of,
    judge_by_others,
    judge_by_training_set,
    learn,
    thinned,
)

pytestmark = pytest.mark.usefixtures("few_trees")

LEVEL, FEW, TREES = learners.LEARNERS
Flags = NDArray[np.bool_]
Fill = Callable[[np.random.Generator, NDArray[np.float32], Flags], None]


def make_rows(
    count: int,
    fill: Fill | None = None,
    *,
    epochs: int = 60,
    positive_in: set[int] | None = None,
    level_lift: float = 0.0,
) -> list[LessonRows]:
    """Groups of noise; `fill` writes into the columns (epochs, columns) what it knows of the truth.

    Without it the columns of `FEW_COLUMNS` are higher in positive epochs.
    """
    rng = np.random.default_rng(count)
    rows = []
    for at in range(count):
        off = (rng.random((epochs, 1)) < 0.3) & (positive_in is None or at in positive_in)
        values = rng.normal(0.0, 1.0, (epochs, 1, len(COLUMNS))).astype(np.float32)
        if fill is None:
            values[:, :, FEW_COLUMNS] += 2.0 * off[:, :, None]
        else:
            fill(rng, values[:, 0], off[:, 0])
        rows.append(
            LessonRows(
                classroom=f"g{at}", values=values, judged=np.ones((epochs, 1), bool), off_task=off,
                occupied=np.ones((epochs, 1), bool),
                truth=rng.normal(0.0, 1.0, (epochs, 1)) + level_lift * off, features=(),
                zone_names=(), zones=(), activities=(),
            )
        )  # fmt: skip
    return rows


def auc(rows: list[LessonRows], judged: list[Judged]) -> float:
    return float(roc_auc_score(*pooled(rows, [one.p for one in judged])))


@pytest.mark.slow
def test_a_few_groups_are_held_out_one_by_one() -> None:
    rows = make_rows(4)
    for at, one in enumerate(judge_by_others(rows, seed=1)):
        (alone,) = judge_by_training_set([rows[at]], [*rows[:at], *rows[at + 1 :]], seed=1)
        np.testing.assert_array_equal(one.scores, alone.scores)
        np.testing.assert_array_equal(one.called, alone.called)
        assert one.learner == alone.learner


@pytest.mark.slow
def test_many_groups_are_held_out_together(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = make_rows(18)
    learned_from = []

    def learned(training: list[LessonRows], *, seed: int) -> learning.Learned:
        learned_from.append({one.classroom for one in training})
        return learn(rows[:1], seed=seed)

    monkeypatch.setattr(learning, "learn", learned)
    judge_by_others(rows, seed=1)
    everyone = {one.classroom for one in rows}
    assert len(learned_from) == 8
    assert everyone - learned_from[1] == {"g1", "g9", "g17"}


@pytest.mark.slow
def test_a_groups_labels_change_nothing_of_its_own_result() -> None:
    rows = make_rows(9, epochs=40)
    plain = judge_by_others(rows, seed=1)
    for at in (8,):
        turned = [*rows]
        turned[at] = replace(rows[at], off_task=~rows[at].off_task)
        found = judge_by_others(turned, seed=1)
        np.testing.assert_array_equal(found[at].scores, plain[at].scores)
        np.testing.assert_array_equal(found[at].called, plain[at].called)
        assert found[at].learner == plain[at].learner
        assert not np.array_equal(found[5].scores, plain[5].scores)


@pytest.mark.slow
def test_labels_that_mean_nothing_teach_nothing_and_a_planted_leak_shows() -> None:
    """If the choice saw the groups that it is judged on, noise would seem to be predictable."""

    def nothing(rng: np.random.Generator, values: NDArray[np.float32], off: Flags) -> None:
        del rng, values, off

    def leak(rng: np.random.Generator, values: NDArray[np.float32], off: Flags) -> None:
        del rng
        values[:, 3] += 2.0 * off

    rows = make_rows(5, nothing, epochs=120)
    assert auc(rows, judge_by_others(rows, seed=1)) == pytest.approx(0.5, abs=0.1)
    leaky = make_rows(5, leak, epochs=120)
    assert auc(leaky, judge_by_others(leaky, seed=1)) > 0.8


@pytest.mark.slow
def test_the_only_positive_groups_are_not_held_out_together() -> None:
    rows = make_rows(10, positive_in={1, 9})
    found = judge_by_others(rows, seed=1)
    assert len(found) == 10
    assert all(not np.isnan(one.p).any() for one in found)


@pytest.mark.slow
def test_where_nothing_beats_the_movement_it_is_the_movement() -> None:
    """The level says all that there is to know, and the columns nothing."""

    def nothing(rng: np.random.Generator, values: NDArray[np.float32], off: Flags) -> None:
        del rng, values, off

    rows = make_rows(6, nothing, level_lift=2.0)
    learned = learn(rows, seed=1)
    assert learned.learner == LEVEL
    (judged,) = judge_by_training_set(rows[:1], rows[1:], seed=1)
    assert roc_auc_score(*pooled(rows[:1], [judged.p])) == pytest.approx(
        roc_auc_score(*pooled(rows[:1], [rows[0].truth]))
    )
    still = [replace(one, truth=-one.truth) for one in rows]
    assert auc(still, judge_by_training_set(still, still, seed=1)) > 0.9


def test_with_few_positive_groups_few_features_are_learned() -> None:
    """Trees find no more there than a logistic regression, so the simpler one stays."""

    def weak(rng: np.random.Generator, values: NDArray[np.float32], off: Flags) -> None:
        del rng
        values[:, list(FEW_COLUMNS[::6])] += 0.9 * off[:, None]

    rows = make_rows(6, weak, positive_in={0, 1, 2, 3}, epochs=40)
    assert learn(rows, seed=1).learner == FEW
    columns = best_columns(examples_of(rows))
    assert 2 <= len(columns) <= 4
    assert set(columns) <= set(FEW_COLUMNS)


def test_with_too_few_groups_to_choose_it_is_the_movement() -> None:
    for count in (1, 2):
        assert learn(make_rows(count), seed=1).learner == LEVEL


@pytest.mark.slow
def test_what_only_trees_can_learn_is_learned_by_trees() -> None:
    """Two columns of one kind have the same sign in positive epochs, and other signs else."""
    first, second = KINDS["absolute"][:2]

    def pair(rng: np.random.Generator, values: NDArray[np.float32], off: Flags) -> None:
        values[:, first] = rng.normal(0.0, 1.0, len(values))
        sign = np.where(off, 1.0, -1.0) * np.sign(values[:, first])
        values[:, second] = sign * np.abs(rng.normal(0.0, 1.0, len(values)))
        values[:, KINDS["absolute"][2]] += 0.8 * off

    rows = make_rows(8, pair, epochs=150)
    assert learn(rows, seed=1).learner == TREES


def test_one_class_teaches_nothing() -> None:
    with pytest.raises(ValueError, match="only one class"):
        learn(make_rows(3, positive_in=set()), seed=1)


def test_missing_columns_and_values_are_no_obstacle() -> None:
    rows = make_rows(4)
    for one in rows:
        one.values[:, :, 0] = np.nan
        one.values[::3, :, 5:40] = np.nan
    fitted = learners.fit_trees(examples_of(rows), 1)
    scores = fitted.scores(rows[0].values[:, 0], rows[0].truth[:, 0])
    assert np.isfinite(scores).all()
    assert all(0 not in columns for columns, _, _ in fitted.members)
    few = learners.LEARNERS[FEW](examples_of(rows), 1)
    assert np.isfinite(few.scores(rows[0].values[:, 0], rows[0].truth[:, 0])).all()


def test_a_threshold_loses_nothing_against_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scale that was fitted without a group ranks its epochs against all others."""
    monkeypatch.setattr(learning, "LEARNERS", {LEVEL: learners.LEARNERS[LEVEL]})
    rows = [
        replace(one, truth=one.truth + 3.0 * at)
        for at, one in enumerate(make_rows(8, level_lift=2.0))
    ]
    ours = pooled(rows, [one.p for one in judge_by_others(rows, seed=1)])
    level = pooled(rows, [one.truth for one in rows])
    assert roc_auc_score(*ours) == pytest.approx(roc_auc_score(*level))


def test_rare_positives_stay_among_few_rows() -> None:
    (rows,) = make_rows(1, epochs=1_001, positive_in=set())
    off = np.zeros_like(rows.off_task)
    off[[3, 500]] = True
    some = thinned(examples_of([replace(rows, off_task=off)]), 100)
    assert some.has_both
    assert len(some.truth) <= 102
