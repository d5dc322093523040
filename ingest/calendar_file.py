"""Lessons out of an iCalendar file: LOCATION is the room, SUMMARY the title.

The teacher is the event's ORGANIZER, or given for the whole file. Recurring events (RRULE, RDATE,
EXDATE, and single ones that were moved, by RECURRENCE-ID) are expanded with dateutil, which the
icalendar package brings along, on the event's own wall clock: a lesson at nine stays at nine over
a change to summer time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from dateutil.rrule import rruleset, rrulestr  # type: ignore[import-untyped]
from icalendar import Calendar, Event

from contract.errors import UsageError
from ingest.stores.records import Lesson
from ingest.timetable import Entry, as_room, lesson_id, utc_ns

__all__ = ["read_calendar"]

_LONGEST: Final = timedelta(hours=12)
_MOST_OCCURRENCES: Final = 2_000
_FIELDS: Final = (
    "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "STATUS",
    "LOCATION", "SUMMARY", "ORGANIZER", "UID",
)  # fmt: skip
"""What is read of an event; damage elsewhere does not matter."""
_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """What applies to every event of a file."""

    name: str
    zone: ZoneInfo
    room: str | None
    teacher: str | None
    first: datetime
    last: datetime


def read_calendar(
    text: str,
    *,
    name: str,
    zone: ZoneInfo,
    first: datetime,
    last: datetime,
    room: str | None = None,
    teacher: str | None = None,
) -> list[Entry]:
    """The lessons that start in first … last; raises UsageError naming the event.

    `room` and `teacher` hold for the whole file where given. Events of a whole day and cancelled
    ones are no lessons.
    """
    reader = _Reader(name=name, zone=zone, room=room, teacher=teacher, first=first, last=last)
    try:
        calendar = Calendar.from_ical(text)
        events = [event for event in calendar.walk("VEVENT") if isinstance(event, Event)]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise UsageError(f"{name}: not a calendar (iCalendar, RFC 5545): {error}.") from error
    for event in events:
        for field, why in event.errors:
            if str(field).upper() in _FIELDS:
                raise UsageError(f"{_where(reader, event)}: its {field} can't be read ({why}).")
    moved: dict[str, set[datetime]] = {}
    for event in events:
        if "RECURRENCE-ID" in event:
            original = _local(reader, event, "RECURRENCE-ID")
            if original is not None:
                moved.setdefault(_text(event, "UID"), set()).add(original)
    entries = []
    for event in events:
        if _text(event, "STATUS").upper() == "CANCELLED":
            continue
        start = _local(reader, event, "DTSTART")
        if start is None:
            continue
        without = set() if "RECURRENCE-ID" in event else moved.get(_text(event, "UID"), set())
        entries += [
            _entry(reader, event, start, starts)
            for starts in _occurrences(reader, event, start, without)
        ]
    return entries


def _entry(reader: _Reader, event: Event, start: datetime, starts: datetime) -> Entry:
    where = _where(reader, event)
    length = _length(reader, event, start)
    location = reader.room or _text(event, "LOCATION")
    if not location:
        raise UsageError(f"{where}: it has no LOCATION; name the room with --room.")
    teacher = reader.teacher or _organizer(event)
    if not teacher:
        raise UsageError(f"{where}: it has no ORGANIZER; name the teacher with --teacher.")
    room = as_room(location, where)
    lesson = Lesson(
        id=lesson_id(room, starts),
        room=room,
        teacher=teacher,
        title=_text(event, "SUMMARY"),
        starts_utc_ns=utc_ns(starts),
        ends_utc_ns=utc_ns(starts.astimezone(UTC) + length),
        source="timetable",
    )
    return Entry(f"{where}, {starts:%Y-%m-%d %H:%M}", lesson)


def _occurrences(
    reader: _Reader, event: Event, start: datetime, without: set[datetime]
) -> Iterable[datetime]:
    """When the event takes place within the span, in order."""
    zone = start.tzinfo
    rules = rruleset()
    rules.rdate(start.replace(tzinfo=None))
    for rule in _listed(event, "RRULE"):
        try:
            rules.rrule(_rule(rule.to_ical().decode(), start))
        except (ValueError, TypeError, KeyError) as error:
            raise UsageError(
                f"{_where(reader, event)}: its RRULE can't be followed ({error})."
            ) from error
    for when in _dates(event, "RDATE", reader, start):
        rules.rdate(when.replace(tzinfo=None))
    for when in [*_dates(event, "EXDATE", reader, start), *without]:
        rules.exdate(when.astimezone(zone).replace(tzinfo=None))
    first = reader.first.astimezone(zone).replace(tzinfo=None)
    last = reader.last.astimezone(zone).replace(tzinfo=None)
    found: list[datetime] = []
    for naive in rules.xafter(first, inc=True):
        if naive > last:
            break
        if len(found) == _MOST_OCCURRENCES:
            raise UsageError(
                f"{_where(reader, event)}: it recurs more than {_MOST_OCCURRENCES} times in the "
                "span; shorten it with --days."
            )
        found.append(naive.replace(tzinfo=zone))
    return found


def _rule(text: str, start: datetime) -> object:
    """A rule on the event's wall clock. UNTIL is in UTC by the standard, where a zone is given."""
    parts = dict(part.split("=", 1) for part in text.split(";"))
    if parts.get("FREQ") not in _FREQUENCIES:
        raise ValueError("lessons recur daily, weekly, monthly or yearly")
    until = parts.get("UNTIL", "")
    if until.endswith("Z"):
        moment = datetime.strptime(until, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        parts["UNTIL"] = f"{moment.astimezone(start.tzinfo):%Y%m%dT%H%M%S}"
    elif len(until) == 8:
        parts["UNTIL"] = f"{until}T235959"
    rule = ";".join(f"{key}={value}" for key, value in parts.items())
    return rrulestr(rule, dtstart=start.replace(tzinfo=None))


def _length(reader: _Reader, event: Event, start: datetime) -> timedelta:
    end = _local(reader, event, "DTEND") if "DTEND" in event else None
    length = end - start if end is not None else getattr(event.get("DURATION"), "dt", None)
    if not isinstance(length, timedelta):
        raise UsageError(f"{_where(reader, event)}: it has no end (DTEND or DURATION).")
    if not timedelta() < length <= _LONGEST:
        raise UsageError(f"{_where(reader, event)}: it lasts {length}, expected up to 12 hours.")
    return length


def _local(reader: _Reader, event: Event, field: str) -> datetime | None:
    """An aware time; None for a whole day. A time without a zone is in the school's."""
    if field not in event:
        raise UsageError(f"{_where(reader, event)}: it has no {field}.")
    moment = getattr(event[field], "dt", None)
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=reader.zone) if moment.tzinfo is None else moment
    if isinstance(moment, date):
        return None
    raise UsageError(f"{_where(reader, event)}: its {field} is not a time.")


def _dates(event: Event, field: str, reader: _Reader, start: datetime) -> list[datetime]:
    found = []
    for listed in _listed(event, field):
        for item in getattr(listed, "dts", ()):
            moment = item.dt[0] if isinstance(item.dt, tuple) else item.dt
            if not isinstance(moment, datetime):  # a whole day means that day's occurrence
                moment = datetime.combine(moment, start.time())
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=start.tzinfo or reader.zone)
            found.append(moment.astimezone(start.tzinfo))
    return found


def _listed(event: Event, field: str) -> list[Any]:
    """A field that may stand several times; icalendar gives one value or a list."""
    value: Any = event.get(field)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _text(event: Event, field: str) -> str:
    return str(event.get(field, "")).strip()


def _organizer(event: Event) -> str:
    organizer = event.get("ORGANIZER")
    if organizer is None:
        return ""
    name = str(getattr(organizer, "params", {}).get("CN", "")).strip()
    return name or str(organizer).removeprefix("mailto:").removeprefix("MAILTO:").strip()


def _where(reader: _Reader, event: Event) -> str:
    return f"{reader.name}, event {_text(event, 'SUMMARY') or _text(event, 'UID') or '?'!r}"
