"""A lesson, and how much of what people said a purge has removed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from contract.lesson import Activity, Zone

__all__ = ["Lesson", "PurgedWords"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A room from start to end, its teacher's alone until they share it."""

    id: str
    room: str
    teacher: str
    title: str
    starts_utc_ns: int
    ends_utc_ns: int | None
    """None while it runs."""
    source: Literal["timetable", "button"]
    activities: tuple[Activity, ...] = ()
    zones: tuple[Zone, ...] = ()
    """As the room was laid out; empty means one zone a hub."""
    video: str | None = None
    """Path of the lesson's video on the server."""

    def over_utc_ns(self, longest_ns: int) -> int:
        """When it is over, also if nobody ends it: then after `longest_ns`."""
        latest = self.starts_utc_ns + longest_ns
        return latest if self.ends_utc_ns is None else min(self.ends_utc_ns, latest)

    def is_on(self, utc_ns: int, longest_ns: int) -> bool:
        """Whether it has begun by this time, and is not over."""
        return self.starts_utc_ns <= utc_ns < self.over_utc_ns(longest_ns)

    def bounded(self, longest_ns: int) -> Lesson:
        """The same with the end that it has at the latest: to look at, never to be stored."""
        return replace(self, ends_utc_ns=self.over_utc_ns(longest_ns))


@dataclass(slots=True, kw_only=True)
class PurgedWords:
    """What a purge has removed of what people entered and said."""

    lessons: int = 0
    moments: int = 0
    """Marked by people."""
    replies: int = 0
    verdicts: int = 0
    labels: int = 0
    """What was kept to learn from."""
    looks: int = 0
    """What observers saw."""
