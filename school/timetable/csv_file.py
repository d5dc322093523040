"""Lessons out of a CSV file, and the map of a school's own names of rooms.

The columns are in docs/lessons.md. What does not fit is refused with the line and what to do.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final, get_args
from zoneinfo import ZoneInfo

from contract.dates import check_date
from contract.errors import UsageError
from contract.files.csv_table import CsvRow, read_table
from contract.lesson import ACTIVITIES, Activity, ActivityName
from school.lessons.records import Lesson
from school.timetable.entries import (
    Entry,
    NoLessonError,
    Reading,
    Rooms,
    as_room,
    lesson_id,
    single_spaced,
    utc_ns,
)

__all__ = ["read_csv", "read_rooms"]

_COLUMNS: Final = ("room", "teacher", "title", "date", "start", "end")
_OPTIONAL: Final = ("activities", "weekly")
_ACTIVITY: Final = re.compile(r"(\w+)\s+(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})")
_MAX_WEEKS: Final = 60


def read_rooms(text: str, *, name: str) -> Rooms:
    """The map in a CSV file with the columns `name` and `room`; raises UsageError."""
    rooms: dict[str, str] = {}
    for row in read_table(text, name=name, columns=("name", "room")):
        called = single_spaced(row.values["name"])
        if not called:
            raise UsageError(f"{row.where}: name is empty.")
        room = as_room(row.values["room"], row.where)
        if rooms.setdefault(called.casefold(), room) != room:
            raise UsageError(f"{row.where}: {called!r} is named twice, with different rooms.")
    return Rooms(by_name=rooms)


def read_csv(
    text: str,
    *,
    name: str,
    zone: ZoneInfo,
    rooms: Rooms | None = None,
    skips_unknown: bool = False,
) -> Reading:
    """The lessons of a CSV file; raises UsageError naming the line, column and expectation.

    With `skips_unknown`, rows without a room or a teacher are left out and listed.
    """
    entries: list[Entry] = []
    left_out: list[str] = []
    for row in read_table(text, name=name, columns=_COLUMNS, optional=_OPTIONAL):
        try:
            entries += _from_row(row, zone, rooms or Rooms())
        except NoLessonError as error:
            if not skips_unknown:
                raise
            left_out.append(error.what)
    return Reading(entries=tuple(entries), left_out=tuple(left_out), has_events=bool(entries))


def _from_row(row: CsvRow, zone: ZoneInfo, rooms: Rooms) -> list[Entry]:
    where, values = row.where, row.values
    room = rooms.room(values["room"], where)
    teacher = single_spaced(values["teacher"])
    if not teacher:
        raise NoLessonError(f"{where}: teacher is empty", "a lesson belongs to one teacher")
    day = _date(values["date"], where, "date")
    start, end = _time(values["start"], where, "start"), _time(values["end"], where, "end")
    if end <= start:
        raise UsageError(f"{where}: end {values['end']} is not after start {values['start']}.")
    until = _date(values["weekly"], where, "weekly") if values["weekly"] else day
    if until < day or (until - day).days > 7 * _MAX_WEEKS:
        raise UsageError(
            f"{where}: weekly is {values['weekly']!r}, expected the last date of the series, at "
            f"most {_MAX_WEEKS} weeks after its first."
        )
    activities = _activities(values["activities"], where, start, end)
    entries = []
    while day <= until:
        starts = datetime.combine(day, start, zone)
        ends = datetime.combine(day, end, zone)
        if utc_ns(ends) <= utc_ns(starts):
            raise UsageError(f"{where}: the clocks change during this lesson on {day}.")
        lesson = Lesson(
            id=lesson_id(room, starts),
            room=room,
            teacher=teacher,
            title=single_spaced(values["title"]),
            starts_utc_ns=utc_ns(starts),
            ends_utc_ns=utc_ns(ends),
            source="timetable",
            activities=activities,
        )
        entries.append(Entry(where, lesson))
        day += timedelta(days=7)
    return entries


def _activities(text: str, where: str, start: time, end: time) -> tuple[Activity, ...]:
    activities = []
    for part in filter(None, (part.strip() for part in re.split(r"[;|]", text))):
        match = _ACTIVITY.fullmatch(part)
        if match is None or match[1] not in get_args(ActivityName):
            raise UsageError(
                f"{where}: activities has {part!r}, expected such as 'test 09:10-09:30', with one "
                f"of {', '.join(ACTIVITIES)}, several separated by '|'."
            )
        first, last = _time(match[2], where, "activities"), _time(match[3], where, "activities")
        if not start <= first < last <= end:
            raise UsageError(f"{where}: the activity {part!r} is not inside the lesson.")
        activities.append(
            Activity(
                start_s=_seconds(first) - _seconds(start),
                end_s=_seconds(last) - _seconds(start),
                name=match[1],  # type: ignore[arg-type]
            )
        )
    activities.sort(key=lambda activity: activity.start_s)
    if any(one.end_s > two.start_s for one, two in pairwise(activities)):
        raise UsageError(f"{where}: two activities overlap.")
    return tuple(activities)


def _seconds(at: time) -> float:
    return at.hour * 3_600.0 + at.minute * 60.0


def _date(text: str, where: str, column: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{where}: {column} is {text!r}, expected such as 2026-09-30.") from None
    check_date(day, f"{where}: its {column}")
    return day


def _time(text: str, where: str, column: str) -> time:
    try:
        return datetime.strptime(text, "%H:%M").replace(tzinfo=UTC).time()
    except ValueError:
        raise UsageError(f"{where}: {column} is {text!r}, expected such as 09:45.") from None
