"""Finds the lessons that are entered or changed while the scorer runs.

It reads the lessons of the last weeks, whose values are still stored, and those that were scored
lately. It never reads the other lessons of a school.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

from contract.clock import SECOND_NS, Clock
from ingest.scoring.rescoring.queue import Doubt
from school.lessons.protocol import ScoredLessons
from school.lessons.records import Lesson

__all__ = ["LessonWatch"]

_DAY_NS: Final = 86_400 * SECOND_NS
_AHEAD_NS: Final = _DAY_NS
_REFRESH_NS: Final = 3_600 * SECOND_NS
_MAX_SCORED: Final = 1_000


class _Read(NamedTuple):
    """What was read last: the version of the store, and the span in which lessons start."""

    version: int
    from_ns: int
    to_ns: int


class LessonWatch:
    """Compares lessons with what they were at the last look."""

    def __init__(self, *, lessons: ScoredLessons, clock: Clock, days: int, longest_ns: int) -> None:
        self._lessons = lessons
        self._clock = clock
        self._back_ns = days * _DAY_NS
        self._longest_ns = longest_ns
        self._version: int | None = None
        self._refreshed_ns = 0
        self._recent: dict[str, Lesson] = {}
        self._read: _Read | None = None
        self._scored: OrderedDict[str, Lesson] = OrderedDict()

    def begin(self) -> None:
        """Remember the lessons as they are now."""
        self._version = self._lessons.version()
        self._refresh()

    def since(self, days: int) -> list[Lesson]:
        """The lessons that began within so many days, the latest first."""
        now_ns = self._clock.utc_ns()
        return self._lessons.lessons(from_utc_ns=now_ns - days * _DAY_NS, to_utc_ns=now_ns + 1)

    def note_scored(self, lesson: Lesson) -> None:
        """A part of this lesson was scored: watch it, however old it is."""
        if lesson.id not in self._recent:
            self._scored[lesson.id] = lesson
            self._scored.move_to_end(lesson.id)
            if len(self._scored) > _MAX_SCORED:
                self._scored.popitem(last=False)

    def get(self, lesson_id: str) -> Lesson | None:
        """A lesson; the store is read only if the lesson is not among those watched."""
        known = self._recent.get(lesson_id) or self._scored.get(lesson_id)
        return known if known is not None else self._lessons.get(lesson_id)

    def is_changed(self) -> bool:
        """Whether anything in the store has changed since the last call."""
        version = self._lessons.version()
        if version != self._version:
            self._version = version
            return True
        if self._clock.elapsed_ns() - self._refreshed_ns >= _REFRESH_NS:
            self._refresh()  # else a lesson that has only come near would look new
        return False

    def changed(self) -> list[tuple[Lesson, Doubt]]:
        """Lessons that were entered since and have begun, and lessons that were changed.

        LONGER: the end was moved to later, and nothing else that affects scores has changed.
        """
        before, now_ns = self._recent, self._clock.utc_ns()
        found: list[tuple[Lesson, Doubt]] = []
        for lesson in self._refresh():
            old = before.get(lesson.id) or self._scored.pop(lesson.id, None)
            if old is not None:
                found += self._difference(old, lesson)
            elif lesson.starts_utc_ns <= now_ns:
                found.append((lesson, Doubt.NONE))
        for old in list(self._scored.values()):
            now = self._lessons.get(old.id)
            if now is not None:
                self._scored[old.id] = now
                found += self._difference(old, now)
        return found

    def _refresh(self) -> list[Lesson]:
        """Read the recent lessons that were written since the last time, the latest first."""
        now_ns = self._clock.utc_ns()
        self._refreshed_ns = self._clock.elapsed_ns()
        last = self._read
        version = self._lessons.version()
        self._read = read = _Read(version, now_ns - self._back_ns, now_ns + _AHEAD_NS)
        written: dict[str, Lesson] = {}
        if last is not None:
            changed = self._lessons.changed_since(
                last.version, from_utc_ns=read.from_ns, to_utc_ns=read.to_ns
            )
            # And those that the last span did not reach.
            ahead = self._lessons.lessons(from_utc_ns=last.to_ns, to_utc_ns=read.to_ns)
            written = {lesson.id: lesson for lesson in (*ahead, *changed)}
        kept = {key: old for key, old in self._recent.items() if old.starts_utc_ns >= read.from_ns}
        self._recent = kept | written
        count = self._lessons.count_within(from_utc_ns=read.from_ns, to_utc_ns=read.to_ns)
        if last is None or read.from_ns < last.from_ns or len(self._recent) != count:
            # The clock was set back, or a lesson was removed or moved to another time.
            every = self._lessons.lessons(from_utc_ns=read.from_ns, to_utc_ns=read.to_ns)
            self._recent = written = {lesson.id: lesson for lesson in every}
        return sorted(written.values(), key=lambda lesson: (-lesson.starts_utc_ns, lesson.id))

    def _difference(self, old: Lesson, new: Lesson) -> list[tuple[Lesson, Doubt]]:
        if (old.starts_utc_ns, old.zones) != (new.starts_utc_ns, new.zones):
            return [(new, Doubt.NONE)]
        if old.over_utc_ns(self._longest_ns) < new.over_utc_ns(self._longest_ns):
            return [(new, Doubt.LONGER)]
        return []
