"""Calendars for tests, as text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from school.lessons.records import Lesson
from school.timetable.calendar_file import read_calendar
from school.timetable.entries import Reading

__all__ = ["BERLIN", "ZONE", "at", "calendar", "event", "read", "times"]

BERLIN = ZoneInfo("Europe/Berlin")
_EVENT = """BEGIN:VEVENT
UID:{uid}
SUMMARY:{title}
LOCATION:{room}
ORGANIZER;CN=Ms Ada:mailto:ada@school.example
DTSTART;TZID=Europe/Berlin:{start}
DTEND;TZID=Europe/Berlin:{end}
{more}END:VEVENT
"""

ZONE = """BEGIN:VTIMEZONE
TZID:{name}
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:{offset}
TZOFFSETTO:{offset}
{more}END:STANDARD
END:VTIMEZONE
"""
"""A time zone of a file's own."""


def event(
    start: str = "20261021T090000",
    end: str = "20261021T094500",
    more: str = "",
    *,
    uid: str = "1",
    title: str = "Maths",
    room: str = "Room 12",
) -> str:
    return _EVENT.format(uid=uid, title=title, room=room, start=start, end=end, more=more)


def calendar(*events: str, head: str = "") -> str:
    """A whole calendar, with the line ends of the standard."""
    begin = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//y//EN\n"
    return (begin + head + "".join(events) + "END:VCALENDAR\n").replace("\n", "\r\n")


def read(text: str, **options: Any) -> Reading:
    span = {
        "first": datetime(2026, 10, 1, tzinfo=UTC),
        "last": datetime(2026, 12, 1, tzinfo=UTC),
    }
    return read_calendar(text, name="plan.ics", zone=BERLIN, **(span | options))


def times(*events: str, head: str = "", **options: Any) -> list[str]:
    """When the lessons of a calendar take place, in UTC."""
    entries = read(calendar(*events, head=head), **options).entries
    return sorted(at(entry.lesson) for entry in entries)


def at(lesson: Lesson) -> str:
    assert lesson.ends_utc_ns is not None
    start, end = (
        datetime.fromtimestamp(ns // 10**9, UTC)
        for ns in (lesson.starts_utc_ns, lesson.ends_utc_ns)
    )
    return f"{start:%m-%d %H:%M}-{end:%H:%M}"
