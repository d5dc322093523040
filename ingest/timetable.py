"""Timetables: lessons out of a CSV file or a calendar.

The CSV's columns are in docs/lessons.md. A calendar is iCalendar (RFC 5545), as timetable programs
and Google, Outlook or Nextcloud export it; events that recur are expanded over a span of days.
What does not fit is refused as a whole, with the line or event and what to do.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Final, get_args
from zoneinfo import ZoneInfo

from contract.errors import UsageError
from contract.lesson import ACTIVITIES, Activity, ActivityName
from contract.topics import NAME
from ingest.stores.records import Lesson

__all__ = ["Entry", "as_room", "lesson_id", "read_csv", "read_text", "utc_ns", "without_overlap"]

_COLUMNS: Final = ("room", "teacher", "title", "date", "start", "end")
_OPTIONAL: Final = ("activities", "weekly")
_NAME: Final = re.compile(NAME)
_ACTIVITY: Final = re.compile(r"(\w+)\s+(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})")
_LONGEST: Final = timedelta(hours=12)
_MOST_WEEKS: Final = 60


@dataclass(frozen=True, slots=True)
class Entry:
    """A lesson and where it was written, for an error that a person can follow."""

    where: str
    lesson: Lesson


def utc_ns(moment: datetime) -> int:
    """Nanoseconds since 1970 of an aware time, to the microsecond."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000


def lesson_id(room: str, starts: datetime) -> str:
    """The same lesson read again has the same id: its room and its start in UTC."""
    return f"{room}-{starts.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def as_room(text: str, where: str) -> str:
    """A room's name as topics have it; "Room 12" becomes `room-12`."""
    name = re.sub(r"[\s./]+", "-", text.strip().lower())
    if not _NAME.fullmatch(name) or name == "ingest":
        raise UsageError(
            f"{where}: {text!r} can't be a room's name; use 1 to 32 of a-z, 0-9, '-' and '_', as "
            "in the kit's settings."
        )
    return name


def read_text(path: Path) -> str:
    """A text file; raises UsageError when it can't be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text; save it again as CSV UTF-8 or .ics.") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}.") from error


def read_csv(text: str, *, name: str, zone: ZoneInfo) -> list[Entry]:
    """The lessons of a CSV file; raises UsageError naming the line, column and expectation."""
    head = text.split("\n", 1)[0]
    # newline="" leaves line ends to the csv module, which knows those of every system.
    source = StringIO(text, newline="")
    rows = csv.DictReader(source, delimiter=";" if ";" in head else ",", strict=True)
    try:
        return _read(rows, name, zone)
    except csv.Error as error:
        raise UsageError(f"{name}, line {rows.line_num}: not CSV ({error}).") from error


def _read(rows: csv.DictReader[str], name: str, zone: ZoneInfo) -> list[Entry]:
    columns = [(column or "").strip().lower() for column in rows.fieldnames or ()]
    missing = [column for column in _COLUMNS if column not in columns]
    unknown = [column for column in columns if column not in _COLUMNS + _OPTIONAL]
    if missing or unknown:
        problem = f"lacks {', '.join(missing)}" if missing else f"has unknown {', '.join(unknown)}"
        raise UsageError(
            f"{name}: the first line {problem}; it names the columns "
            f"{', '.join(_COLUMNS)} and, if you like, {', '.join(_OPTIONAL)}."
        )
    rows.fieldnames = columns
    entries: list[Entry] = []
    for row in rows:
        where = f"{name}, line {rows.line_num}"
        if None in row:
            raise UsageError(
                f"{where}: more values than columns; put texts with a separator into quotes."
            )
        if any((value or "").strip() for value in row.values()):
            entries += _from_row({k: (v or "").strip() for k, v in row.items()}, where, zone)
    return entries


def without_overlap(entries: list[Entry], stored: list[Lesson], longest_ns: int) -> list[Lesson]:
    """The lessons, if no room has two at once; raises UsageError naming both.

    One that nobody ended is over after `longest_ns`.

    A stored lesson with the same id is the same lesson, and keeps what the file does not say:
    activities, zones and video.
    """
    known = {lesson.id: lesson for lesson in stored}
    fresh = {entry.lesson.id for entry in entries}
    everyone = entries + [
        Entry(f"the stored lesson {lesson.id}", lesson)
        for lesson in stored
        if lesson.id not in fresh
    ]
    everyone.sort(key=lambda entry: (entry.lesson.room, entry.lesson.starts_utc_ns))
    latest: Entry | None = None
    for entry in everyone:
        lesson = entry.lesson
        if (
            latest is not None
            and latest.lesson.room == lesson.room
            and lesson.starts_utc_ns < latest.lesson.over_utc_ns(longest_ns)
        ):
            raise UsageError(
                f"{entry.where} overlaps {latest.where} in room {lesson.room}; a room has one "
                "lesson at a time."
            )
        latest = entry
    return [_joined(entry.lesson, known.get(entry.lesson.id)) for entry in entries]


def _joined(lesson: Lesson, stored: Lesson | None) -> Lesson:
    if stored is None:
        return lesson
    return replace(
        lesson,
        activities=lesson.activities or stored.activities,
        zones=stored.zones,
        video=stored.video,
        video_offset_s=stored.video_offset_s,
    )


def _from_row(row: dict[str, str], where: str, zone: ZoneInfo) -> list[Entry]:
    room = as_room(row["room"], where)
    if not row["teacher"]:
        raise UsageError(f"{where}: teacher is empty; a lesson belongs to one teacher.")
    day = _date(row["date"], where, "date")
    start, end = _time(row["start"], where, "start"), _time(row["end"], where, "end")
    if end <= start:
        raise UsageError(f"{where}: end {row['end']} is not after start {row['start']}.")
    until = _date(row["weekly"], where, "weekly") if row.get("weekly") else day
    if until < day or (until - day).days > 7 * _MOST_WEEKS:
        raise UsageError(
            f"{where}: weekly is {row['weekly']!r}, expected the last date of the series, at most "
            f"{_MOST_WEEKS} weeks after its first."
        )
    activities = _activities(row.get("activities", ""), where, start, end)
    entries = []
    while day <= until:
        starts = datetime.combine(day, start, zone)
        ends = datetime.combine(day, end, zone)
        if utc_ns(ends) <= utc_ns(starts):
            raise UsageError(f"{where}: the clocks change during this lesson on {day}.")
        lesson = Lesson(
            id=lesson_id(room, starts),
            room=room,
            teacher=row["teacher"],
            title=row["title"],
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
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{where}: {column} is {text!r}, expected such as 2026-09-30.") from None


def _time(text: str, where: str, column: str) -> time:
    try:
        return datetime.strptime(text, "%H:%M").replace(tzinfo=UTC).time()
    except ValueError:
        raise UsageError(f"{where}: {column} is {text!r}, expected such as 09:45.") from None
