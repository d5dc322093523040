"""Lessons and differences of timetables as lines that a person reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from contract.clock import SECOND_NS
from school.lessons.records import Lesson
from school.timetable.entries import single_spaced
from school.timetable.plan import Difference

__all__ = ["counted", "difference_lines", "lesson_line", "local_time"]


def local_time(utc_ns: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(utc_ns // SECOND_NS, zone):%Y-%m-%d %H:%M}"


def lesson_line(lesson: Lesson, zone: ZoneInfo) -> str:
    """Id, time, room, teacher and title of a lesson of a timetable."""
    return (
        f"{lesson.id}  {_when(lesson, zone)}  room {lesson.room}  {single_spaced(lesson.teacher)}  "
        f"{single_spaced(lesson.title)}"
    ).rstrip()


def difference_lines(difference: Difference, zone: ZoneInfo) -> list[str]:
    """A line for each lesson that is added (+), removed (-) or changed (~), in order of time."""
    lines = [(lesson, f"+ {lesson_line(lesson, zone)}") for lesson, _ in difference.added]
    lines += [(lesson, f"- {lesson_line(lesson, zone)}") for lesson in difference.removed]
    lines += [
        (after, f"~ {lesson_line(after, zone)} (was: {', '.join(_changes(before, after, zone))})")
        for before, after, _ in difference.changed
    ]
    lines.sort(key=lambda each: (each[0].starts_utc_ns, each[0].room, each[1]))
    return [line for _, line in lines]


def counted(difference: Difference, source: str) -> str:
    """How much it is, in one line."""
    line = (
        f"{source}: {len(difference.added)} added, {len(difference.changed)} changed, "
        f"{len(difference.removed)} removed, {difference.unchanged} unchanged"
    )
    if difference.begun:
        line += f"; past and not touched: {difference.begun}"
    return line


def _when(lesson: Lesson, zone: ZoneInfo) -> str:
    start = local_time(lesson.starts_utc_ns, zone)
    if lesson.ends_utc_ns is None:
        return start
    end = local_time(lesson.ends_utc_ns, zone)
    return f"{start}–{end[11:] if end[:10] == start[:10] else end}"


def _changes(before: Lesson, after: Lesson, zone: ZoneInfo) -> Iterator[str]:
    """What was different before."""
    if (before.starts_utc_ns, before.ends_utc_ns) != (after.starts_utc_ns, after.ends_utc_ns):
        yield _when(before, zone)
    if before.room != after.room:
        yield f"room {before.room}"
    if before.teacher != after.teacher:
        yield single_spaced(before.teacher)
    if before.title != after.title:
        yield f"title {before.title!r}"
    if before.activities != after.activities:
        yield "other activities"
