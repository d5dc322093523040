"""Nothing of what was recorded when can be learned: no column shows how much is over."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from models.learning.rows import LessonRows, pooled
from models.ranking import roc_area
from models.recordings.columns import COLUMNS
from models.recordings.learning import examples_of, judge_by_training_set
from models.recordings.reading.file import LabelledRecording
from models.recordings.rows import rows_of_groups

RATE = 20.0
RECORDINGS = 8
SECONDS = 60


def make_people(count: int, seed: int, *, gain: float, shuffled: bool = False) -> list[LessonRows]:
    """People whose last recordings are positive, always; `gain` is what differs else."""
    rng = np.random.default_rng(seed)
    n = round(SECONDS * RATE)
    people = []
    for person in range(count):
        own = []
        level = rng.uniform(0.004, 0.012)
        for at in range(RECORDINGS):
            is_positive = at >= RECORDINGS // 2
            size = level * (gain if is_positive else 1.0)
            own.append(
                LabelledRecording(
                    group=f"p{seed}-{person}", recording=f"r{at}", rate_hz=RATE,
                    at_s=np.arange(n) / RATE,
                    acceleration=rng.normal((0.0, 0.0, 1.0), size, (n, 3)).astype(np.float32),
                    label=np.full(n, is_positive, np.int8),
                )
            )  # fmt: skip
        people.append([own[at] for at in rng.permutation(RECORDINGS)] if shuffled else own)
    return rows_of_groups(people, rate_hz=RATE)


def auc(rows: list[LessonRows], training: list[LessonRows]) -> float:
    judged = judge_by_training_set(rows, training, seed=1)
    return float(roc_auc_score(*pooled(rows, [one.p for one in judged])))


@pytest.mark.slow
@pytest.mark.usefixtures("few_trees")
def test_the_order_of_recordings_alone_teaches_nothing() -> None:
    training = make_people(8, 1, gain=1.0)
    assert auc(make_people(8, 2, gain=1.0), training) == pytest.approx(0.5, abs=0.1)
    assert auc(make_people(8, 3, gain=1.0, shuffled=True), training) == pytest.approx(0.5, abs=0.1)


@pytest.mark.slow
@pytest.mark.usefixtures("few_trees")
def test_what_was_learned_in_one_order_holds_in_another() -> None:
    training = make_people(8, 1, gain=2.5)
    in_order = auc(make_people(8, 2, gain=2.5), training)
    assert in_order > 0.9
    assert auc(make_people(8, 2, gain=2.5, shuffled=True), training) > in_order - 0.05


@pytest.mark.slow
def test_no_column_shows_how_much_of_a_lesson_is_over() -> None:
    """In the same noise for minutes, no column has become higher or lower in the second half.

    Stillness, with its floor that is learned for minutes, reached .25.
    """
    examples = examples_of(make_people(8, 4, gain=1.0))
    found = {}
    for at, name in enumerate(COLUMNS):
        values = np.nan_to_num(examples.values[:, at], nan=-99.0)
        areas = [
            roc_area(examples.truth[own], values[own])
            for own in (examples.group == group for group in range(8))
        ]
        found[name] = abs(float(np.mean(areas)) - 0.5)
    assert {name: value for name, value in found.items() if value > 0.18} == {}
