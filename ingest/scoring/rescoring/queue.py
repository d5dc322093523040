"""Which lessons have to be scored again from their start, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from contract.clock import SECOND_NS, Clock
from ingest.scoring.lesson_state import LessonState
from ingest.scoring.results import Results
from ingest.settings import ScoreSettings

__all__ = ["Doubt", "Key", "RescoreJob", "RescorePass", "RescoreQueue"]

Key = tuple[str, int]
"""(lesson, stream)"""


class Doubt(IntEnum):
    """How certain a rescore is needed; the most certain reason counts."""

    NONE = 0
    """New data is stored, or the lesson was changed."""
    FILLED = 1
    """Data may have come anywhere in the lesson while no scorer ran."""
    LONGER = 2
    """The lesson may be longer than what was scored."""


@dataclass(slots=True)
class RescoreJob:
    """One lesson of one stream to score again, up to a seq; times are elapsed nanoseconds."""

    since_ns: int
    latest_ns: int
    cursor: int
    """The store's cursor before the changes that made it necessary."""
    upto: int
    doubt: Doubt


@dataclass(slots=True, kw_only=True)
class RescorePass:
    """A lesson that is being scored again, a slice at a time, beside its live state."""

    key: Key
    job: RescoreJob
    state: LessonState
    upto: int
    results: Results = field(default_factory=Results)


class RescoreQueue:
    """Lessons that wait to be scored again, each once.

    A lesson is due when no data has come for `rescore_quiet_s`, or when it has waited for
    `rescore_max_wait_s`. A backlog of any size therefore costs one pass over its lesson in that time.
    """

    def __init__(self, settings: ScoreSettings, clock: Clock) -> None:
        self.cursor = 0
        """Up to where the store's changes were taken; a job that names no cursor starts here."""
        self._clock = clock
        self._quiet_ns = settings.rescore_quiet_s * SECOND_NS
        self._max_wait_ns = settings.rescore_max_wait_s * SECOND_NS
        self._waiting: dict[Key, RescoreJob] = {}

    def add(
        self, key: Key, upto: int, doubt: Doubt = Doubt.NONE, *, cursor: int | None = None
    ) -> None:
        """Queue a lesson, or extend its job."""
        now_ns = self._clock.elapsed_ns()
        cursor = self.cursor if cursor is None else cursor
        job = self._waiting.setdefault(key, RescoreJob(now_ns, now_ns, cursor, upto, doubt))
        job.doubt = min(job.doubt, doubt)
        job.cursor = min(job.cursor, cursor)
        job.latest_ns = now_ns
        job.upto = max(job.upto, upto)

    def keys(self) -> list[Key]:
        return list(self._waiting)

    def drop(self, key: Key, upto: int) -> None:
        """Remove a lesson that is being scored live, from its start up to this seq."""
        job = self._waiting.get(key)
        if job is not None and job.upto <= upto:
            del self._waiting[key]

    def take(self) -> tuple[Key, RescoreJob] | None:
        """Remove and return the first lesson that is due."""
        now_ns = self._clock.elapsed_ns()
        for key, job in self._waiting.items():
            if (
                now_ns - job.latest_ns >= self._quiet_ns
                or now_ns - job.since_ns >= self._max_wait_ns
            ):
                return key, self._waiting.pop(key)
        return None

    def cursors(self) -> list[int]:
        """Its own cursor, and those of the jobs that wait."""
        return [self.cursor, *(job.cursor for job in self._waiting.values())]
