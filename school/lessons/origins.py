"""Where imported lessons come from, and a change of many lessons at once."""

from __future__ import annotations

from dataclasses import dataclass

from school.lessons.records import Lesson

__all__ = ["Origin", "Reschedule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where an imported lesson comes from, so that the next import finds it again."""

    source: str
    """The timetable: a file's name, or what `--source` says."""
    event: str = ""
    """The UID of the calendar's event; empty where the file has none, as in a CSV file."""
    occurrence: str = ""
    """Of a recurring event, the RECURRENCE-ID in UTC: when it was first planned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reschedule:
    """A change of many lessons at once: those to add or replace, and the ids of those that go."""

    put: tuple[tuple[Lesson, Origin], ...] = ()
    removed: tuple[str, ...] = ()
