"""A model and the movement rule are compared by classroom, in pairs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from contract.lesson import LabelledLesson
from models.evaluation import evaluate
from models.evaluation.evaluate import evaluate_rows
from models.evaluation.paired import classroom_difference
from models.learning.rows import LessonRows, lesson_rows

MakeLesson = Callable[..., LabelledLesson]


@pytest.fixture
def rows(make_lesson: MakeLesson) -> list[LessonRows]:
    return [lesson_rows(make_lesson(seed, seconds=200)) for seed in range(4)]


def with_noise(rows: list[LessonRows], spread: float) -> list[np.ndarray]:
    rng = np.random.default_rng(2)
    return [
        np.clip(0.5 + 0.2 * one.off_task + rng.normal(0.0, spread, one.off_task.shape), 0.01, 0.99)
        for one in rows
    ]


def test_a_better_ranking_is_clearly_above(rows: list[LessonRows]) -> None:
    found = classroom_difference(rows, with_noise(rows, 0.1), with_noise(rows, 0.3))
    assert found is not None
    assert 0.0 < found.ends[0] <= found.value <= found.ends[1]
    turned = classroom_difference(rows, with_noise(rows, 0.3), with_noise(rows, 0.1))
    assert turned is not None
    assert turned.value == -found.value
    none = [lesson for lesson in rows if not lesson.off_task.any()]
    assert classroom_difference(none, [], []) is None


def test_the_evaluation_says_when_the_rule_is_as_good(rows: list[LessonRows]) -> None:
    ranks = [evaluate._movement_ranks(one) for one in rows]
    same = evaluate_rows(rows, seed=1, source="invented", raw=ranks)
    assert same.as_dict()["invented_unseen_classrooms"]["over_movement_rule"] == {
        "roc_auc": 0.0, "ci": [0.0, 0.0],
    }  # fmt: skip
    line = (
        "model minus movement rule: +0.0000 (+0.0000 to +0.0000); the model is not clearly better"
    )
    assert line in same.table()
    known = [
        np.where(one.judged, p, np.nan) for one, p in zip(rows, with_noise(rows, 0.05), strict=True)
    ]
    better = evaluate_rows(rows, seed=1, source="invented", raw=known)
    assert better.over_rule is not None
    assert better.over_rule.ends[0] > 0.0
    assert "not clearly better" not in better.table()
