"""Groups are judged by what is learned from others, thresholds included."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.learning.rows import LessonRows
from models.recordings import learning
from models.recordings.learning import judge_by_others, judge_by_training_set

pytestmark = pytest.mark.usefixtures("few_trees")


def make_rows(count: int, *, positive_in: set[int] | None = None) -> list[LessonRows]:
    """Groups whose first column is higher in positive epochs."""
    rng = np.random.default_rng(count)
    rows = []
    for at in range(count):
        off = (rng.random((60, 1)) < 0.3) & (positive_in is None or at in positive_in)
        values = rng.normal(0.0, 1.0, (60, 1, 4)).astype(np.float32)
        values[:, :, 0] += 2.0 * off
        rows.append(
            LessonRows(
                classroom=f"g{at}", values=values, judged=np.ones((60, 1), bool), off_task=off,
                occupied=np.ones((60, 1), bool), truth=off.astype(float), features=(),
                zone_names=(), zones=(), activities=(),
            )
        )  # fmt: skip
    return rows


def test_a_few_groups_have_a_threshold_of_their_own() -> None:
    rows = make_rows(5)
    for at, one in enumerate(judge_by_others(rows, seed=1)):
        (alone,) = judge_by_training_set([rows[at]], [*rows[:at], *rows[at + 1 :]], seed=1)
        np.testing.assert_array_equal(one.p, alone.p)
        np.testing.assert_array_equal(one.called, alone.called)


@pytest.mark.slow
def test_a_groups_labels_change_nothing_of_its_own_result() -> None:
    rows = make_rows(12)
    plain = judge_by_others(rows, seed=1)
    for at in (0, 11):
        turned = [*rows]
        turned[at] = replace(rows[at], off_task=~rows[at].off_task)
        found = judge_by_others(turned, seed=1)
        np.testing.assert_array_equal(found[at].p, plain[at].p)
        np.testing.assert_array_equal(found[at].called, plain[at].called)
        assert not np.array_equal(found[5].p, plain[5].p)


def test_many_groups_share_thresholds(monkeypatch: pytest.MonkeyPatch) -> None:
    learned_from = []

    def threshold(training: list[LessonRows], seed: int) -> float:
        del seed
        learned_from.append({one.classroom for one in training})
        return 0.5

    monkeypatch.setattr(learning, "_threshold", threshold)
    rows = make_rows(18)
    judge_by_others(rows, seed=1)
    assert len(learned_from) == 8
    everyone = {one.classroom for one in rows}
    assert everyone - learned_from[1] == {"g1", "g9", "g17"}


@pytest.mark.slow
def test_the_only_positive_groups_do_not_share_one() -> None:
    rows = make_rows(10, positive_in={1, 9})
    found = judge_by_others(rows, seed=1)
    assert len(found) == 10
    assert all(not np.isnan(one.p).any() for one in found)
