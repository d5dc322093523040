"""Faults that calendars of real programs have brought out, each with the right value."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from contract.errors import UsageError
from tests.school.timetable.calendars import ZONE, at, calendar, event, read, times

WEEKLY = "RRULE:FREQ=WEEKLY;COUNT=4\n"
SECOND = "RECURRENCE-ID;TZID=Europe/Berlin:20261028T090000\n"


def moved(more: str = "", start: str = "110000", end: str = "114500") -> str:
    """The second lesson of the series, at eleven."""
    return event(f"20261028T{start}", f"20261028T{end}", SECOND + more)


def test_an_override_that_carries_the_rule_along_stands_for_one_lesson() -> None:
    assert times(event(more=WEEKLY), moved(WEEKLY)) == [
        "10-21 07:00-07:45",
        "10-28 10:00-10:45",
        "11-04 08:00-08:45",
        "11-11 08:00-08:45",
    ]


def test_a_range_moves_all_that_follow() -> None:
    later = event(
        "20261029T100000",
        "20261029T110000",
        "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20261028T090000\n",
        room="r2",
    )
    entries = read(calendar(event(more=WEEKLY), later)).entries
    assert [(at(entry.lesson), entry.lesson.room) for entry in entries] == [
        ("10-21 07:00-07:45", "room-12"),
        ("10-29 09:00-10:00", "r2"),
        ("11-05 09:00-10:00", "r2"),
        ("11-12 09:00-10:00", "r2"),
    ]
    # Each has the id that it had before it was moved.
    assert [entry.occurrence for entry in entries] == [
        entry.occurrence for entry in read(calendar(event(more=WEEKLY))).entries
    ]


def test_a_range_whose_first_lesson_is_changed_once_more_holds_for_the_others() -> None:
    span = "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20261028T090000\n"
    later = event("20261028T100000", "20261028T104500", f"{span}SEQUENCE:1\n")
    for events in ([later, moved("SEQUENCE:2\n")], [moved("SEQUENCE:2\n"), later]):
        assert times(event(more=WEEKLY), *events) == [
            "10-21 07:00-07:45",
            "10-28 10:00-10:45",
            "11-04 09:00-09:45",
            "11-11 09:00-09:45",
        ]
    assert times(event(more=WEEKLY), later, moved("SEQUENCE:0\n"))[1] == "10-28 09:00-09:45"


def test_a_rule_that_no_library_understands_is_quoted() -> None:
    with pytest.raises(UsageError, match=r"RRULE can't be followed \(FREQ=DAILY;BYHOUR=99\)\.$"):
        times(event(more="RRULE:FREQ=DAILY;BYHOUR=99\n"))


def test_a_range_that_is_cancelled_ends_the_series() -> None:
    end = event(
        "20261028T090000",
        "20261028T094500",
        "STATUS:CANCELLED\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20261028T090000\n",
    )
    assert times(event(more=WEEKLY), end) == ["10-21 07:00-07:45"]


@pytest.mark.parametrize("is_turned", (False, True))
def test_of_two_overrides_of_a_lesson_the_highest_sequence_holds(*, is_turned: bool) -> None:
    both = [moved("SEQUENCE:2\n"), moved("SEQUENCE:1\n", "120000", "124500")]
    entries = times(event(more=WEEKLY), *(both[::-1] if is_turned else both))
    assert "10-28 10:00-10:45" in entries
    assert len(entries) == 4


@pytest.mark.parametrize("is_turned", (False, True))
def test_of_one_uid_twice_the_highest_sequence_holds(*, is_turned: bool) -> None:
    both = [
        event(more="SEQUENCE:10\n"),
        event("20261022T090000", "20261022T094500", "SEQUENCE:9\n"),
    ]
    assert times(*(both[::-1] if is_turned else both)) == ["10-21 07:00-07:45"]


def test_without_a_sequence_the_newest_holds_and_equals_are_one() -> None:
    newer = event(more="LAST-MODIFIED:20260902T000000Z\n")
    older = event("20261022T090000", "20261022T094500", "LAST-MODIFIED:20260901T000000Z\n")
    assert times(older, newer) == ["10-21 07:00-07:45"]
    assert times(event(), event()) == ["10-21 07:00-07:45"]


def test_a_uid_twice_in_the_past_is_no_reason_to_refuse_what_comes() -> None:
    old = [
        event(f"202510{day}T090000", f"202510{day}T094500", uid="old", title=title)
        for day, title in ((21, "Maths"), (22, "Art"))
    ]
    assert times(*old, event()) == ["10-21 07:00-07:45"]
    # A newer version that lies in the past still replaces the one that lies ahead.
    assert times(event(), event("20260901T090000", "20260901T094500", "SEQUENCE:1\n")) == []


def test_what_only_its_date_of_writing_makes_older_is_listed() -> None:
    newer = event(more="DTSTAMP:20260902T000000Z\n")
    other = event("20261022T090000", "20261022T094500", "DTSTAMP:20260901T000000Z\n", title="Art")
    reading = read(calendar(newer, other))
    assert [at(entry.lesson) for entry in reading.entries] == ["10-21 07:00-07:45"]
    assert reading.left_out == (
        "plan.ics, event 'Art' of 2026-10-22: a newer event has its UID '1'",
    )
    # SEQUENCE says itself which one is meant.
    assert read(calendar(newer.replace("DTSTAMP", "SEQUENCE:1\nDTSTAMP"), other)).left_out == ()


def test_a_uid_twice_that_nothing_orders_is_refused() -> None:
    with pytest.raises(UsageError, match=r"event 'Art' .* and plan\.ics, event 'Maths' .* 'u1'"):
        times(event(uid="u1"), event(uid="u1", title="Art"))


@pytest.mark.parametrize(
    "original",
    (
        "RECURRENCE-ID;VALUE=DATE:20261028",
        "RECURRENCE-ID;TZID=Europe/Berlin:20261028T000000",
        "RECURRENCE-ID:20261028T080000Z",
        "RECURRENCE-ID:20261028T090000",
        "RECURRENCE-ID;TZID=Europe/London:20261028T080000",
    ),
)
def test_a_recurrence_id_may_be_a_day_or_in_another_zone(original: str) -> None:
    override = event("20261028T110000", "20261028T114500", f"{original}\n")
    assert times(event(more=WEEKLY), override)[:2] == ["10-21 07:00-07:45", "10-28 10:00-10:45"]
    assert len(times(event(more=WEEKLY), override)) == 4


def test_midnight_in_utc_is_a_time_of_day_elsewhere() -> None:
    text = event(more="RRULE:FREQ=DAILY;COUNT=2\n").replace(
        "Europe/Berlin:20261021T09", "Asia/Tokyo:20261021T09"
    )
    text = text.replace("Europe/Berlin:20261021T094500", "Asia/Tokyo:20261021T094500")
    override = event(more="RECURRENCE-ID:20261022T000000Z\nSTATUS:CANCELLED\n")
    assert times(text, override) == ["10-21 00:00-00:45"]


def test_an_excluded_time_in_utc_is_not_taken_for_one_on_the_wall() -> None:
    twice = event(more="RRULE:FREQ=DAILY;COUNT=2;BYHOUR=7,9\nEXDATE:20261021T070000Z\n")
    assert times(twice) == ["10-22 05:00-05:45"]


def test_until_before_the_start_makes_no_lesson_up() -> None:
    assert times(event(more="RRULE:FREQ=WEEKLY;UNTIL=20261020T070000Z\n")) == []


@pytest.mark.parametrize(
    "until", ("20261104", "20261104T080000Z", "20261104T090000", "20261104T225959Z")
)
def test_until_includes_the_last_lesson_in_any_form(until: str) -> None:
    assert times(event(more=f"RRULE:FREQ=WEEKLY;UNTIL={until}\n"))[-1] == "11-04 08:00-08:45"


def test_a_calendar_that_cancels_is_not_taken_in() -> None:
    with pytest.raises(UsageError, match=r"^plan\.ics: it cancels events \(METHOD:CANCEL\)"):
        times(event(more=WEEKLY), head="METHOD:CANCEL\n")
    text = calendar(event(more=WEEKLY), event(uid="2", room="r2"), head="METHOD:PUBLISH\n")
    text += calendar(event(more="SEQUENCE:1\n"), head="METHOD:CANCEL\n")
    assert [entry.lesson.room for entry in read(text).entries] == ["r2"]


@pytest.mark.parametrize("method", ("REPLY", "COUNTER", "REFRESH"))
def test_other_messages_are_no_timetables(method: str) -> None:
    with pytest.raises(UsageError, match=f"its METHOD is {method}, which is no timetable"):
        times(event(), head=f"METHOD:{method}\n")


def test_a_cancelled_series_takes_its_older_overrides_along() -> None:
    cancelled = event(more=f"{WEEKLY}STATUS:CANCELLED\nSEQUENCE:2\n")
    assert times(cancelled, moved("SEQUENCE:1\n")) == []
    assert times(cancelled, moved("SEQUENCE:3\n")) == ["10-28 10:00-10:45"]


@pytest.mark.parametrize("field", ("DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE"))
def test_a_zone_that_nobody_defines_is_refused_by_name(field: str) -> None:
    text = event(more=f"{WEEKLY}EXDATE;TZID=Europe/Berlin:20261104T090000\n"
                 "RDATE;TZID=Europe/Berlin:20261105T090000\n")  # fmt: skip
    text += moved()
    text = text.replace(f"{field};TZID=Europe/Berlin", f"{field};TZID=Mars/Base")
    with pytest.raises(UsageError, match=f"its {field} is in the time zone 'Mars/Base', which"):
        times(text)


def test_a_shown_zone_that_nobody_defines_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="X-WR-TIMEZONE is in the time zone 'Mars/Base'"):
        times(event(), head="X-WR-TIMEZONE:Mars/Base\n")


def test_zones_of_a_file_are_its_own_wherever_they_are_defined() -> None:
    text = event().replace("Europe/Berlin", "Custom")
    east, west = (
        ZONE.format(name="Custom", offset=offset, more="") for offset in ("+0300", "-0300")
    )
    assert times(text, east) == ["10-21 06:00-06:45"]
    assert times(east, text) == ["10-21 06:00-06:45"]
    two = calendar(west, text) + calendar(east, text.replace("UID:1", "UID:2"))
    assert [at(entry.lesson) for entry in read(two).entries] == [
        "10-21 12:00-12:45",
        "10-21 06:00-06:45",
    ]
    with pytest.raises(UsageError, match="'Custom', which neither"):
        times(text)


def test_zones_of_outlook_and_thunderbird_are_known_by_their_names() -> None:
    for name in ("W. Europe Standard Time", "/freeassociation.sourceforge.net/Europe/Berlin"):
        assert times(event().replace("Europe/Berlin", name)) == ["10-21 07:00-07:45"]


@pytest.mark.parametrize("name", ("Europe", "x" * 300))
def test_a_zone_that_is_a_folder_or_no_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="correct its TZID"):
        times(event().replace("Europe/Berlin", name))
    with pytest.raises(UsageError, match="correct its TZID"):
        times(event(), head=f"X-WR-TIMEZONE:{name}\n")


@pytest.mark.parametrize(
    "rule", ("FREQ=YEARLY;INTERVAL=0", "FREQ=SECONDLY", "INTERVAL=0;FREQ=YEARLY")
)
def test_a_zone_whose_rule_never_ends_is_refused(rule: str) -> None:
    zone = ZONE.format(name="Custom", offset="+0300", more=f"RRULE:{rule}\n")
    with pytest.raises(UsageError, match=r"^plan\.ics: a time zone in it has a rule that is not"):
        times(event(), zone)


def test_a_zone_that_changes_its_clock_is_followed() -> None:
    zone = ZONE.format(
        name="Custom", offset="+0300", more="RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\n"
    )
    assert times(event().replace("Europe/Berlin", "Custom"), zone) == ["10-21 06:00-06:45"]


@pytest.mark.parametrize("interval", ("0", "1001", "-1"))
def test_an_interval_of_nothing_is_refused(interval: str) -> None:
    with pytest.raises(UsageError, match=rf"RRULE can't be followed \(INTERVAL={interval}\)"):
        times(event(more=f"RRULE:FREQ=WEEKLY;INTERVAL={interval}\n"))


@pytest.mark.parametrize("year", ("9999", "0026", "0001", "2201", "1989"))
@pytest.mark.parametrize(
    ("field", "name"),
    (
        ("DTSTART;TZID=Europe/Berlin:2026", "DTSTART"),
        ("DTEND;TZID=Europe/Berlin:2026", "DTEND"),
        ("UNTIL=2026", "UNTIL"),
        ("EXDATE:2026", "EXDATE"),
        ("RDATE;VALUE=DATE:2026", "RDATE"),
        ("PERIOD:2026", "RDATE"),
        ("RECURRENCE-ID;TZID=Europe/Berlin:2026", "RECURRENCE-ID"),
    ),
)
def test_every_date_has_one_guard(year: str, field: str, name: str) -> None:
    more = (
        "RRULE:FREQ=WEEKLY;UNTIL=20261104T080000Z\nEXDATE:20261104T080000Z\n"
        "RDATE;VALUE=DATE:20261105\nRDATE;VALUE=PERIOD:20261106T080000Z/PT1H\n"
    )
    text = event(more=more) + moved()
    assert len(times(text)) == 4
    assert field in text
    text = text.replace(field, field.removesuffix("2026") + year, 1)
    with pytest.raises(
        UsageError, match=f"its {name} is in the year {year}, expected 1990 to 2200"
    ):
        times(text)


def test_the_first_and_the_last_year_are_fine() -> None:
    for year in ("1990", "2200"):
        span = {
            "first": datetime(int(year), 1, 1, tzinfo=UTC),
            "last": datetime(int(year), 12, 31, tzinfo=UTC),
        }
        assert len(times(event(f"{year}1021T090000", f"{year}1021T094500"), **span)) == 1


def test_several_calendars_in_one_file_are_one_timetable() -> None:
    text = calendar(event(more=WEEKLY)) + calendar(event(uid="2", room="r2"), moved())
    entries = read(text).entries
    assert sorted((at(entry.lesson), entry.lesson.room) for entry in entries) == [
        ("10-21 07:00-07:45", "r2"),
        ("10-21 07:00-07:45", "room-12"),
        ("10-28 10:00-10:45", "room-12"),
        ("11-04 08:00-08:45", "room-12"),
        ("11-11 08:00-08:45", "room-12"),
    ]


def test_a_file_that_is_cut_off_is_refused() -> None:
    whole = calendar(event())
    second = calendar(event(uid="2"))
    for text in (whole[:-20], whole + second[:-20], whole + second[:-60]):
        with pytest.raises(UsageError, match=r"^plan\.ics: it is cut off"):
            read(text)
    for text in ("", "\r\n", event(), whole + event(uid="3"), "nonsense", "<html></html>"):
        with pytest.raises(UsageError, match=r"^plan\.ics: not a calendar \(iCalendar"):
            read(text)
