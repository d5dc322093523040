"""A school's rooms that are polled together: each is scored and alerted as if it were the only one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.clock import ManualClock
from contract.lesson import Zone
from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES, encode
from ingest.receiving.keeper import Keeper
from ingest.scoring.follower import Following
from ingest.settings import IngestSettings, ScoreSettings
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.memory.scores import MemoryScoreStore
from ingest.stores.records import AlertRecord, EpochRecord
from school.lessons.memory import MemoryLessonStore
from school.lessons.records import Lesson
from tests.ingest.node import SECOND_NS, Node
from tests.ingest.school import LevelModel

LENGTH = 330


@dataclass(frozen=True, kw_only=True)
class Class:
    """A room's lesson: its seats, when it begins and ends, and which seconds come late or never."""

    number: int
    seats: int
    starts: int
    ends: int
    late: tuple[int, int]
    never: tuple[int, int]
    loud: int

    @property
    def node(self) -> Node:
        return Node(
            room=f"r{self.number}", node=f"kit-{self.number}", run=self.number,
            boot=f"boot-{self.number}", run_boot_ns=0, seats=tuple(range(1, self.seats + 1)),
        )  # fmt: skip

    def lesson(self, zero_ns: int) -> Lesson:
        half = self.seats // 2
        seats = self.node.seats
        return Lesson(
            id=f"lesson-{self.number}", room=f"r{self.number}", teacher="t", title="",
            starts_utc_ns=zero_ns + self.starts * SECOND_NS,
            ends_utc_ns=zero_ns + self.ends * SECOND_NS, source="button",
            zones=(Zone(name="left", seats=seats[:half]), Zone(name="right", seats=seats[half:])),
        )  # fmt: skip

    def values(self) -> np.ndarray:
        random = np.random.default_rng(self.number)
        seat = random.normal(0.0, 1.0, (LENGTH, self.seats, len(SEAT_QUANTITIES)))
        seat[self.loud : self.loud + 60, :, :10] += 20.0
        seat[:, :, 10:] = 0.0
        seat[:, :, 11] = random.random((LENGTH, self.seats)) < 0.5
        room = random.normal(60.0, 2.0, (LENGTH, len(ROOM_QUANTITIES)))
        return self.node.layout.rows(encode(seat, "seat"), encode(room, "room"))


classes = st.builds(
    Class,
    number=st.just(0),
    seats=st.sampled_from((4, 6, 10, 13)),
    starts=st.integers(0, 60),
    ends=st.integers(200, LENGTH),
    late=st.tuples(st.integers(20, 250), st.sampled_from((0, 3, 30))),
    never=st.tuples(st.integers(20, 250), st.sampled_from((0, 1, 12))),
    loud=st.integers(200, 260),
)
Scores = dict[str, tuple[list[EpochRecord], list[AlertRecord]]]


def scored(school: list[Class], sending: list[Class], poll_s: int) -> tuple[Scores, Scores]:
    """What becomes of the lessons, live and when all is scored once more from what is kept."""
    clock = ManualClock()
    store, scores, lessons = MemoryPeriodStore(), MemoryScoreStore(), MemoryLessonStore()
    keeper = Keeper(store=store, site="school", clock=clock, settings=IngestSettings())
    for one in school:  # all have streams, so that alerts are named alike
        lessons.put(one.lesson(clock.utc_at_boot_ns))
        keeper.keep([one.node.birth(), one.node.timebase(clock.utc_at_boot_ns)])
    values = {one.number: one.values() for one in sending}

    def follow(scores: MemoryScoreStore) -> Following:
        following = Following(
            settings=ScoreSettings(), model=LevelModel(), clock=clock,
            reader=store, scores=scores, lessons=lessons,
        )  # fmt: skip
        following.begin()
        return following

    def settle(following: Following) -> None:
        for _ in range(6):
            clock.advance(31)
            while following.step():
                pass

    following = follow(scores)
    for second in range(LENGTH):
        clock.now_ns = (second + 1) * SECOND_NS
        for one in sending:
            late, lost = (range(at, at + n) for at, n in (one.late, one.never))
            if second not in late and second not in lost and second < one.ends + 10:
                part = values[one.number][second : second + 1]
                keeper.keep([one.node.batch(second, values=part)])
            if second == late.stop + 20:
                for seq in late:
                    if seq not in lost:
                        part = values[one.number][seq : seq + 1]
                        keeper.keep([one.node.batch(seq, waited_ms=None, values=part)])
        if second % poll_s == 0:
            following.step()
    settle(following)
    again = MemoryScoreStore()
    settle(follow(again))
    ids = [f"lesson-{one.number}" for one in sending]
    live, anew = (
        {lesson: (kept.epochs(lesson), kept.alerts(lesson)) for lesson in ids}
        for kept in (scores, again)
    )
    return live, anew


def areas(epochs: list[EpochRecord]) -> dict[tuple[int, str], str]:
    """By first seq and zone. Scored again, a lesson has its zones from its first epoch on."""
    return {(one.first_seq, zone.zone): repr(zone) for one in epochs for zone in one.zones}


@given(
    drawn=st.lists(classes, min_size=2, max_size=3), poll_s=st.sampled_from((1, 3, 7))
)  # fmt: skip
@settings(max_examples=3)
def test_a_room_is_scored_as_if_it_were_the_only_one(drawn: list[Class], poll_s: int) -> None:
    school = [replace(one, number=number) for number, one in enumerate(drawn)]
    live, anew = scored(school, school, poll_s)
    for one in school:
        alone, alone_anew = scored(school, [one], poll_s)
        lesson = f"lesson-{one.number}"
        assert live[lesson][0]
        assert repr(live[lesson]) == repr(alone[lesson])
        assert repr(anew[lesson]) == repr(alone_anew[lesson])
        assert areas(anew[lesson][0]) == areas(anew[lesson][0]) | areas(live[lesson][0])
        assert anew[lesson][1] == []


def test_rooms_that_are_loud_together_are_alerted_each() -> None:
    quiet = Class(
        number=0, seats=10, starts=0, ends=LENGTH, late=(0, 0), never=(0, 0), loud=LENGTH
    )  # fmt: skip
    school = [replace(quiet, number=at, loud=(LENGTH, 230)[at % 2]) for at in range(4)]
    live, _ = scored(school, school, 1)
    alerted = {lesson: {a.zone for a in alerts} for lesson, (_, alerts) in live.items()}
    everywhere = {"room", "left", "right"}
    assert alerted == {
        "lesson-0": set(), "lesson-1": everywhere, "lesson-2": set(), "lesson-3": everywhere
    }  # fmt: skip
