"""One event of a calendar, read and checked: what expanding and naming a lesson needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from icalendar import Event
from icalendar.prop import vDDDTypes, vRecur

from contract.dates import check_date
from contract.errors import UsageError
from school.timetable.calendar_zones import Zones
from school.timetable.entries import single_spaced

__all__ = ["CalendarEvent", "describe", "read_event"]

_FIELDS: Final = (
    "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "STATUS",
    "LOCATION", "SUMMARY", "ORGANIZER", "UID", "SEQUENCE",
)  # fmt: skip
"""What is read of an event; damage elsewhere does not matter."""
_ON_A_DAY: Final = ("RDATE", "EXDATE", "RECURRENCE-ID")
"""In these, programs write midnight on a wall clock and mean the occurrence of a day."""
_ONCE: Final = ("DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "UID", "SEQUENCE", "STATUS")


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEvent:
    """A VEVENT. Days instead of times stand where a whole day is meant."""

    where: str
    uid: str
    rank: tuple[int, float, float]
    """Of two that say something about the same occurrence, the higher one holds."""
    is_lesson: bool
    """Not cancelled, and not of a whole day."""
    start: datetime
    length: timedelta
    original: datetime | date | None
    """RECURRENCE-ID: the occurrence that this event stands for instead of its series."""
    is_range: bool
    """It stands for all later occurrences too (RANGE=THISANDFUTURE)."""
    rules: tuple[vRecur, ...]
    added: tuple[datetime | date | tuple[datetime, timedelta], ...]
    removed: tuple[datetime | date, ...]
    title: str
    location: str
    organizer: str

    def is_over(self, first: datetime) -> bool:
        """Whether it takes place once, and that began before `first`."""
        is_once = not self.rules and not self.added and self.original is None
        return is_once and self.start < first


def read_event(
    event: Event, *, zones: Zones, name: str, is_cancelled: bool
) -> CalendarEvent | None:
    """The event, or None where it can have no part in a timetable; raises UsageError."""
    where = describe(event, name)
    for field, why in event.errors:
        if str(field).upper() in _FIELDS:
            raise UsageError(f"{where}: its {field} can't be read ({why}).")
    for field in _ONCE:
        if isinstance(event.get(field), list):
            raise UsageError(f"{where}: it has more than one {field}.")
    if "EXRULE" in event:
        raise UsageError(f"{where}: its EXRULE is not supported; list the dates with EXDATE.")
    is_cancelled = is_cancelled or _text(event, "STATUS").upper() == "CANCELLED"
    if "DTSTART" not in event:
        raise UsageError(f"{where}: it has no DTSTART.")
    fields = _Fields(event, zones, where)
    original = fields.moment("RECURRENCE-ID") if "RECURRENCE-ID" in event else None
    begins = _value(event["DTSTART"])
    is_whole_day = isinstance(begins, date) and not isinstance(begins, datetime)
    if is_whole_day:
        if original is None:
            return None
        start, length = _as_time(original, zones), timedelta()
    else:
        start = _as_time(fields.moment("DTSTART"), zones)
        length = fields.length(start)
    return CalendarEvent(
        where=where,
        uid=_text(event, "UID"),
        rank=(
            int(event.get("SEQUENCE", 0)),
            _stamp(event, "LAST-MODIFIED"),
            _stamp(event, "DTSTAMP"),
        ),
        is_lesson=not is_cancelled and not is_whole_day,
        start=start,
        length=length,
        original=original,
        is_range=fields.is_range(),
        rules=tuple(_listed(event, "RRULE")),
        added=tuple(fields.dates("RDATE")),
        removed=tuple(fields.dates("EXDATE")),
        title=_text(event, "SUMMARY"),
        location=_text(event, "LOCATION"),
        organizer=_organizer(event),
    )


def describe(event: Event, name: str) -> str:
    """How an error or a list names an event."""
    title = _text(event, "SUMMARY") or _text(event, "UID") or "?"
    start = _value(event.get("DTSTART"))
    return f"{name}, event {title!r}" + (f" of {start:%Y-%m-%d}" if isinstance(start, date) else "")


class _Fields:
    """The dates of one event."""

    def __init__(self, event: Event, zones: Zones, where: str) -> None:
        self._event = event
        self._zones = zones
        self._where = where

    def moment(self, field: str) -> datetime | date:
        """An aware time, or a day."""
        prop = self._event[field]
        return self._moment(_value(prop), prop, field)

    def length(self, start: datetime) -> timedelta:
        """How long the event lasts; nothing where it has no end, below nothing if it ends early."""
        if "DTEND" in self._event:
            end = self.moment("DTEND")
            if not isinstance(end, datetime):
                raise UsageError(f"{self._where}: its DTEND is a day, its DTSTART a time.")
            return end.astimezone(UTC) - start.astimezone(UTC)
        length = _value(self._event.get("DURATION"))
        return length if isinstance(length, timedelta) else timedelta()

    def is_range(self) -> bool:
        if "RECURRENCE-ID" not in self._event:
            return False
        span = str(self._event["RECURRENCE-ID"].params.get("RANGE", "")).upper()
        if span not in {"", "THISANDFUTURE"}:
            raise UsageError(f"{self._where}: its RANGE={span} is not supported.")
        return bool(span)

    def dates(self, field: str) -> list[Any]:
        """Each time or day of RDATE or EXDATE; of a period its start and its length."""
        found: list[Any] = []
        for listed in _listed(self._event, field):
            for item in getattr(listed, "dts", ()):
                if not isinstance(item.dt, tuple):
                    found.append(self._moment(item.dt, listed, field))
                    continue
                begins, end = item.dt
                start = self._zones.aware(begins, listed.params, self._where, field)
                if not isinstance(end, timedelta):
                    end = self._zones.aware(end, listed.params, self._where, field)
                    end = end.astimezone(UTC) - start.astimezone(UTC)
                found.append((start, end))
        return found

    def _moment(self, value: object, prop: Any, field: str) -> datetime | date:
        if isinstance(value, datetime):
            moment = self._zones.aware(value, prop.params, self._where, field)
            if field in _ON_A_DAY and moment.time() == time():
                is_wall_clock = "TZID" in prop.params or value.tzinfo is None
                return moment.date() if is_wall_clock else moment
            return moment
        if isinstance(value, date):
            check_date(value, f"{self._where}: its {field}")
            return value
        raise UsageError(f"{self._where}: its {field} is not a time.")


def _as_time(moment: datetime | date, zones: Zones) -> datetime:
    return moment if isinstance(moment, datetime) else zones.midnight(moment)


def _value(prop: object) -> object:
    """What a property of one date, time or duration holds; None for anything else."""
    return prop.dt if isinstance(prop, vDDDTypes) else None


def _stamp(event: Event, field: str) -> float:
    """Seconds since 1970 of a time in UTC; before all others where there is none."""
    value = _value(event.get(field))
    if not isinstance(value, datetime):
        return float("-inf")
    return value.replace(tzinfo=UTC).timestamp()


def _listed(event: Event, field: str) -> list[Any]:
    """A field that may stand several times; icalendar gives one value or a list."""
    value: Any = event.get(field)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _text(event: Event, field: str) -> str:
    """A text on one line; of several, such as one a language, the first."""
    return single_spaced("".join(str(value) for value in _listed(event, field)[:1]))


def _organizer(event: Event) -> str:
    for organizer in _listed(event, "ORGANIZER")[:1]:
        name = single_spaced(str(getattr(organizer, "params", {}).get("CN", "")))
        address = single_spaced(str(organizer))
        return name or (address[7:].strip() if address.lower().startswith("mailto:") else address)
    return ""
