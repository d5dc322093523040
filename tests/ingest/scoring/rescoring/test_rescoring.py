"""What is scored again and what stays: values that have gone, lessons that change, a long absence."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contract.clock import SECOND_NS
from contract.lesson import Zone
from ingest.stores.records import EpochRecord, Periods
from school.lessons.memory import MemoryLessonStore
from school.lessons.records import Lesson
from tests.ingest.school import LENGTH, NODE, SEATS, VALUES, WHOLE, School

DAY_NS = 86_400 * SECOND_NS
OTHER_ZONES = (Zone(name="front", seats=SEATS[:5]), Zone(name="back", seats=SEATS[5:]))


@pytest.fixture(params=("memory", "sqlite"))
def school(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[School]:
    """A room on stores of either kind."""
    room = School(directory=None if request.param == "memory" else tmp_path)
    yield room
    if request.param == "sqlite":
        room.close()


def days_pass(school: School, days: int) -> None:
    """Values go as retention has it, and the scorer stays where it is."""
    school.clock.advance(days * 86_400)
    school.store.seal(before_utc_ns=school.clock.utc_ns())
    today = datetime.fromtimestamp(school.clock.utc_ns() / SECOND_NS, UTC).date()
    school.store.retire("seat", before=today - timedelta(days=30))


def sensed(epochs: list[EpochRecord]) -> int:
    return sum(not math.isnan(epoch.zones[0].movement_db) for epoch in epochs)


def rescored(caplog: pytest.LogCaptureFixture) -> int:
    """How many lessons were scored again."""
    return sum("again" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("what", ("zones", "end", "start", "restart", "old cursor"))
def test_scores_outlive_the_values_that_they_rest_on(school: School, what: str) -> None:
    school.live(range(LENGTH))
    before = school.epochs
    assert sensed(before) == LENGTH // 5 - 12
    days_pass(school, 40)
    lesson = school.lesson
    match what:
        case "zones":
            school.lessons.put(replace(lesson, zones=OTHER_ZONES))
        case "end":
            school.lessons.put(replace(lesson, ends_utc_ns=lesson.starts_utc_ns + 2 * DAY_NS))
        case "start":
            school.lessons.put(
                replace(lesson, starts_utc_ns=lesson.starts_utc_ns + 100 * SECOND_NS)
            )
        case "restart":
            school.start()
        case "old cursor":  # a restored score.db that is behind
            school.scores.commit(cursor=0)
            school.start()
    school.settle()
    assert repr(school.epochs) == repr(before)


def test_zones_edited_while_values_are_there_are_scored(school: School) -> None:
    school.live(range(LENGTH))
    days_pass(school, 20)
    school.lessons.put(replace(school.lesson, zones=OTHER_ZONES))
    school.settle()
    assert {zone.zone for zone in school.epochs[-1].zones} == {"room", "front", "back"}
    assert sensed(school.epochs) == LENGTH // 5 - 12


@pytest.mark.parametrize("is_running", (True, False))
def test_an_end_moved_later_is_scored(school: School, *, is_running: bool) -> None:
    """The kit sampled on; then someone notes that the lesson had not been over."""
    half = school.lesson.starts_utc_ns + LENGTH // 2 * SECOND_NS
    school.lessons.put(replace(school.lesson, ends_utc_ns=half))
    school.live(range(LENGTH))
    school.settle()
    assert len(school.epochs) == LENGTH // 10
    if is_running:
        school.lessons.put(school.lesson)
    else:
        school.clock.advance(3 * 86_400)
        school.lessons.put(school.lesson)
        school.start()
    school.settle()
    assert len(school.epochs) == LENGTH // 5
    assert repr([e.zones for e in school.epochs]) == repr([e.zones for e in WHOLE.epochs])


def test_an_end_moved_later_while_it_runs_ends_with_the_zones_of_the_whole(
    school: School,
) -> None:
    half = school.lesson.starts_utc_ns + LENGTH // 2 * SECOND_NS
    school.lessons.put(replace(school.lesson, ends_utc_ns=half))
    school.live(range(LENGTH // 2))
    school.lessons.put(school.lesson)
    school.live(range(LENGTH // 2, LENGTH))
    school.settle()
    assert repr([e.zones for e in school.epochs]) == repr([e.zones for e in WHOLE.epochs])


def test_a_stop_scores_nothing_again(school: School, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "score")
    school.lessons.put(replace(school.lesson, ends_utc_ns=None))
    school.live(range(LENGTH))
    school.lessons.put(school.lesson)
    school.settle()
    school.start()
    school.settle()
    assert rescored(caplog) == 0
    assert repr(school.epochs) == repr(WHOLE.epochs)


def forget_ticks(directory: Path) -> None:
    """The store lists its last tick only, so that a follower gets the ledger."""
    with closing(sqlite3.connect(directory / "main.db")) as database, database:
        database.execute("DELETE FROM arrivals WHERE tick < (SELECT max(tick) FROM arrivals)")


@pytest.mark.parametrize("days", (20, 40))
def test_after_a_long_absence_only_what_is_not_scored_is_scored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    caplog.set_level("INFO", "score")
    school = School(directory=tmp_path)
    school.live(range(LENGTH))
    before = school.epochs
    days_pass(school, days)
    # While no scorer runs a second lesson passes, and more ticks than the store lists.
    later = replace(
        school.lesson, id="later",
        starts_utc_ns=school.lesson.starts_utc_ns + days * DAY_NS,
        ends_utc_ns=school.lesson.starts_utc_ns + days * DAY_NS + 120 * SECOND_NS,
    )  # fmt: skip
    school.lessons.put(later)
    first = days * 86_400
    for seq in range(first, first + 120, 10):
        school.keep(NODE.batch(seq, 10, values=VALUES[:10]))
    forget_ticks(tmp_path)
    school.clock.advance(300)
    school.start()
    reads: list[int] = []
    read = school.store.read

    def noted(stream_id: int, first_seq: int, last_seq: int) -> list[Periods]:
        reads.append(last_seq)
        return read(stream_id, first_seq, last_seq)

    monkeypatch.setattr(school.store, "read", noted)
    school.settle()
    assert len(school.scores.epochs("later")) == 120 // 5
    assert repr(school.epochs) == repr(before)
    assert rescored(caplog) == 1
    assert min(reads) >= first  # nothing is read of the lesson that is scored
    school.close()


def test_what_was_looked_at_after_a_long_absence_is_not_looked_at_again(tmp_path: Path) -> None:
    school = School(directory=tmp_path)
    school.live(range(LENGTH))
    forget_ticks(tmp_path)
    school.scores.commit(cursor=0)
    school.clock.advance(3_600)
    school.start()
    school.clock.advance(1)
    school.following.step()
    assert school.scores.cursor() == 0  # a lesson waits to be looked at
    school.clock.advance(2)
    while school.following.step():
        pass
    assert school.scores.cursor() == school.store.newest_cursor()
    school.close()


def test_after_a_long_absence_a_hole_that_was_filled_is_scored(tmp_path: Path) -> None:
    school = School(directory=tmp_path)
    school.live(range(200))
    school.live(range(300, LENGTH))
    for seq in range(200, 300, 10):
        school.keep(NODE.batch(seq, 10, waited_ms=None, values=VALUES[seq : seq + 10]))
    forget_ticks(tmp_path)
    school.clock.advance(3_600)
    school.start()
    school.settle()
    assert repr([e.zones for e in school.epochs]) == repr([e.zones for e in WHOLE.epochs])
    school.close()


def test_a_finished_lesson_leaves_memory_after_a_while(school: School) -> None:
    school.live(range(LENGTH))
    assert len(school.following._states) == 1
    school.clock.advance(61)
    school.following.step()
    assert len(school.following._states) == 0
    # What still comes of it, late, is scored from the store.
    school.lessons.put(replace(school.lesson, zones=OTHER_ZONES))
    school.settle()
    assert {zone.zone for zone in school.epochs[-1].zones} == {"room", "front", "back"}
    school.clock.advance(61)
    school.following.step()
    assert len(school.following._states) == 0


def test_a_running_lesson_stays_in_memory(school: School) -> None:
    school.lessons.put(replace(school.lesson, ends_utc_ns=None))
    school.following.step()
    school.live(range(100))
    for _ in range(5):
        school.clock.advance(60)
        school.following.step()
    assert len(school.following._states) == 1


class Counted(MemoryLessonStore):
    """Counts the lessons that it hands out."""

    def __init__(self) -> None:
        super().__init__()
        self.read = 0

    def lessons(self, **which: object) -> list[Lesson]:
        found = super().lessons(**which)  # type: ignore[arg-type]
        self.read += len(found)
        return found


def test_a_change_does_not_make_it_read_every_lesson_there_is() -> None:
    school = School()
    school.lessons = lessons = Counted()
    lessons.put(school.lesson)
    for day in range(-300, 300):
        start = school.lesson.starts_utc_ns + day * DAY_NS + DAY_NS // 2
        lessons.put(
            replace(school.lesson, id=f"day-{day}", starts_utc_ns=start,
                    ends_utc_ns=start + 600 * SECOND_NS)
        )  # fmt: skip
    school.start()
    school.live(range(20))
    lessons.read = 0
    school.lessons.put(replace(school.lesson, title="Decimals"))
    school.live(range(20, 60))
    assert 0 < lessons.read < 50
    assert len(school.epochs) == 12


def test_an_old_lesson_that_was_scored_lately_is_still_watched() -> None:
    """A recording of years ago is played, with the clock of today."""
    school = School()
    school.clock.advance(400 * 86_400)
    for seq in range(LENGTH):
        school.keep(NODE.batch(seq, values=VALUES[seq : seq + 1]))
        school.following.step()
    assert len(school.epochs) == LENGTH // 5
    school.lessons.put(replace(school.lesson, zones=OTHER_ZONES))
    school.settle()
    assert {zone.zone for zone in school.epochs[-1].zones} == {"room", "front", "back"}
