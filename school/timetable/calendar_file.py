"""Lessons out of an iCalendar file (RFC 5545): LOCATION is the room, SUMMARY the title.

The teacher is the event's ORGANIZER, or given for the whole file. Events are grouped by their UID,
over all calendars of the file, and `calendar_series` says when they take place.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from contract.errors import UsageError
from school.lessons.records import Lesson
from school.timetable.calendar_event import CalendarEvent, read_event
from school.timetable.calendar_series import Occurrence, occurrences, outdated
from school.timetable.calendar_zones import Zones
from school.timetable.entries import (
    MAX_HOURS,
    Entry,
    NoLessonError,
    Reading,
    Rooms,
    lesson_id,
    single_spaced,
    utc_ns,
)

__all__ = ["read_calendar"]

_METHODS: Final = ("", "PUBLISH", "REQUEST", "ADD", "CANCEL")
_BEGIN: Final = re.compile(r"^BEGIN:VCALENDAR[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)
_FOLD: Final = re.compile(r"\r?\n[ \t]")
_ZONE: Final = re.compile(
    r"^BEGIN:VTIMEZONE.*?^END:VTIMEZONE", re.DOTALL | re.MULTILINE | re.IGNORECASE
)
# Anything else would be counted from the year 1601 on, or for ever.
_ZONE_RULE: Final = re.compile(
    r"^RRULE[^:]*:(?!.*INTERVAL=0+(?!\d))(?=.*FREQ=YEARLY\b)", re.IGNORECASE
)
_LATER: Final = timedelta(days=3_660)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """What applies to every event of a file."""

    name: str
    room: str | None
    teacher: str | None
    rooms: Rooms

    def entry(self, occurrence: Occurrence) -> Entry:
        """The lesson; raises NoLessonError for what is none."""
        event = occurrence.event
        where = event.where
        if not timedelta() < occurrence.length:
            raise UsageError(f"{where}: it ends before it starts.")
        if occurrence.length > timedelta(hours=MAX_HOURS):
            raise NoLessonError(
                f"{where}: it lasts {occurrence.length}", f"expected up to {MAX_HOURS} hours"
            )
        room = self.room or self._room(event)
        teacher = self.teacher or event.organizer
        if not teacher:
            raise NoLessonError(f"{where}: it has no ORGANIZER", "name the teacher with --teacher")
        starts = occurrence.starts
        planned = occurrence.original
        lesson = Lesson(
            id=_id(event.uid, planned) if event.uid else lesson_id(room, starts),
            room=room,
            teacher=teacher,
            title=event.title,
            starts_utc_ns=utc_ns(starts),
            ends_utc_ns=utc_ns(starts.astimezone(UTC) + occurrence.length),
            source="timetable",
        )
        title = event.title or event.uid or "?"
        return Entry(
            f"{self.name}, event {title!r} on {starts:%Y-%m-%d %H:%M}",
            lesson,
            event=event.uid,
            occurrence="" if planned is None or not event.uid else f"{planned:%Y%m%dT%H%M%SZ}",
        )

    def _room(self, event: CalendarEvent) -> str:
        if not event.location:
            raise NoLessonError(f"{event.where}: it has no LOCATION", "name the room with --room")
        return self.rooms.room(event.location, event.where)


def read_calendar(
    text: str,
    *,
    name: str,
    zone: ZoneInfo,
    first: datetime,
    last: datetime,
    room: str | None = None,
    teacher: str | None = None,
    rooms: Rooms | None = None,
    skips_unknown: bool = False,
) -> Reading:
    """The lessons that start in first … last; raises UsageError naming the event.

    `room` and `teacher` hold for the whole file where given. Events of a whole day and cancelled
    ones are no lessons. One without a length is left out and listed; with `skips_unknown` so are
    those without a room or a teacher, and those that last too long.
    """
    reader = _Reader(name=name, room=room, teacher=teacher, rooms=rooms or Rooms())
    with warnings.catch_warnings():
        # icalendar warns where it guesses a zone by the end of its name, such as Mozilla's.
        warnings.simplefilter("ignore")
        groups = _groups(_events(_calendars(text, name), name, zone))
    has_events = any(event.is_lesson for group in groups for event in group)
    # What was wrong years ago is no reason to refuse what is to come.
    groups = [group for group in groups if not all(event.is_over(first) for event in group)]
    entries: list[Entry] = []
    left_out: dict[str, None] = {}
    for group in groups:
        for event in outdated(group, first=first) if len(group) > 1 else ():
            left_out[f"{event.where}: a newer event has its UID {event.uid!r}"] = None
        for occurrence in occurrences(group, first=first, last=last):
            if not occurrence.length:
                left_out[f"{occurrence.event.where}: it has no length"] = None
                continue
            try:
                entries.append(reader.entry(occurrence))
            except NoLessonError as error:
                if not skips_unknown:
                    raise
                left_out[error.what] = None
    return Reading(
        entries=tuple(entries),
        left_out=tuple(sorted(left_out)),
        is_later=not entries and any(_is_later(group, last) for group in groups),
        has_events=has_events,
    )


def _calendars(text: str, name: str) -> list[Calendar]:
    text = _FOLD.sub("", text)
    for zone in _ZONE.findall(text):
        for line in zone.splitlines():
            if line.upper().startswith("RRULE") and not _ZONE_RULE.match(line):
                raise UsageError(
                    f"{name}: a time zone in it has a rule that is not yearly: {line}."
                )
    try:
        found: list[object] = list(Calendar.from_ical(text, multiple=True))
    except (
        ValueError, KeyError, IndexError, TypeError, AttributeError, ArithmeticError, RecursionError
    ) as error:  # fmt: skip
        why = single_spaced(str(error))[:200]
        raise UsageError(f"{name}: not a calendar (iCalendar, RFC 5545): {why}.") from error
    except OSError as error:
        # Where the name of a zone is one of a folder, or no file could have it.
        raise UsageError(
            f"{name}: a time zone in it can't be read ({error.strerror}); correct its TZID."
        ) from error
    calendars = [each for each in found if isinstance(each, Calendar)]
    begun = len(_BEGIN.findall(text))
    if len(calendars) != len(found) or not begun:
        raise UsageError(f"{name}: not a calendar (iCalendar, RFC 5545): no BEGIN:VCALENDAR.")
    if begun != len(calendars):
        raise UsageError(f"{name}: it is cut off: a calendar in it has no END:VCALENDAR.")
    return calendars


def _events(calendars: Iterable[Calendar], name: str, school: ZoneInfo) -> Iterator[CalendarEvent]:
    """Every event of all calendars that has a part in a timetable."""
    methods = []
    for calendar in calendars:
        method = str(calendar.get("METHOD", "")).strip().upper()
        if method not in _METHODS:
            raise UsageError(f"{name}: its METHOD is {method}, which is no timetable.")
        methods.append(method)
        zones = Zones(calendar, name=name, school=school)
        try:
            events = [each for each in calendar.walk("VEVENT") if isinstance(each, Event)]
        except RecursionError as error:
            raise UsageError(f"{name}: not a calendar: its parts are nested too deep.") from error
        for each in events:
            event = read_event(each, zones=zones, name=name, is_cancelled=method == "CANCEL")
            if event is not None:
                yield event
    if set(methods) == {"CANCEL"}:
        raise UsageError(
            f"{name}: it cancels events (METHOD:CANCEL) and is no timetable; import the whole "
            "calendar again, from which they are gone."
        )


def _groups(events: Iterable[CalendarEvent]) -> list[list[CalendarEvent]]:
    """The events by UID; one without a UID is by itself."""
    groups: dict[str | int, list[CalendarEvent]] = {}
    for number, event in enumerate(events):
        groups.setdefault(event.uid or number, []).append(event)
    return list(groups.values())


def _is_later(group: list[CalendarEvent], last: datetime) -> bool:
    try:
        return bool(occurrences(group, first=last, last=last + _LATER))
    except UsageError:
        return True  # more often than may be read at once


def _id(uid: str, original: datetime | None) -> str:
    """The same for each import, wherever and whenever the lesson is moved to."""
    mark = sha256(uid.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return mark if original is None else f"{mark}-{original:%Y%m%dT%H%M%SZ}"
