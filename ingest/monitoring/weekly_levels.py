"""Collects the scores of all lessons' rooms by week, to watch drift.

It reads one epoch a minute: neighbouring epochs are almost the same, and a year of a school is half
a million of them. A lesson is read again when its first or last epoch has changed, which is cheap.
A change in the middle of a lesson (it was scored again, or a part was purged) is found only by
`look(everything=True)`. A school's own model gives the same shares as the model that it was made
from, so both count as that one. Nothing is written, so a purge of scores also removes the counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final

import numpy as np

from contract.clock import SECOND_NS
from ingest.stores.protocol import ScoreReader
from ingest.stores.records import RoomLevels, ScoredLesson
from models.drift import LessonLevels, iso_week
from models.school_model.labels import base_of
from school.lessons.protocol import LessonReader

__all__ = ["WeeklyLevels"]

EACH_SEQS: Final = 60
"""Epochs begin at every fifth seq; those at every sixtieth are read."""


_LeftOut = tuple[tuple[int, int], ...]
_State = tuple[ScoredLesson, _LeftOut]
_EPOCH_NS: Final = 5 * SECOND_NS


class WeeklyLevels:
    """A school's lessons as drift needs them, updated from the stores step by step."""

    def __init__(self, zone: tzinfo | None = None) -> None:
        self.revision = 0
        """Changes whenever something new was read."""
        self._zone = zone
        self._held: dict[str, tuple[_State, tuple[LessonLevels, ...]]] = {}
        """Lesson → its state when it was read, and what was read."""
        self._waiting: list[ScoredLesson] = []
        self._looked_at: tuple[ScoreReader, int, dict[str, _LeftOut]] | None = None
        """The scores, their version and what was left out at the last look."""
        self._left_out: dict[str, _LeftOut] = {}
        """Lesson → the spans that its teacher leaves out."""

    @property
    def waiting(self) -> int:
        """How many lessons are still to be read."""
        return len(self._waiting)

    @property
    def lessons(self) -> list[LessonLevels]:
        """The lessons read so far, once for each model that scored a part of them."""
        return [levels for _, lesson in self._held.values() for levels in lesson]

    def look(self, scores: ScoreReader, lessons: LessonReader, *, everything: bool = False) -> None:
        """Find the lessons to read, the latest first; forget those that were removed.

        Costs nothing while nobody has written scores.
        """
        left_out = lessons.left_out()
        looked_at = scores, scores.version(), left_out
        if looked_at == self._looked_at and not everything:
            return
        there = scores.scored_lessons()
        self._looked_at = looked_at  # only now, so that a failed look is repeated
        self._left_out = left_out
        for gone in self._held.keys() - {lesson.lesson for lesson in there}:
            del self._held[gone]
            self.revision += 1
        seen = {state for state, _ in self._held.values()}
        self._waiting = sorted(
            (one for one in there if everything or (one, left_out.get(one.lesson, ())) not in seen),
            key=lambda lesson: lesson.last_utc_ns,
        )

    def read(self, scores: ScoreReader, lessons: LessonReader, *, max_lessons: int) -> bool:
        """Read some of the lessons that wait; returns whether none is left."""
        for _ in range(min(max_lessons, len(self._waiting))):
            one = self._waiting.pop()
            state = one, self._left_out.get(one.lesson, ())
            self._held[one.lesson] = state, self._levels(one, scores, lessons)
            self.revision += 1
        return not self._waiting

    def _levels(
        self, one: ScoredLesson, scores: ScoreReader, lessons: LessonReader
    ) -> tuple[LessonLevels, ...]:
        lesson = lessons.get(one.lesson)
        if lesson is None:  # deleted, and its scores not yet
            return ()
        began = datetime.fromtimestamp(lesson.starts_utc_ns // SECOND_NS, tz=UTC)
        spans = [
            (lesson.starts_utc_ns + start * SECOND_NS, lesson.starts_utc_ns + end * SECOND_NS)
            for start, end in self._left_out.get(one.lesson, ())
        ]
        levels = _levels_without(scores, one.lesson, spans)
        alerts = [
            base_of(alert.model)
            for alert in scores.alerts(one.lesson)
            if not _touches(alert.raised_utc_ns, alert.cleared_utc_ns or alert.raised_utc_ns, spans)
        ]
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


def _levels_without(
    scores: ScoreReader, lesson: str, spans: Sequence[tuple[int, int]]
) -> RoomLevels:
    """A lesson's levels without the spans that are left out, which few lessons have."""
    if not spans:
        return scores.room_levels(lesson, each=EACH_SEQS)
    some = [
        epoch
        for epoch in scores.epochs(lesson)
        if epoch.first_seq % EACH_SEQS == 0 and epoch.zones
        and not _touches(epoch.utc_ns, epoch.utc_ns + _EPOCH_NS - 1, spans)
    ]  # fmt: skip
    return RoomLevels(
        model=tuple(epoch.model for epoch in some),
        movement_db=np.array([epoch.zones[0].movement_db for epoch in some], np.float64),
        off_task=np.array([epoch.zones[0].off_task for epoch in some], np.float64),
    )


def _touches(first_utc_ns: int, last_utc_ns: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(first_utc_ns < end and last_utc_ns >= start for start, end in spans)
