"""The next visit as an entry for a calendar: RFC 5545."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import sha256
from typing import Final

from icalendar import Calendar, Event

from contract.clock import SECOND_NS
from contract.errors import UsageError
from contract.language import _
from dashboard_api.views.dates import MAX_DAYS
from school.lessons.records import Lesson

__all__ = ["Visit", "calendar_of", "usual_visit", "visit_time"]

_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """When it is, and what the entry says."""

    lesson: str
    """The lesson that was talked about: the same visit gets the same id."""
    starts: datetime
    minutes: int
    title: str
    room: str
    address: str
    """Of that lesson's page."""
    words: str = ""
    """The next step, if it is to stand there."""


def visit_time(text: str, now_utc_ns: int, zone: tzinfo | None) -> datetime:
    """What a form's field for a day and a time has, at the school; raises UsageError."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(_("Choose a day and a time for the next visit.")) from None
    if at.tzinfo is None:
        at = at.astimezone() if zone is None else at.replace(tzinfo=zone)
    now = datetime.fromtimestamp(now_utc_ns / SECOND_NS, tz=UTC)
    if not now < at <= now + timedelta(days=MAX_DAYS):
        raise UsageError(_("The next visit must be in the future, and within a year."))
    return at


def usual_visit(
    lesson: Lesson, coming: list[Lesson], now_utc_ns: int, zone: tzinfo | None
) -> datetime:
    """The teacher's next lesson of the same name, or their next one; else the same time of a week."""
    like = [each for each in coming if each.title == lesson.title] or coming
    if like:
        return _local(like[0].starts_utc_ns, zone)
    at, now = _local(lesson.starts_utc_ns, zone), _local(now_utc_ns, zone)
    while at <= now:
        # By the clock on the wall, also over a change to summer time.
        naive = at.replace(tzinfo=None) + _WEEK
        at = naive.astimezone() if zone is None else naive.replace(tzinfo=zone)
    return at


def calendar_of(visit: Visit, made_utc_ns: int) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//Roomtone//Next visit//EN")
    calendar.add("version", "2.0")
    event = Event()
    start = visit.starts.astimezone(UTC)
    name = sha256(f"{visit.lesson}\0{start.isoformat()}".encode()).hexdigest()[:32]
    event.add("uid", f"{name}@roomtone")
    event.add("dtstamp", datetime.fromtimestamp(made_utc_ns // SECOND_NS, tz=UTC))
    event.add("dtstart", start)
    event.add("dtend", start + timedelta(minutes=visit.minutes))
    event.add("summary", " ".join(visit.title.split()))
    event.add("location", " ".join(visit.room.split()))
    event.add("url", visit.address)
    event.add("class", "PRIVATE")
    if visit.words:
        event.add("description", visit.words)
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _local(utc_ns: int, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(utc_ns // SECOND_NS, tz=UTC).astimezone(zone)
