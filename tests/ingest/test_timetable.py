"""Timetables, CSV and iCalendar: what they say, and what is refused with which sentence."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import UsageError
from ingest.calendar_file import read_calendar
from ingest.stores.records import Lesson
from ingest.timetable import Entry, read_csv, without_overlap

BERLIN = ZoneInfo("Europe/Berlin")
LONGEST_NS = 12 * 3_600_000_000_000
HEAD = "room,teacher,title,date,start,end,activities,weekly\n"


def csv(*rows: str) -> list[Entry]:
    return read_csv(HEAD + "\n".join(rows) + "\n", name="plan.csv", zone=BERLIN)


def at(lesson: Lesson) -> str:
    """When a lesson starts and ends, in UTC."""
    assert lesson.ends_utc_ns is not None
    start, end = (
        datetime.fromtimestamp(ns / 1e9, UTC) for ns in (lesson.starts_utc_ns, lesson.ends_utc_ns)
    )
    return f"{start:%Y-%m-%d %H:%M}-{end:%H:%M}"


def test_a_row_is_a_lesson_in_the_schools_time() -> None:
    (entry,) = csv('Room 12,Ms Ada,"Maths, 7b",2026-09-30,09:45,10:30,,')
    lesson = entry.lesson
    assert (lesson.room, lesson.teacher, lesson.title) == ("room-12", "Ms Ada", "Maths, 7b")
    assert at(lesson) == "2026-09-30 07:45-08:30"
    assert lesson.id == "room-12-20260930T074500Z"
    assert lesson.source == "timetable"


def test_weekly_lessons_stay_at_their_hour_over_the_change_of_clocks() -> None:
    entries = csv("r1,T,,2026-10-21,09:00,09:45,,2026-11-04")
    assert [at(entry.lesson) for entry in entries] == [
        "2026-10-21 07:00-07:45",
        "2026-10-28 08:00-08:45",
        "2026-11-04 08:00-08:45",
    ]


def test_activities_are_seconds_since_the_start() -> None:
    (entry,) = csv("r1,T,,2026-09-30,09:00,09:45,test 09:10-09:30|whole_class 09:00-09:10,")
    assert [(a.name, a.start_s, a.end_s) for a in entry.lesson.activities] == [
        ("whole_class", 0, 600),
        ("test", 600, 1800),
    ]


def test_semicolons_a_byte_order_mark_and_empty_lines_are_fine() -> None:
    text = "Room;Teacher;Title;Date;Start;End\n\nr1;T;;2026-09-30;09:00;09:45\n;;;;;\n"
    assert len(read_csv(text, name="plan.csv", zone=BERLIN)) == 1


@pytest.mark.parametrize(
    ("row", "said"),
    (
        ("r1,T,,30.9.2026,09:00,09:45,,", "line 2: date is '30.9.2026', expected such as 2026"),
        ("r1,T,,2026-09-30,9 am,09:45,,", "line 2: start is '9 am', expected such as 09:45"),
        ("r1,T,,2026-09-30,09:00,08:45,,", "line 2: end 08:45 is not after start 09:00"),
        ("r1,,,2026-09-30,09:00,09:45,,", "line 2: teacher is empty"),
        ("Café!,T,,2026-09-30,09:00,09:45,,", "can't be a room's name"),
        ("ingest,T,,2026-09-30,09:00,09:45,,", "can't be a room's name"),
        ("r1,T,,2026-09-30,09:00,09:45,nap 09:00-09:10,", "activities has 'nap 09:00-09:10'"),
        ("r1,T,,2026-09-30,09:00,09:45,test 08:00-09:10,", "not inside the lesson"),
        ("r1,T,,2026-09-30,09:00,09:45,test 09:00-09:20|test 09:10-09:30,", "overlap"),
        ("r1,T,,2026-09-30,09:00,09:45,,2026-01-01", "weekly is '2026-01-01'"),
        ("r1,T,,2026-09-30,09:00,09:45,,,surplus", "more values than columns"),
    ),
)
def test_a_wrong_row_is_refused_with_its_line(row: str, said: str) -> None:
    with pytest.raises(UsageError, match=r"plan\.csv, line 2") as refused:
        csv(row)
    assert said in str(refused.value)


@pytest.mark.parametrize("head", ("room,teacher\n", HEAD.replace("room", "rooms"), "", "\x00\n"))
def test_a_wrong_first_line_is_refused(head: str) -> None:
    with pytest.raises(UsageError, match=r"the first line|not CSV"):
        read_csv(head, name="plan.csv", zone=BERLIN)


def test_two_lessons_at_once_in_a_room_are_refused_with_both_lines() -> None:
    entries = csv(
        "r1,T,,2026-09-30,09:00,09:45,,",
        "r2,T,,2026-09-30,09:00,09:45,,",
        "r1,U,,2026-09-30,09:44,10:00,,",
    )
    with pytest.raises(UsageError, match=r"line 4 overlaps plan\.csv, line 2 in room r1"):
        without_overlap(entries, [], LONGEST_NS)


def test_lessons_may_follow_without_a_break() -> None:
    entries = csv("r1,T,,2026-09-30,09:00,09:45,,", "r1,U,,2026-09-30,09:45,10:00,,")
    assert len(without_overlap(entries, [], LONGEST_NS)) == 2


def test_importing_again_replaces_and_keeps_what_the_file_does_not_say() -> None:
    (old,) = csv("r1,T,,2026-09-30,09:00,09:45,test 09:00-09:10,")
    stored = [Lesson(**{**vars_of(old.lesson), "video": "/v.mp4"})]
    (new,) = without_overlap(csv("r1,U,new,2026-09-30,09:00,09:40,,"), stored, LONGEST_NS)
    assert (new.teacher, new.title, new.video) == ("U", "new", "/v.mp4")
    assert new.activities == old.lesson.activities


def test_a_stored_lesson_at_the_same_time_is_named() -> None:
    (old,) = csv("r1,T,,2026-09-30,09:00,09:45,,")
    with pytest.raises(UsageError, match="the stored lesson r1-20260930T070000Z"):
        without_overlap(csv("r1,T,,2026-09-30,09:30,09:50,,"), [old.lesson], LONGEST_NS)


def test_a_stored_lesson_that_nobody_ended_is_in_the_way_until_it_counts_as_over() -> None:
    (old,) = csv("r1,T,,2026-09-30,07:00,07:45,,")
    forgotten = Lesson(**{**vars_of(old.lesson), "ends_utc_ns": None})
    assert without_overlap(csv("r1,T,,2026-09-30,19:00,19:45,,"), [forgotten], LONGEST_NS)
    with pytest.raises(UsageError, match="overlaps the stored lesson"):
        without_overlap(csv("r1,T,,2026-09-30,18:59,19:45,,"), [forgotten], LONGEST_NS)


def vars_of(lesson: Lesson) -> dict[str, object]:
    return {name: getattr(lesson, name) for name in lesson.__slots__}


# ---------------------------------------------------------------- iCalendar

EVENT = """BEGIN:VEVENT
UID:{uid}
SUMMARY:Maths
LOCATION:Room 12
ORGANIZER;CN=Ms Ada:mailto:ada@school.example
DTSTART;TZID=Europe/Berlin:{start}
DTEND;TZID=Europe/Berlin:{end}
{more}END:VEVENT
"""


def calendar(*events: str, **options: object) -> list[Entry]:
    text = (
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//y//EN\n" + "".join(events) + "END:VCALENDAR\n"
    )
    span: dict[str, object] = {
        "first": datetime(2026, 10, 1, tzinfo=UTC),
        "last": datetime(2026, 12, 1, tzinfo=UTC),
    }
    return read_calendar(
        text.replace("\n", "\r\n"),
        name="plan.ics",
        zone=BERLIN,
        **(span | options),  # type: ignore[arg-type]
    )


def event(start: str = "20261021T090000", end: str = "20261021T094500", more: str = "") -> str:
    return EVENT.format(uid="1", start=start, end=end, more=more)


def test_an_event_is_a_lesson() -> None:
    (entry,) = calendar(event())
    lesson = entry.lesson
    assert (lesson.room, lesson.teacher, lesson.title) == ("room-12", "Ms Ada", "Maths")
    assert at(lesson) == "2026-10-21 07:00-07:45"


def test_a_series_skips_its_exceptions_and_keeps_its_hour() -> None:
    rule = "RRULE:FREQ=WEEKLY;UNTIL=20261111T230000Z\nEXDATE;TZID=Europe/Berlin:20261104T090000\n"
    assert [at(entry.lesson) for entry in calendar(event(more=rule))] == [
        "2026-10-21 07:00-07:45",
        "2026-10-28 08:00-08:45",
        "2026-11-11 08:00-08:45",
    ]


def test_one_lesson_of_a_series_that_was_moved_or_cancelled() -> None:
    series = event(more="RRULE:FREQ=WEEKLY;COUNT=3\n")
    moved = event(
        "20261028T110000", "20261028T114500", "RECURRENCE-ID;TZID=Europe/Berlin:20261028T090000\n"
    )
    cancelled = event(
        "20261104T090000",
        "20261104T094500",
        "STATUS:CANCELLED\nRECURRENCE-ID;TZID=Europe/Berlin:20261104T090000\n",
    )
    entries = calendar(series, moved, cancelled)
    assert sorted(at(entry.lesson) for entry in entries) == [
        "2026-10-21 07:00-07:45",
        "2026-10-28 10:00-10:45",
    ]


def test_a_duration_and_a_time_without_a_zone() -> None:
    text = event().replace("DTEND;TZID=Europe/Berlin:20261021T094500", "DURATION:PT30M")
    text = text.replace("DTSTART;TZID=Europe/Berlin:", "DTSTART:")
    (entry,) = calendar(text)
    assert at(entry.lesson) == "2026-10-21 07:00-07:30"


def test_whole_days_are_no_lessons_and_what_lies_outside_the_span_is_left_out() -> None:
    day = event().replace(";TZID=Europe/Berlin:20261021T090000", ";VALUE=DATE:20261021")
    assert calendar(day) == []
    assert calendar(event("20260921T090000", "20260921T094500")) == []


def test_room_and_teacher_may_be_given() -> None:
    text = event().replace("LOCATION:Room 12\n", "")
    text = text.replace("ORGANIZER;CN=Ms Ada:mailto:ada@school.example\n", "")
    (entry,) = calendar(text, room="r7", teacher="Mr Bo")
    assert (entry.lesson.room, entry.lesson.teacher) == ("r7", "Mr Bo")


@pytest.mark.parametrize(
    ("text", "said"),
    (
        (event().replace("LOCATION:Room 12\n", ""), "has no LOCATION"),
        (event().replace("ORGANIZER;CN=Ms Ada:mailto:ada@school.example\n", ""), "--teacher"),
        (event(more="RRULE:FREQ=SECONDLY\n"), "RRULE can't be followed"),
        (event(end="20261021T080000"), "it lasts"),
        (event().replace("DTEND;TZID=Europe/Berlin:20261021T094500\n", ""), "has no end"),
        (event().replace("DTSTART;TZID=Europe/Berlin:20261021T090000\n", ""), "has no DTSTART"),
    ),
)
def test_a_wrong_event_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=r"plan\.ics, event 'Maths'") as refused:
        calendar(text)
    assert said in str(refused.value)


@given(text=st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    for reading in (
        lambda: read_csv(text, name="x", zone=BERLIN),
        lambda: read_csv(HEAD + text, name="x", zone=BERLIN),
        lambda: read_calendar(
            text, name="x", zone=BERLIN, first=datetime(2026, 1, 1, tzinfo=UTC),
            last=datetime(2026, 2, 1, tzinfo=UTC),
        ),
    ):  # fmt: skip
        try:
            reading()
        except UsageError:
            continue


@given(cut=st.integers(0, 400), byte=st.characters(max_codepoint=127))
def test_a_damaged_calendar_is_read_or_refused(cut: int, byte: str) -> None:
    text = event(more="RRULE:FREQ=WEEKLY;COUNT=3\nEXDATE;TZID=Europe/Berlin:20261028T090000\n")
    try:
        calendar(text[:cut] + byte + text[cut + 1 :])
    except UsageError:
        return
