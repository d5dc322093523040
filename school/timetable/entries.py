"""What timetables have in common, whatever file they come in: lessons, rooms, times, dates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from contract.errors import UsageError
from contract.topics import NAME
from school.lessons.records import Lesson

__all__ = [
    "MAX_HOURS",
    "Entry",
    "NoLessonError",
    "Reading",
    "Rooms",
    "as_room",
    "lesson_id",
    "single_spaced",
    "utc_ns",
]

MAX_HOURS: Final = 12
"""No lesson lasts longer."""
_NAME: Final = re.compile(NAME)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class NoLessonError(UsageError):
    """An event or a row that is no lesson; `what` says which and why. It may be left out."""

    def __init__(self, what: str, hint: str) -> None:
        self.what = what
        super().__init__(f"{what}; {hint}, or leave it out with --skip-unknown.")


@dataclass(frozen=True, slots=True)
class Entry:
    """A lesson and where it was written, for an error that a person can follow."""

    where: str
    lesson: Lesson
    event: str = ""
    """UID and RECURRENCE-ID as in `Origin`."""
    occurrence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a file says."""

    entries: tuple[Entry, ...]
    left_out: tuple[str, ...] = ()
    """What is in it and is no lesson, a sentence each."""
    is_later: bool = False
    """It has lessons, but only after the span that was read."""
    has_events: bool = False
    """It has lessons, whenever they take place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """How a school's own names of rooms are translated."""

    by_name: Mapping[str, str] = field(default_factory=dict)

    def room(self, text: str, where: str) -> str:
        """The room that a timetable names; raises NoLessonError where it can't be one."""
        known = self.by_name.get(single_spaced(text).casefold())
        if known is not None:
            return known
        try:
            return as_room(text, where)
        except UsageError as error:
            raise NoLessonError(
                f"{where}: {single_spaced(text)!r} can't be a room's name",
                "translate it with --rooms",
            ) from error


def utc_ns(moment: datetime) -> int:
    """Nanoseconds since 1970 of an aware time, to the microsecond."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1) * 1_000


def lesson_id(room: str, starts: datetime) -> str:
    """The same lesson read again has the same id: its room and its start in UTC."""
    return f"{room}-{starts.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def single_spaced(text: str) -> str:
    """A text without line breaks and control characters, and with single spaces."""
    return " ".join(_CONTROL.sub(" ", text).split())


def as_room(text: str, where: str) -> str:
    """A room's name as topics have it; "Room 12" becomes `room-12`."""
    name = re.sub(r"[\s./]+", "-", text.strip().lower())
    if not _NAME.fullmatch(name) or name == "ingest":
        raise UsageError(
            f"{where}: {text!r} can't be a room's name; use 1 to 32 of a-z, 0-9, '-' and '_', as "
            "in the kit's settings."
        )
    return name
