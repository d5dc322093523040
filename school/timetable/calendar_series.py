"""When the events of one UID take place: a series, its exceptions, and what stands in for them.

The expansion is `recurring-ical-events`'. It gets each series on one wall clock without a zone:
so a lesson at nine stays at nine over a change of clocks, and no time in UTC can be taken for
another on the wall.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final

import recurring_ical_events
from icalendar import Calendar, Event
from icalendar.prop import vRecur

from contract.dates import check_date
from contract.errors import UsageError
from school.timetable.calendar_event import CalendarEvent

__all__ = ["Occurrence", "occurrences", "outdated"]

_MICROSECOND: Final = timedelta(microseconds=1)
_MAX_OCCURRENCES: Final = 2_000
_MAX_TIMES_A_DAY: Final = 24
_MAX_INTERVAL: Final = 1_000
_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_PARTS: Final = {
    "FREQ", "UNTIL", "COUNT", "INTERVAL", "BYSECOND", "BYMINUTE", "BYHOUR", "BYDAY", "BYMONTHDAY",
    "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS", "WKST",
}  # fmt: skip
_ENTRY: Final = "X-ENTRY"
"""Which event an occurrence is of, carried through the expansion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One time that an event takes place."""

    event: CalendarEvent
    starts: datetime
    length: timedelta
    original: datetime | None
    """When it was first planned, in UTC; None for an event that does not recur."""


def occurrences(
    events: Sequence[CalendarEvent], *, first: datetime, last: datetime
) -> list[Occurrence]:
    """The lessons among the occurrences of one UID that start in first … last, in order."""
    series, instead, later = _holding(events)
    used = [event for event in (series, *instead, *later) if event is not None]
    if not used:
        return []
    zone = used[0].start.tzinfo or UTC
    calendar = Calendar()
    for number, event in enumerate(used):
        begins_late = number >= len(used) - len(later)
        calendar.add_component(_plain(event, number, zone, series, begins_late=begins_late))
    begins, ends = _wall(first, zone), _wall(last, zone) + timedelta(seconds=1)
    found = []
    for each in _expanded(calendar, begins, ends, used[0].where):
        occurrence = _occurrence(each, used, zone, series)
        if occurrence.starts.microsecond:
            continue  # where a range begins that has no lesson of its own there
        if occurrence.event.is_lesson and first <= occurrence.starts <= last:
            found.append(occurrence)
    if len(found) > _MAX_OCCURRENCES:
        raise UsageError(
            f"{used[0].where}: it recurs more than {_MAX_OCCURRENCES} times in the span; shorten "
            "it with --days."
        )
    return sorted(found, key=lambda each: each.starts)


def _holding(
    events: Sequence[CalendarEvent],
) -> tuple[CalendarEvent | None, list[CalendarEvent], list[CalendarEvent]]:
    """The series, one event for each occurrence that has events of its own, and later ranges.

    Those are ranges whose first lesson was changed once more: they hold for the others.
    """
    series = _newest([event for event in events if event.original is None])
    zone = (series or events[0]).start.tzinfo or UTC
    of_original: dict[datetime, list[CalendarEvent]] = {}
    for event in events:
        if event.original is not None:
            of_original.setdefault(_original(event, zone, series), []).append(event)
    if series is not None and not series.is_lesson:
        # The whole series is cancelled; what was sent out later takes place all the same.
        rank, series = series.rank, None
        of_original = {
            original: newer
            for original, same in of_original.items()
            if (newer := [event for event in same if event.rank > rank])
        }
    instead, later = [], []
    for _, same in sorted(of_original.items()):
        newest = _newest(same)
        span = _newest([event for event in same if event.is_range])
        if newest is not None:
            instead.append(newest)
        if span is not None and span is not newest:
            later.append(span)
    return series, instead, later


def outdated(events: Sequence[CalendarEvent], *, first: datetime) -> list[CalendarEvent]:
    """Lessons that only a later date of writing makes an older version of another of their UID.

    Where SEQUENCE says so, that is what the program meant. Where it does not, the program may give
    different lessons the same UID.
    """
    series, instead, later = _holding(events)
    newest = [event for event in (series, *instead, *later) if event is not None]
    return [
        event
        for event in events
        if event.is_lesson
        and (event.rules or event.start >= first)
        and all(_content(event) != _content(other) for other in newest)
        and any(
            event.rank[0] == other.rank[0] and event.original == other.original for other in newest
        )
    ]


def _newest(events: Sequence[CalendarEvent]) -> CalendarEvent | None:
    """Of events about the same, the one that holds; raises UsageError where nothing decides."""
    if not events:
        return None
    best = max(event.rank for event in events)
    newest = [event for event in events if event.rank == best]
    if any(_content(event) != _content(newest[0]) for event in newest):
        names = " and ".join(sorted({event.where for event in newest})[:2])
        raise UsageError(
            f"{names}: events with the same UID {newest[0].uid!r} and the same SEQUENCE differ, so "
            "none of them is the newest; give each lesson a UID of its own."
        )
    return min(newest, key=lambda event: event.where)


def _content(event: CalendarEvent) -> tuple[object, ...]:
    return (
        event.is_lesson, event.start.astimezone(UTC), event.length, event.is_range,
        sorted(repr(rule) for rule in event.rules), set(event.added), set(event.removed),
        event.title, event.location, event.organizer,
    )  # fmt: skip


def _original(event: CalendarEvent, zone: tzinfo, series: CalendarEvent | None) -> datetime:
    """RECURRENCE-ID on the series' wall clock. A day means that day's occurrence."""
    if isinstance(event.original, datetime):
        return _wall(event.original, zone)
    assert event.original is not None
    return datetime.combine(event.original, _wall((series or event).start, zone).time())


def _plain(
    event: CalendarEvent,
    number: int,
    zone: tzinfo,
    series: CalendarEvent | None,
    *,
    begins_late: bool,
) -> Event:
    """The event with its times alone, on the wall clock.

    A range that begins late is put a microsecond before its first lesson, which is another event's.
    """
    start = _wall(event.start, zone)
    plain = Event()
    plain.add("UID", "1")
    plain.add(_ENTRY, str(number))
    if event.original is not None:
        # An event that stands for an occurrence does not recur, whatever it carries along.
        original = _original(event, zone, series)
        span = {"RANGE": "THISANDFUTURE"} if event.is_range else {}
        start = start if event.is_lesson else original
        if begins_late:
            start -= _MICROSECOND
            original -= _MICROSECOND
        plain.add("RECURRENCE-ID", original, parameters=span)
    else:
        for rule in event.rules:
            plain.add("RRULE", _rule(rule, zone, event.where))
        for added in event.added:
            plain.add("RDATE", [_added(added, start, zone)])
        for removed in event.removed:
            day_or_time = _wall(removed, zone) if isinstance(removed, datetime) else removed
            plain.add("EXDATE", [day_or_time])
    plain.add("DTSTART", start)
    plain.add("DTEND", start + max(event.length, timedelta()))
    return plain


def _added(
    added: datetime | date | tuple[datetime, timedelta], start: datetime, zone: tzinfo
) -> datetime | tuple[datetime, datetime]:
    if isinstance(added, tuple):
        begins = _wall(added[0], zone)
        return begins, begins + max(added[1], timedelta())
    if isinstance(added, datetime):
        return _wall(added, zone)
    return datetime.combine(added, start.time())


def _rule(rule: vRecur, zone: tzinfo, where: str) -> dict[str, Any]:
    """A rule on the wall clock; raises UsageError for what no lesson can follow."""
    parts = {str(key).upper(): list(values) for key, values in rule.items()}
    unknown = sorted(set(parts) - _PARTS)
    if unknown:
        raise UsageError(f"{where}: its RRULE can't be followed ({unknown[0]} is not supported).")
    frequency = "".join(str(each) for each in parts.get("FREQ", ())).upper()
    if frequency not in _FREQUENCIES:
        raise UsageError(
            f"{where}: its RRULE can't be followed (lessons recur daily, weekly, monthly or yearly)."
        )
    for part, most in (("INTERVAL", _MAX_INTERVAL), ("COUNT", None)):
        for value in parts.get(part, ()):
            if not isinstance(value, int) or value < 1 or (most is not None and value > most):
                raise UsageError(f"{where}: its RRULE can't be followed ({part}={value}).")
    times_a_day = 1
    for part in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        times_a_day *= len(parts.get(part, ())) or 1
    if times_a_day > _MAX_TIMES_A_DAY:
        raise UsageError(f"{where}: its RRULE can't be followed ({times_a_day} times a day).")
    if "UNTIL" in parts:
        if "COUNT" in parts:
            raise UsageError(f"{where}: its RRULE has both COUNT and UNTIL; only one may be given.")
        parts["UNTIL"] = [_until(until, zone, where) for until in parts["UNTIL"]]
    return parts


def _until(until: object, zone: tzinfo, where: str) -> datetime:
    """The last moment of a rule on the wall clock; a day includes all of it."""
    if not isinstance(until, date):
        raise UsageError(f"{where}: its RRULE can't be followed (UNTIL is not a date).")
    check_date(until, f"{where}: its UNTIL")
    if not isinstance(until, datetime):
        return datetime.combine(until, time(23, 59, 59))
    return until if until.tzinfo is None else _wall(until, zone)


def _expanded(calendar: Calendar, begins: datetime, ends: datetime, where: str) -> Iterable[Event]:
    try:
        return list(recurring_ical_events.of(calendar).between(begins, ends))
    except recurring_ical_events.BadRuleStringFormat as error:
        raise UsageError(f"{where}: its RRULE can't be followed ({error.rule}).") from error
    except (
        ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError
    ) as error:  # fmt: skip
        raise UsageError(f"{where}: its RRULE can't be followed ({error}).") from error


def _occurrence(
    each: Any, used: Sequence[CalendarEvent], zone: tzinfo, series: CalendarEvent | None
) -> Occurrence:
    event = used[int(str(each[_ENTRY]))]
    starts: datetime = each["DTSTART"].dt
    ends: datetime = each["DTEND"].dt
    original: datetime | None = None
    if event.original is not None:
        # Also for the later ones of a range, which moves them all by the same.
        moved_by = _wall(event.start, zone) - _original(event, zone, series)
        original = (starts - moved_by).replace(tzinfo=zone).astimezone(UTC)
    elif event.rules or event.added:
        original = starts.replace(tzinfo=zone).astimezone(UTC)
    return Occurrence(
        event=event,
        starts=starts.replace(tzinfo=zone),
        length=ends - starts if event.length >= timedelta() else event.length,
        original=original,
    )


def _wall(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
