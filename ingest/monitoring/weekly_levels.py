"""What the scorer said of every lesson's room, gathered by week, for watching drift.

One epoch a minute is read: neighbours say almost the same, and a school's year is half a million of
them. A lesson is read again when its first or last epoch has changed, so keeping up is cheap; what
changed in the middle of one (it was scored again, or a part of it was purged) is noticed by
`look(everything=True)`. A school's own model gives the same shares as the one that it was made from,
so both count as that one. Nothing is written: the counts are as purged as the scores are.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Final

import numpy as np

from contract.clock import SECOND_NS
from ingest.stores.protocol import ScoreStore
from ingest.stores.records import ScoredLesson
from models.drift import LessonLevels, iso_week
from models.school_model.labels import base_of
from school.lessons.protocol import LessonReader

__all__ = ["WeeklyLevels"]

EACH_SEQS: Final = 60
"""Of epochs that begin at every fifth seq, those at every sixtieth."""


class WeeklyLevels:
    """A school's lessons as drift looks at them, kept up with the stores step by step."""

    def __init__(self, zone: tzinfo | None = None) -> None:
        self.revision = 0
        """Changes whenever something was read that is new."""
        self._zone = zone
        self._held: dict[str, tuple[LessonLevels, ...]] = {}
        self._seen: dict[str, ScoredLesson] = {}
        self._waiting: list[ScoredLesson] = []
        self._looked_at: tuple[ScoreStore, int] | None = None
        """The scores, and their version when it was last found out what is to be read."""

    @property
    def waiting(self) -> int:
        """How many lessons are still to be read."""
        return len(self._waiting)

    @property
    def lessons(self) -> list[LessonLevels]:
        """What has been read; a lesson once for each model that scored some of it."""
        return [levels for lesson in self._held.values() for levels in lesson]

    def look(self, scores: ScoreStore, *, everything: bool = False) -> None:
        """Find out which lessons are to be read, the latest first; forget those that are gone.

        Costs nothing while nobody has written scores.
        """
        looked_at = scores, scores.version()
        if looked_at == self._looked_at and not everything:
            return
        there = scores.scored_lessons()
        self._looked_at = looked_at  # not before: a look that failed is tried again
        for gone in self._held.keys() - {lesson.lesson for lesson in there}:
            del self._held[gone], self._seen[gone]
            self.revision += 1
        self._waiting = sorted(
            (one for one in there if everything or self._seen.get(one.lesson) != one),
            key=lambda lesson: lesson.last_utc_ns,
        )

    def read(self, scores: ScoreStore, lessons: LessonReader, *, max_lessons: int) -> bool:
        """Read some of what waits; whether nothing waits any more."""
        for _ in range(min(max_lessons, len(self._waiting))):
            one = self._waiting.pop()
            self._held[one.lesson] = self._levels(one, scores, lessons)
            self._seen[one.lesson] = one
            self.revision += 1
        return not self._waiting

    def _levels(
        self, one: ScoredLesson, scores: ScoreStore, lessons: LessonReader
    ) -> tuple[LessonLevels, ...]:
        lesson = lessons.get(one.lesson)
        if lesson is None:  # deleted, and its scores not yet
            return ()
        began = datetime.fromtimestamp(lesson.starts_utc_ns // SECOND_NS, tz=UTC)
        levels = scores.room_levels(one.lesson, each=EACH_SEQS)
        alerts = [base_of(alert.model) for alert in scores.alerts(one.lesson)]
        models = np.array([base_of(version) for version in levels.model])
        return tuple(
            LessonLevels(
                lesson=lesson.id,
                room=lesson.room,
                model=model,
                week=iso_week(began.astimezone(self._zone).date()),
                off_task=levels.off_task[models == model].astype(np.float32),
                movement_db=levels.movement_db[models == model].astype(np.float32),
                alerts=alerts.count(model),
            )
            for model in sorted(set(models.tolist()))
        )
