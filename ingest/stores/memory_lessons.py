"""A lesson store in memory, for tests and examples. It forgets when it is closed."""

from __future__ import annotations

from collections.abc import Sequence

from contract.errors import StoreError
from ingest.stores.records import Lesson, Moment

__all__ = ["MemoryLessonStore"]


class MemoryLessonStore:
    """`LessonStore` in dictionaries."""

    def __init__(self) -> None:
        self._changes = 0
        self._lessons: dict[str, Lesson] = {}
        self._moments: dict[str, Moment] = {}

    def put(self, lesson: Lesson) -> None:
        self._lessons[lesson.id] = lesson
        self._changes += 1

    def get(self, lesson: str) -> Lesson | None:
        return self._lessons.get(lesson)

    def lessons(self, *, room: str | None = None) -> list[Lesson]:
        found = [x for x in self._lessons.values() if room is None or x.room == room]
        return sorted(found, key=lambda x: (-x.starts_utc_ns, x.id))

    def at(self, room: str, utc_ns: int) -> Lesson | None:
        for lesson in self.lessons(room=room):
            if lesson.starts_utc_ns <= utc_ns and (
                lesson.ends_utc_ns is None or utc_ns < lesson.ends_utc_ns
            ):
                return lesson
        return None

    def put_moment(self, moment: Moment) -> None:
        if moment.lesson not in self._lessons:
            raise StoreError(f"There is no lesson {moment.lesson!r} to mark a moment in.")
        self._moments[moment.id] = moment
        self._changes += 1

    def remove_moment(self, moment: str) -> None:
        self._moments.pop(moment, None)
        self._changes += 1

    def moments(self, lesson: str) -> list[Moment]:
        found = [moment for moment in self._moments.values() if moment.lesson == lesson]
        return sorted(found, key=lambda moment: (moment.start_s, moment.id))

    def purge(self, *, lessons: Sequence[str] = (), moments: Sequence[str] = ()) -> int:
        """Remove lessons with their moments, and moments; how many there were."""
        before = len(self._lessons) + len(self._moments)
        for lesson in lessons:
            self._lessons.pop(lesson, None)
        self._moments = {
            moment.id: moment
            for moment in self._moments.values()
            if moment.lesson not in lessons and moment.id not in moments
        }
        self._changes += 1
        return before - len(self._lessons) - len(self._moments)

    def version(self) -> int:
        return self._changes

    def close(self) -> None:
        self._lessons.clear()
        self._moments.clear()
