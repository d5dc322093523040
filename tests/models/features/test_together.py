"""Rooms that are scored together get what each would get alone, to the bit."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contract.lesson import Zone
from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES
from models.features.seat_features import EPOCH_S, SeatFeatures, update_together
from models.serving.off_task import OffTaskModel
from models.serving.scorer import LessonScorer, ScoringModel, score_together
from models.serving.scores import EpochScore

Array = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Room:
    """A room as drawn: who sits there, when it is there, and what is missing of it."""

    seed: int
    seats: int
    zones: int
    first_seq: int
    joins: int
    leaves: int
    gap: tuple[int, int]
    lost: float

    def values(self, seconds: int) -> tuple[Array, Array]:
        rng = np.random.default_rng(self.seed)
        level = rng.normal(10.0, 6.0, (seconds, self.seats, 1))
        seat = level + rng.normal(0.0, 3.0, (seconds, self.seats, len(SEAT_QUANTITIES)))
        seat[:, :, 10] = rng.random((seconds, self.seats))
        seat[:, :, 11] = rng.random((seconds, self.seats)) < 0.2
        seat[:, : self.seats // 6, 11] = 0.0  # some seats are empty
        seat[:, :, 12] = rng.exponential(0.3, (seconds, self.seats))
        seat[rng.random((seconds, self.seats)) < self.lost] = np.nan
        room = rng.normal(60.0, 3.0, (seconds, len(ROOM_QUANTITIES)))
        room[rng.random(seconds) < self.lost] = np.nan
        return seat.astype(np.float32), room.astype(np.float32)

    def scorer(self, model: ScoringModel) -> LessonScorer:
        numbers = tuple(range(1, self.seats + 1))
        size = -(-self.seats // self.zones)
        zones = tuple(
            Zone(name=f"z{at}", seats=numbers[at * size : (at + 1) * size])
            for at in range(self.zones)
        )
        return LessonScorer(model=model, seats=numbers, zones=zones)


rooms = st.builds(
    Room,
    seed=st.integers(0, 1 << 32),
    seats=st.one_of(st.integers(5, 16), st.integers(0, 31)),
    zones=st.integers(1, 4),
    first_seq=st.integers(0, 12),
    joins=st.integers(0, 60),
    leaves=st.integers(100, 240),
    gap=st.tuples(st.integers(20, 120), st.sampled_from((0, 1, 5, 23, 620))),
    lost=st.sampled_from((0.0, 0.02, 0.3)),
)
polls = st.lists(st.sampled_from((1, 2, 5, 7, 30)), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def model() -> OffTaskModel:
    return OffTaskModel.load()


def assert_same(one: Any, other: Any) -> None:
    """The same memory, bit for bit."""
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            assert a.tobytes() == b.tobytes(), field.name
        else:
            assert_same(a, b)


@given(drawn=st.lists(rooms, min_size=2, max_size=5), steps=polls)
@settings(max_examples=8)
def test_together_is_as_alone(model: OffTaskModel, drawn: list[Room], steps: list[int]) -> None:
    seconds = 240
    values = [room.values(seconds) for room in drawn]
    together, alone = ([room.scorer(model) for room in drawn] for _ in range(2))
    found: list[list[EpochScore]] = [[] for _ in drawn]
    wanted: list[list[EpochScore]] = [[] for _ in drawn]
    at = poll = 0
    while at < seconds:
        end = min(at + steps[poll % len(steps)], seconds)
        here = []
        for number, room in enumerate(drawn):
            start, length = room.gap
            begin, stop = max(at, room.joins), min(end, room.leaves)
            if begin < stop and not start <= begin < start + min(length, 60):
                seq = room.first_seq + begin + (length if begin >= start + length else 0)
                seat, noise = values[number]
                here.append((number, seq, seat[begin:stop], noise[begin:stop]))
        results = score_together([_numbered(n, together[n].steps(*part)) for n, *part in here])
        assert sorted(number for number, _ in results) == [number for number, *_ in here]
        for number, scores in results:
            found[number] += scores
        for number, *part in here:
            wanted[number] += alone[number].update(*part)
        at, poll = end, poll + 1
    assert repr(found) == repr(wanted)
    for one, other in zip(together, alone, strict=True):
        assert one.zones == other.zones
        assert one.whole_lesson_zones() == other.whole_lesson_zones()
        assert_same(one.features.memory, other.features.memory)
        assert_same(one.features.room_memory, other.features.room_memory)


def _numbered(number: int, steps: Any) -> Any:
    return number, (yield from steps)


@given(
    drawn=st.lists(rooms, min_size=1, max_size=5),
    order=st.randoms(use_true_random=False),
)
@settings(max_examples=8)
def test_features_are_as_alone_whoever_stands_beside(drawn: list[Room], order: Any) -> None:
    """Every value, also of those that no tree looks at."""
    epochs = 30
    values = [room.values(epochs * EPOCH_S) for room in drawn]
    together, alone = (
        [SeatFeatures(seats=room.seats, groups=_groups(room)) for room in drawn] for _ in range(2)
    )
    for epoch in range(epochs):
        part = slice(epoch * EPOCH_S, (epoch + 1) * EPOCH_S)
        here = [n for n in range(len(drawn)) if order.random() < 0.9]
        order.shuffle(here)
        if not here:
            continue
        seat, noise = ([values[n][which][part] for n in here] for which in (0, 1))
        found = update_together([together[n] for n in here], seat, noise)
        for number, one in zip(here, found, strict=True):
            wanted = alone[number].update(values[number][0][part], values[number][1][part])
            for field in fields(one):
                a, b = getattr(one, field.name), getattr(wanted, field.name)
                assert np.asarray(a).tobytes() == np.asarray(b).tobytes(), field.name


def _groups(room: Room) -> list[list[int]]:
    """Some seats in no zone, and zones that are not side by side."""
    return [list(range(at, room.seats - room.zones, room.zones)) for at in range(room.zones)]


def test_no_more_lessons_are_begun_than_are_computed_together(model: OffTaskModel) -> None:
    room = Room(
        seed=1, seats=6, zones=1, first_seq=0, joins=0, leaves=9, gap=(9, 0), lost=0.0
    )  # fmt: skip
    begun, most = 0, 0
    seat, noise = room.values(10)

    def steps() -> Any:
        nonlocal begun, most
        begun += 1
        most = max(most, begun)
        scores = yield from room.scorer(model).steps(0, seat, noise)
        begun -= 1
        return [score.first_seq for score in scores]

    assert score_together(steps() for _ in range(150)) == [[0, 5]] * 150
    assert 1 < most < 100


def test_lessons_without_a_full_epoch_hold_up_none_of_the_others(model: OffTaskModel) -> None:
    room = Room(
        seed=1, seats=6, zones=1, first_seq=0, joins=0, leaves=9, gap=(9, 0), lost=0.0
    )  # fmt: skip
    seat, noise = room.values(5)
    lengths = [4] * 100 + [5] + [4] * 100
    results = score_together(
        room.scorer(model).steps(0, seat[:length], noise[:length]) for length in lengths
    )
    assert sorted(map(len, results)) == [0] * 200 + [1]


def test_lessons_of_two_models_are_not_scored_together(model: OffTaskModel) -> None:
    room = Room(
        seed=1, seats=6, zones=1, first_seq=0, joins=0, leaves=9, gap=(9, 0), lost=0.0
    )  # fmt: skip
    seat, noise = room.values(5)
    both = [room.scorer(one).steps(0, seat, noise) for one in (model, OffTaskModel.load())]
    with pytest.raises(ValueError, match="the same model"):
        score_together(both)
