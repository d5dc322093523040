"""Which lessons have to be scored again from their start, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from contract.clock import SECOND_NS
from ingest.scoring.lesson_state import LessonState
from ingest.scoring.results import Results
from ingest.settings import ScoreSettings

__all__ = ["Doubt", "Key", "RescoreJob", "RescorePass", "RescoreQueue"]

Key = tuple[str, int]
"""(lesson, stream)"""


class Doubt(IntEnum):
    """How sure it is that there is something to score again; the surest reason holds."""

    NONE = 0
    """Something new is kept, or the lesson is another one."""
    FILLED = 1
    """Something may have come at any place while nobody looked."""
    LONGER = 2
    """There may be more of it than was scored."""


@dataclass(slots=True)
class RescoreJob:
    """One lesson of one stream, up to a seq; times are elapsed nanoseconds."""

    since_ns: int
    latest_ns: int
    cursor: int
    """What the store's cursor was before the changes that made it necessary."""
    upto: int
    doubt: Doubt


@dataclass(slots=True, kw_only=True)
class RescorePass:
    """A lesson while it is scored again, a slice at a time beside its live state."""

    key: Key
    job: RescoreJob
    state: LessonState
    upto: int
    results: Results = field(default_factory=Results)


class RescoreQueue:
    """Lessons in line, each once. One is due when it has been quiet, or has waited long enough.

    A backlog so costs one pass over its lesson each `rescore_max_wait_s`, however many messages it has.
    """

    def __init__(self, settings: ScoreSettings) -> None:
        self._quiet_ns = settings.rescore_quiet_s * SECOND_NS
        self._max_wait_ns = settings.rescore_max_wait_s * SECOND_NS
        self._waiting: dict[Key, RescoreJob] = {}

    def add(
        self, key: Key, upto: int, *, cursor: int, now_ns: int, doubt: Doubt = Doubt.NONE
    ) -> None:
        """Put a lesson in line, or note that there is more of it."""
        job = self._waiting.setdefault(key, RescoreJob(now_ns, now_ns, cursor, upto, doubt))
        job.doubt = min(job.doubt, doubt)
        job.cursor = min(job.cursor, cursor)
        job.latest_ns = now_ns
        job.upto = max(job.upto, upto)

    def keys(self) -> list[Key]:
        """All that wait."""
        return list(self._waiting)

    def drop(self, key: Key, upto: int) -> None:
        """A lesson has been scored from its start up to here, as it would have been again."""
        job = self._waiting.get(key)
        if job is not None and job.upto <= upto:
            del self._waiting[key]

    def take(self, now_ns: int) -> tuple[Key, RescoreJob] | None:
        """The first that is due, out of the line."""
        for key, job in self._waiting.items():
            if (
                now_ns - job.latest_ns >= self._quiet_ns
                or now_ns - job.since_ns >= self._max_wait_ns
            ):
                return key, self._waiting.pop(key)
        return None

    def cursors(self) -> list[int]:
        """Of all that wait."""
        return [job.cursor for job in self._waiting.values()]
