"""No alert stands when its lesson is over, however that came, and its end is the same each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from contract.errors import StoreError
from ingest.stores.records import AlertRecord
from tests.ingest.node import SECOND_NS
from tests.ingest.school import LENGTH, LOUD, NODE, VALUES, WHOLE, School
from tests.ingest.scoring.test_score_limits import add_room, in_memory

STOP = LOUD.start + 63
"""What the node has sent by then."""
LEFT_OFF = STOP - STOP % 5
"""When its last whole epoch ended."""


def end_lesson(school: School, at_s: int | None) -> None:
    ends_ns = None if at_s is None else school.lesson.starts_utc_ns + at_s * SECOND_NS
    school.lessons.put(replace(school.lesson, ends_utc_ns=ends_ns))


def begun(**limits: float) -> School:
    """A lesson that somebody is to end."""
    school = School(**limits)
    end_lesson(school, None)
    return school


def alerted(**limits: float) -> School:
    school = begun(**limits)
    school.live(range(STOP))
    assert {alert.zone for alert in standing(school)} == {"room", "left", "right"}
    return school


def pass_minutes(school: School, minutes: int = 4) -> None:
    for _ in range(minutes):
        school.clock.advance(61)
        while school.following.step():
            pass


def standing(school: School) -> list[AlertRecord]:
    return [alert for alert in school.alerts if alert.cleared_utc_ns is None]


def ends(school: School) -> set[float | None]:
    """Seconds of the lesson at which its alerts were cleared."""
    return {
        None if a.cleared_utc_ns is None
        else (a.cleared_utc_ns - school.lesson.starts_utc_ns) / SECOND_NS
        for a in school.alerts
    }  # fmt: skip


def put_out(school: School) -> None:
    """Another room's lesson takes the place in memory."""
    school.live(range(5), add_room(school, 2))
    assert in_memory(school) == ["lesson-2"]


def goes_on_outside(school: School) -> None:
    school.live(range(STOP, LENGTH))


def fails_to_write(school: School) -> None:
    """The scorer ends the alerts, but the disk is full; then it begins anew."""
    commit = school.scores.commit

    def full(**_: object) -> None:
        raise StoreError("score.db: the disk is full.")

    school.scores.commit = full  # type: ignore[method-assign,assignment]
    with pytest.raises(StoreError):
        pass_minutes(school)
    school.scores.commit = commit  # type: ignore[method-assign]
    school.start()


CASES: dict[str, Callable[[School], None]] = {
    "silent": lambda _: None,
    "goes on outside": goes_on_outside,
    "restarted": School.start,
    "put out of memory": put_out,
    "fails to write": fails_to_write,
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("ends_s", (STOP, STOP - 1, LEFT_OFF, STOP - 6))
def test_alerts_end_with_a_lesson_that_a_person_ends(ends_s: int, case: str) -> None:
    school = alerted(max_open=1)
    end_lesson(school, ends_s)
    CASES[case](school)
    pass_minutes(school)
    assert ends(school) == {ends_s}
    assert [alert.id for alert in school.alerts] == [alert.id for alert in WHOLE.alerts]


@pytest.mark.parametrize("case", ("silent", "restarted", "put out of memory"))
def test_alerts_end_with_a_lesson_that_is_ended_while_it_is_not_looked_at(case: str) -> None:
    school = alerted(max_open=1)
    CASES[case](school)
    pass_minutes(school)
    assert ends(school) == {LEFT_OFF}  # nobody has ended it, but nothing is heard of the room
    end_lesson(school, STOP + 20)
    pass_minutes(school)
    assert ends(school) == {LEFT_OFF}


@pytest.mark.parametrize("is_ended", (False, True))
@pytest.mark.parametrize("case", CASES)
def test_alerts_end_with_a_lesson_that_nobody_ends(case: str, *, is_ended: bool) -> None:
    school = alerted(longest_h=(STOP + 30) / 3_600, max_open=1)
    CASES[case](school)
    pass_minutes(school)
    if is_ended:
        end_lesson(school, STOP + 1_000)
        pass_minutes(school)
    assert ends(school) == {STOP + 30 if case == "goes on outside" else LEFT_OFF}


def test_alerts_of_a_lesson_that_nobody_ends_end_as_its_last_second_comes() -> None:
    school = begun(longest_h=STOP / 3_600)
    school.live(range(STOP))
    assert ends(school) == {STOP}


@pytest.mark.parametrize("case", ("silent", "restarted", "put out of memory"))
def test_alerts_of_a_lesson_that_runs_end_when_nothing_is_heard_for_two_minutes(case: str) -> None:
    school = alerted(max_open=1)
    end_lesson(school, 2 * LENGTH)
    school.clock.now_ns = STOP * SECOND_NS
    CASES[case](school)
    school.clock.advance(110)
    school.following.step()
    assert ends(school) == {None}
    pass_minutes(school, 2)
    assert school.clock.now_ns < 2 * LENGTH * SECOND_NS
    assert ends(school) == {LEFT_OFF}
    pass_minutes(school, 9)
    assert ends(school) == {LEFT_OFF}


def test_alerts_of_a_run_that_died_end_while_the_next_one_sends() -> None:
    school = alerted()
    end_lesson(school, 2 * LENGTH)
    first = school.alerts
    again = replace(NODE.again(8), run_boot_ns=STOP * SECOND_NS)
    school.keep(again.birth(), again.timebase(school.clock.utc_at_boot_ns))
    for seq in range(190):
        school.clock.advance(1)
        school.keep(again.batch(seq, values=VALUES[:1]))
        school.following.step()
    assert {alert.id for alert in school.alerts} == {alert.id for alert in first}
    assert ends(school) == {LEFT_OFF}


@pytest.mark.parametrize("case", ("silent", "restarted", "put out of memory"))
def test_what_still_stands_when_a_room_is_heard_of_again_is_raised_anew(case: str) -> None:
    """Held up on its way to the scorer, so that by the room's own time nothing is missing."""
    school = alerted(max_open=1)
    end_lesson(school, 2 * LENGTH)
    before = {alert.id for alert in school.alerts}
    CASES[case](school)
    pass_minutes(school)
    assert ends(school) == {LEFT_OFF}
    for seq in range(STOP, STOP + 10):
        school.keep(NODE.batch(seq, values=VALUES[seq : seq + 1]))
        school.following.step()
    anew = [alert for alert in school.alerts if alert.id not in before]
    assert {alert.zone for alert in anew} == {"room", "left", "right"}
    assert all(alert.cleared_utc_ns is None for alert in anew)


def test_a_recording_of_another_year_keeps_its_alerts_while_it_is_put_out_of_memory() -> None:
    """By the clock its lesson is over all the time; only silence tells that it is."""
    school = School(max_open=1)
    other = add_room(school, 2)
    school.clock.utc_at_boot_ns += 8 * 365 * 86_400 * SECOND_NS
    for first in range(0, LENGTH, 40):
        school.live(range(first, first + 40))
        school.live(range(first, first + 35), other)
        assert in_memory(school) == ["lesson-2"]
        for _ in range(2):
            school.clock.advance(25)
            school.following.step()
    pass_minutes(school)
    assert school.alerts == WHOLE.alerts


@pytest.mark.parametrize("case", ("silent", "restarted"))
def test_a_lesson_scored_again_keeps_the_ends_of_its_alerts(case: str) -> None:
    school = begun()
    school.live(range(100))
    school.live(range(110, STOP))
    end_lesson(school, STOP)
    CASES[case](school)
    pass_minutes(school)
    before = school.alerts
    assert ends(school) == {STOP}
    written = school.scores.version()
    school.backlog(100, 110)
    CASES[case](school)
    school.settle()
    assert school.scores.version() > written
    rooms, whole = ([e.zones[0] for e in epochs[:70]] for epochs in (school.epochs, WHOLE.epochs))
    assert repr(rooms) == repr(whole)
    pass_minutes(school)
    assert school.alerts == before


def test_what_is_in_line_to_be_scored_again_is_waited_for() -> None:
    """Its last epoch may be a later one then."""
    school = alerted(rescore_quiet_s=1_000, rescore_max_wait_s=1_000)
    school.settle()
    end_lesson(school, STOP + 40)
    school.start()
    school.backlog(STOP, STOP + 30)
    pass_minutes(school)
    assert ends(school) == {None}
    pass_minutes(school, 30)
    assert ends(school) == {LEFT_OFF + 30}


def test_what_an_earlier_version_left_open_ends_with_its_lesson() -> None:
    """Its epochs are gone, and its id may say nothing."""
    school = School()
    left = replace(WHOLE.alerts[0], id="a1", cleared_utc_ns=None)
    school.scores.commit(cursor=0, alerts=[left, replace(left, id="a2", lesson="unknown")])
    school.clock.now_ns = LENGTH * SECOND_NS
    school.start()
    pass_minutes(school)
    assert ends(school) == {LENGTH}
    assert [alert.id for alert in school.scores.open_alerts()] == ["a2"]


def test_alerts_of_a_kit_that_the_store_knows_no_more_end_with_the_last_epoch() -> None:
    school = alerted()
    end_lesson(school, STOP + 20)
    school.store.streams = lambda room=None: []  # type: ignore[method-assign]
    school.start()
    school.store.changes = lambda cursor: (cursor, [])  # type: ignore[method-assign]
    pass_minutes(school)
    assert ends(school) == {LEFT_OFF}


def test_alerts_that_are_over_are_not_written_again() -> None:
    school = alerted()
    end_lesson(school, STOP)
    pass_minutes(school)
    school.start()
    pass_minutes(school)
    written = school.scores.version()
    pass_minutes(school)
    assert school.scores.version() == written
    school.keep(NODE.batch(STOP + 5, values=VALUES[STOP + 5 : STOP + 6]))  # outside
    pass_minutes(school)
    assert {alert.id for alert in school.alerts} == {alert.id for alert in WHOLE.alerts}
    assert ends(school) == {STOP}
