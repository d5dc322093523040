"""Lessons out of calendars: what events say, and what is refused with which sentence."""

from __future__ import annotations

import pytest

from contract.errors import UsageError
from school.timetable.entries import Rooms
from tests.school.timetable.calendars import at, calendar, event, read, times

ORGANIZER = "ORGANIZER;CN=Ms Ada:mailto:ada@school.example\n"


def test_an_event_is_a_lesson() -> None:
    (entry,) = read(calendar(event())).entries
    lesson = entry.lesson
    assert (lesson.room, lesson.teacher, lesson.title) == ("room-12", "Ms Ada", "Maths")
    assert at(lesson) == "10-21 07:00-07:45"
    assert (entry.event, entry.occurrence) == ("1", "")
    assert entry.where == "plan.ics, event 'Maths' on 2026-10-21 09:00"


def test_an_id_follows_from_uid_and_occurrence_and_from_nothing_else() -> None:
    (entry,) = read(calendar(event())).entries
    (moved,) = read(calendar(event("20261022T091000", "20261022T095500", room="r2"))).entries
    assert moved.lesson.id == entry.lesson.id == "6b86b273ff34"
    (first, second) = read(calendar(event(more="RRULE:FREQ=WEEKLY;COUNT=2\n"))).entries
    assert first.lesson.id == "6b86b273ff34-20261021T070000Z"
    assert second.lesson.id == "6b86b273ff34-20261028T080000Z"
    assert second.occurrence == "20261028T080000Z"


def test_an_event_without_uid_has_the_id_of_its_place_and_time() -> None:
    two = event().replace("UID:1\n", "") + event(room="r2").replace("UID:1\n", "")
    assert [entry.lesson.id for entry in read(calendar(two)).entries] == [
        "room-12-20261021T070000Z",
        "r2-20261021T070000Z",
    ]


def test_a_series_skips_its_exceptions_and_keeps_its_hour() -> None:
    rule = "RRULE:FREQ=WEEKLY;UNTIL=20261111T230000Z\nEXDATE;TZID=Europe/Berlin:20261104T090000\n"
    assert times(event(more=rule)) == [
        "10-21 07:00-07:45",
        "10-28 08:00-08:45",
        "11-11 08:00-08:45",
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
    for events in ((series, moved, cancelled), (cancelled, moved, series)):
        entries = read(calendar(*events)).entries
        assert [at(entry.lesson) for entry in entries] == [
            "10-21 07:00-07:45",
            "10-28 10:00-10:45",
        ]
        assert entries[1].occurrence == "20261028T080000Z"


def test_added_dates_and_their_periods() -> None:
    more = (
        "RDATE;TZID=Europe/Berlin:20261022T100000\n"
        "RDATE;VALUE=DATE:20261023\n"
        "RDATE;VALUE=PERIOD:20261026T090000Z/PT30M,20261027T090000Z/20261027T091500Z\n"
        "EXDATE;VALUE=DATE:20261021\n"
    )
    assert times(event(more=more)) == [
        "10-22 08:00-08:45",
        "10-23 07:00-07:45",
        "10-26 09:00-09:30",
        "10-27 09:00-09:15",
    ]


def test_a_duration_and_a_time_without_a_zone() -> None:
    text = event().replace("DTEND;TZID=Europe/Berlin:20261021T094500", "DURATION:PT30M")
    text = text.replace("DTSTART;TZID=Europe/Berlin:", "DTSTART:")
    assert times(text) == ["10-21 07:00-07:30"]
    assert times(text, head="X-WR-TIMEZONE:America/New_York\n") == ["10-21 13:00-13:30"]


def test_a_series_in_utc_follows_the_zone_that_its_calendar_is_shown_in() -> None:
    text = event(more="RRULE:FREQ=WEEKLY;COUNT=2\n").replace(";TZID=Europe/Berlin", "")
    text = text.replace("20261021T090000", "20261021T070000Z").replace(
        "20261021T094500", "20261021T074500Z"
    )
    assert times(text) == ["10-21 07:00-07:45", "10-28 07:00-07:45"]
    assert times(text, head="X-WR-TIMEZONE:Europe/Berlin\n") == [
        "10-21 07:00-07:45",
        "10-28 08:00-08:45",
    ]


def test_whole_days_are_no_lessons_and_what_lies_outside_the_span_is_left_out() -> None:
    day = event().replace(";TZID=Europe/Berlin:20261021T090000", ";VALUE=DATE:16041021")
    day = day.replace(";TZID=Europe/Berlin:20261021T094500", ";VALUE=DATE:16041022")
    assert times(day) == []
    assert times(event("20260921T090000", "20260921T094500")) == []
    assert not read(calendar(event("20260921T090000", "20260921T094500"))).is_later
    assert read(calendar(event("20270921T090000", "20270921T094500"))).is_later


def test_an_occurrence_of_a_whole_day_takes_the_place_of_its_lesson() -> None:
    trip = (
        "BEGIN:VEVENT\nUID:1\nSUMMARY:Trip\nRECURRENCE-ID;VALUE=DATE:20261028\n"
        "DTSTART;VALUE=DATE:20261028\nDTEND;VALUE=DATE:20261029\nEND:VEVENT\n"
    )
    assert times(event(more="RRULE:FREQ=WEEKLY;COUNT=3\n"), trip) == [
        "10-21 07:00-07:45",
        "11-04 08:00-08:45",
    ]


def test_room_and_teacher_may_be_given() -> None:
    text = calendar(event().replace("LOCATION:Room 12\n", "").replace(ORGANIZER, ""))
    (entry,) = read(text, room="r7", teacher="Mr Bo").entries
    assert (entry.lesson.room, entry.lesson.teacher) == ("r7", "Mr Bo")


def test_names_of_rooms_are_translated() -> None:
    rooms = Rooms(by_name={"bio-saal (e.12)": "room-12"})
    (entry,) = read(calendar(event(room="Bio-Saal (E.12)")), rooms=rooms).entries
    assert entry.lesson.room == "room-12"


def test_a_title_is_one_line() -> None:
    (entry,) = read(calendar(event(title="Maths\\n7b \t"))).entries
    assert entry.lesson.title == "Maths 7b"


@pytest.mark.parametrize(
    ("text", "said"),
    (
        (event().replace("LOCATION:Room 12\n", ""), "it has no LOCATION"),
        (event(room="Sports hall & pool"), "'Sports hall & pool' can't be a room's name"),
        (event().replace(ORGANIZER, ""), "it has no ORGANIZER"),
        (event(end="20261021T230000"), "it lasts 14:00:00"),
    ),
)
def test_what_is_no_lesson_is_refused_or_listed(text: str, said: str) -> None:
    good = event("20261022T090000", "20261022T094500", uid="2")
    with pytest.raises(UsageError, match="leave it out with --skip-unknown") as refused:
        read(calendar(text, good))
    assert f"plan.ics, event 'Maths' of 2026-10-21: {said}; " in str(refused.value)
    reading = read(calendar(text, good), skips_unknown=True)
    assert [at(entry.lesson) for entry in reading.entries] == ["10-22 07:00-07:45"]
    assert reading.left_out == (f"plan.ics, event 'Maths' of 2026-10-21: {said}",)


def test_a_series_that_is_no_lesson_is_listed_once() -> None:
    text = calendar(event(more="RRULE:FREQ=DAILY;COUNT=9\n", room="!"))
    assert read(text, skips_unknown=True).left_out == (
        "plan.ics, event 'Maths' of 2026-10-21: '!' can't be a room's name",
    )


@pytest.mark.parametrize(
    "more", ("", "DTEND;TZID=Europe/Berlin:20261021T090000\n", "DURATION:PT0S\n")
)
def test_an_event_without_length_is_left_out_and_said_so(more: str) -> None:
    text = event().replace("DTEND;TZID=Europe/Berlin:20261021T094500\n", more)
    reading = read(calendar(text, event("20261022T090000", "20261022T094500", uid="2")))
    assert [at(entry.lesson) for entry in reading.entries] == ["10-22 07:00-07:45"]
    assert reading.left_out == ("plan.ics, event 'Maths' of 2026-10-21: it has no length",)


@pytest.mark.parametrize(
    ("text", "said"),
    (
        (event(more="RRULE:FREQ=SECONDLY\n"), "RRULE can't be followed"),
        (event(more="RRULE:FREQ=DAILY;RSCALE=CHINESE\n"), "(RSCALE is not supported)"),
        (event(more="RRULE:FREQ=DAILY;COUNT=3;UNTIL=20261111\n"), "has both COUNT and UNTIL"),
        (event(more="RRULE:FREQ=DAILY;COUNT=-1\n"), "RRULE can't be followed (COUNT=-1)"),
        (event(more="RRULE:FREQ=DAILY;BYHOUR=8,9;BYMINUTE=0,1,2,3,4,5,6,7,8,9,10,11,12,13\n"),
         "RRULE can't be followed (28 times a day)"),
        (event(more="EXRULE:FREQ=WEEKLY\n"), "its EXRULE is not supported"),
        (event(more="RECURRENCE-ID;RANGE=THISANDPRIOR:20261021T070000Z\n"), "RANGE=THISANDPRIOR"),
        (event(more="DTSTART:20261021T070000Z\n"), "it has more than one DTSTART"),
        (event(more="SEQUENCE:high\n"), "its SEQUENCE can't be read"),
        (event(end="20261021T080000"), "it ends before it starts"),
        (event().replace("DTEND;TZID=Europe/Berlin:20261021T094500", "DTEND;VALUE=DATE:20261022"),
         "its DTEND is a day"),
        (event().replace("DTSTART;TZID=Europe/Berlin:20261021T090000\n", ""), "has no DTSTART"),
    ),
)  # fmt: skip
def test_a_wrong_event_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=r"^plan\.ics, event 'Maths'") as refused:
        read(calendar(text), skips_unknown=True)
    assert said in str(refused.value)
