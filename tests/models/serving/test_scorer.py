"""Scoring a lesson: the same however it is cut, silent where little is known, never a small group."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from contract.lesson import LabelledLesson, Zone
from models.features.seat_features import EPOCH_S, FEATURES
from models.learning.alert_learning import area_streams
from models.learning.rows import lesson_rows
from models.serving.manifest import ModelManifest, ShareBias
from models.serving.off_task import OffTaskModel
from models.serving.scorer import LessonScorer
from models.serving.scores import EpochScore

MakeLesson = Callable[..., LabelledLesson]
_TYPICAL = FEATURES.index("typical_10")


@dataclass
class FixedModel:
    """Probability by movement alone, so that a test needs no trained model."""

    manifest: ModelManifest

    def probability(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        return 1.0 / (1.0 + np.exp(-values[:, _TYPICAL].astype(np.float64) / 4.0))


@pytest.fixture(scope="module")
def model() -> FixedModel:
    return FixedModel(replace(OffTaskModel.load().manifest, bias=ShareBias()))


def _score(
    model: FixedModel,
    lesson: LabelledLesson,
    cuts: list[int],
    *,
    first_seq: int = 0,
    skip: range = range(0),
) -> list[EpochScore]:
    scorer = LessonScorer(model=model, seats=lesson.seats, zones=lesson.zones)
    scores = []
    edges = sorted({0, len(lesson.seat), *cuts, *([skip.start, skip.stop] if skip else [])})
    for start, end in itertools.pairwise(edges):
        if start not in skip:
            part = slice(start, end)
            scores += scorer.update(first_seq + start, lesson.seat[part], lesson.room[part])
    return scores


@pytest.mark.parametrize("first_seq", (0, 3, 1004))
def test_scores_do_not_depend_on_how_a_lesson_is_cut(
    model: FixedModel, make_lesson: MakeLesson, first_seq: int
) -> None:
    lesson = make_lesson(1, seconds=300)
    whole = _score(model, lesson, [], first_seq=first_seq)
    rng = np.random.default_rng(first_seq)
    for _ in range(4):
        cuts = rng.integers(1, 299, size=int(rng.integers(1, 40))).tolist()
        assert _score(model, lesson, cuts, first_seq=first_seq) == whole
    assert _score(model, lesson, list(range(300)), first_seq=first_seq) == whole


def test_an_epoch_begins_where_its_seq_divides_by_five(
    model: FixedModel, make_lesson: MakeLesson
) -> None:
    lesson = make_lesson(2, seconds=63)
    firsts = [score.first_seq for score in _score(model, lesson, [], first_seq=1003)]
    assert firsts == list(range(1000, 1065, EPOCH_S))


def test_seconds_left_out_count_as_missing(model: FixedModel, make_lesson: MakeLesson) -> None:
    lesson = make_lesson(3, seconds=400)
    as_nan = make_lesson(3, seconds=400)
    as_nan.seat[200:230] = np.nan
    as_nan.room[200:230] = np.nan
    left_out = _score(model, lesson, [], skip=range(200, 230))
    assert left_out == _score(model, as_nan, [])
    assert [one.first_seq for one in left_out] == list(range(0, 400, EPOCH_S))
    assert left_out[43].room.off_task is None
    assert left_out[60].room.off_task is not None


def test_a_long_silence_starts_the_normals_afresh(
    model: FixedModel, make_lesson: MakeLesson
) -> None:
    lesson = make_lesson(4, seconds=300)
    scorer = LessonScorer(model=model, seats=lesson.seats, zones=lesson.zones)
    first = scorer.update(0, lesson.seat, lesson.room)
    second = scorer.update(5000, lesson.seat, lesson.room)
    assert [one.room for one in second] == [one.room for one in first]
    assert second[0].first_seq == 5000


def test_periods_that_come_again_are_passed_over(
    model: FixedModel, make_lesson: MakeLesson
) -> None:
    lesson = make_lesson(5, seconds=200)
    scorer = LessonScorer(model=model, seats=lesson.seats, zones=lesson.zones)
    scores = scorer.update(0, lesson.seat[:120], lesson.room[:120])
    scores += scorer.update(60, lesson.seat[60:], lesson.room[60:])
    assert scores == _score(model, lesson, [])


def test_little_is_said_at_first_and_then_all_with_its_interval(
    model: FixedModel, make_lesson: MakeLesson
) -> None:
    lesson = make_lesson(6, seconds=300)
    scores = _score(model, lesson, [])
    assert all(one.room.off_task is None and one.room.signs == {} for one in scores[:12])
    assert all(one.zones == () for one in scores[:23])
    for one in scores[30:]:
        assert [zone.zone for zone in one.zones] == ["front", "back"]
        for area in (one.room, *one.zones):
            assert area.off_task is not None
            assert 0 <= area.off_task_low <= area.off_task <= area.off_task_high <= 1
            assert area.movement_low < area.movement < area.movement_high
            of_room = {"unrest"} if area is one.room else set()
            assert set(area.signs) == {"movement", "fidgets", "moving_seats", "noise"} | of_room
        assert one.room.seats == 12
        assert one.room.off_task == pytest.approx(np.mean([z.off_task for z in one.zones]))


def test_a_zone_that_is_not_full_enough_is_merged_for_the_lesson(
    model: FixedModel, make_lesson: MakeLesson
) -> None:
    lesson = make_lesson(7, seconds=300)
    lesson.seat[:, :2, 11] = 0.0  # no one sits on seats 1 and 2
    scorer = LessonScorer(model=model, seats=lesson.seats, zones=lesson.zones)
    scores = scorer.update(0, lesson.seat, lesson.room)
    assert scorer.zones == (Zone(name="front + back", seats=lesson.seats),)
    assert {zone.zone for one in scores for zone in one.zones} == {"front + back"}
    assert scores[-1].room.seats == 10


def test_a_zone_that_loses_its_seats_is_hidden_and_so_is_what_would_reveal_it(
    model: FixedModel, make_lesson: MakeLesson
) -> None:
    lesson = make_lesson(8, seconds=400)
    lesson.seat[300:, :2] = np.nan
    last = _score(model, lesson, [])[-1]
    assert last.room.seats == 10
    assert last.room.off_task is not None
    assert [zone.off_task for zone in last.zones] == [None, None]
    assert [zone.seats for zone in last.zones] == [0, 0]
    assert [zone.movement for zone in last.zones] == [None, None]


def test_fewer_than_five_seats_are_never_scored(model: FixedModel, make_lesson: MakeLesson) -> None:
    lesson = make_lesson(9, seconds=300, seats=4)
    scores = _score(model, lesson, [])
    assert len(scores) == 60
    assert all(one.room.off_task is None and one.room.movement is None for one in scores)
    assert all(one.zones == () for one in scores)


def test_training_pools_as_scoring_does(model: FixedModel, make_lesson: MakeLesson) -> None:
    lesson = make_lesson(10)
    lesson.seat[200:260, :8] = np.nan
    rows = lesson_rows(lesson)
    p = np.full(rows.judged.shape, np.nan)
    p[rows.judged] = model.probability(rows.values[rows.judged])
    room, *_ = area_streams(rows, p, model.manifest.interval, model.manifest.bias)
    assert list(room.scores) == [one.room for one in _score(model, lesson, [])]
    assert None in [one.off_task for one in room.scores[30:]]


def test_wrong_shapes_are_refused(model: FixedModel, make_lesson: MakeLesson) -> None:
    lesson = make_lesson(11, seconds=50)
    scorer = LessonScorer(model=model, seats=lesson.seats[:-1], zones=())
    with pytest.raises(ValueError, match=r"expected \(n, 11, 13\) and \(n, 5\)"):
        scorer.update(0, lesson.seat, lesson.room)
