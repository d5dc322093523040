"""A lesson store in memory, for tests and examples. It forgets when it is closed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence

from contract.errors import StoreError
from school.lessons.origins import Origin, Reschedule
from school.lessons.records import Lesson, PurgedWords
from school.moments.records import Label, Moment, Speaker, Verdict, VerdictCount

__all__ = ["MemoryLessonStore"]

_Said = tuple[str, str, Speaker]
"""Lesson, moment, who said it."""


class MemoryLessonStore:
    """`LessonStore` in dictionaries."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changes = 0
        self._lessons: dict[str, Lesson] = {}
        self._revisions: dict[str, int] = {}
        """Lesson → the change that wrote it last."""
        self._origins: dict[str, Origin] = {}
        self._moments: dict[str, Moment] = {}
        self._verdicts: dict[_Said, Verdict] = {}
        self._labels: dict[_Said, Label] = {}
        self._written: dict[tuple[str, str, Speaker], int] = {}
        self._opt_ins: set[str] = set()
        self._opted_out: set[tuple[str, int]] = set()

    def put(self, lesson: Lesson) -> None:
        self._revisions[lesson.id] = self._changes + 1
        self._lessons[lesson.id] = lesson
        self._clear_labels()
        self._changes += 1

    def swap(self, old: Lesson | None, new: Lesson) -> bool:
        """Replace a lesson if it is unchanged; see `LessonStore.swap`."""
        with self._lock:
            if self._lessons.get(new.id) != old:
                return False
            self.put(new)
            return True

    def get(self, lesson: str) -> Lesson | None:
        return self._lessons.get(lesson)

    def lessons(
        self,
        *,
        room: str | None = None,
        from_utc_ns: int | None = None,
        to_utc_ns: int | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Lesson]:
        found = [
            lesson
            for lesson in self._lessons.values()
            if (room is None or lesson.room == room)
            and (from_utc_ns is None or lesson.starts_utc_ns >= from_utc_ns)
            and (to_utc_ns is None or lesson.starts_utc_ns < to_utc_ns)
        ]
        found.sort(key=lambda lesson: (-lesson.starts_utc_ns, lesson.id))
        return found[offset : None if limit is None else offset + limit]

    def changed_since(self, since: int, *, from_utc_ns: int, to_utc_ns: int) -> list[Lesson]:
        """What was written after a version; see `ScoredLessons.changed_since`."""
        return [
            lesson
            for lesson in self._lessons.values()
            if from_utc_ns <= lesson.starts_utc_ns < to_utc_ns
            and self._revisions[lesson.id] > since
        ]

    def count_within(self, *, from_utc_ns: int, to_utc_ns: int) -> int:
        starts = [lesson.starts_utc_ns for lesson in self._lessons.values()]
        return sum(from_utc_ns <= start < to_utc_ns for start in starts)

    def count_lessons(self) -> int:
        return len(self._lessons)

    def origins(self) -> dict[str, Origin]:
        return dict(self._origins)

    def reschedule(
        self, decide: Callable[[list[Lesson], dict[str, Origin]], Reschedule]
    ) -> Reschedule:
        """Change many lessons at once; see `LessonStore.reschedule`."""
        with self._lock:
            change = decide(self.lessons(), self.origins())
            for removed in change.removed:
                self._remove(removed)
            # At one stroke, for whoever reads meanwhile.
            self._revisions |= {lesson.id: self._changes + 1 for lesson, _ in change.put}
            self._origins = self._origins | {lesson.id: origin for lesson, origin in change.put}
            self._lessons = self._lessons | {lesson.id: lesson for lesson, _ in change.put}
            self._clear_labels()
            self._changes += 1
        return change

    def put_moment(self, moment: Moment) -> None:
        if moment.lesson not in self._lessons:
            raise StoreError(f"There is no lesson {moment.lesson!r} to mark a moment in.")
        self._moments[moment.id] = moment
        self._changes += 1

    def remove_moment(self, moment: str) -> None:
        self._moments.pop(moment, None)
        self._forget_said({key for key in self._verdicts if key[1] == moment})
        self._changes += 1

    def moments(self, lesson: str) -> list[Moment]:
        found = [moment for moment in self._moments.values() if moment.lesson == lesson]
        return sorted(found, key=lambda moment: (moment.start_s, moment.id))

    def count_moments(self, lessons: Sequence[str]) -> dict[str, int]:
        wanted = set(lessons)
        return dict(
            Counter(each.lesson for each in self._moments.values() if each.lesson in wanted)
        )

    def put_verdict(
        self, verdict: Verdict, label: Label | None = None, *, written_utc_ns: int = 0
    ) -> None:
        """Keep what someone said of a moment; see `LessonStore.put_verdict`."""
        if verdict.lesson not in self._lessons:
            raise StoreError(f"There is no lesson {verdict.lesson!r} to say something of.")
        key = (verdict.lesson, verdict.moment, verdict.by)
        self._verdicts[key] = verdict
        self._labels.pop(key, None)
        if label is not None:
            self._labels[key] = label
            self._written[key] = written_utc_ns
            self._clear_labels()
        self._changes += 1

    def remove_verdict(self, lesson: str, moment: str, by: Speaker) -> None:
        self._forget_said({(lesson, moment, by)})
        self._changes += 1

    def verdicts(self, lesson: str) -> list[Verdict]:
        found = [verdict for verdict in self._verdicts.values() if verdict.lesson == lesson]
        return sorted(found, key=lambda one: (one.start_s, one.moment, one.by))

    def count_verdicts(self) -> VerdictCount:
        return VerdictCount.sum(self.verdicts_by_lesson().values())

    def verdicts_by_lesson(self) -> dict[str, VerdictCount]:
        counted: dict[str, list[bool]] = {}
        for (lesson, moment, by), verdict in self._verdicts.items():
            is_first = by == "teacher" or (lesson, moment, "teacher") not in self._verdicts
            if verdict.kind == "lively" and is_first:
                counted.setdefault(lesson, []).append(verdict.is_confirmed)
        return {
            lesson: VerdictCount(confirmed=sum(said), dismissed=len(said) - sum(said))
            for lesson, said in counted.items()
        }

    def opt_out(self, room: str, seat: int) -> None:
        self._opted_out.add((room, seat))
        self._changes += 1

    def opt_in(self, room: str, seat: int) -> bool:
        was_out = (room, seat) in self._opted_out
        self._opted_out.discard((room, seat))
        self._changes += was_out
        return was_out

    def opted_out(self) -> list[tuple[str, int]]:
        return sorted(self._opted_out)

    def keeps_labels(self, teacher: str) -> bool:
        return teacher in self._opt_ins

    def keep_labels(self, teacher: str) -> None:
        self._opt_ins.add(teacher)
        self._changes += 1

    def drop_labels(self, teacher: str) -> int:
        self._opt_ins.discard(teacher)
        self._changes += 1
        return self._clear_labels()

    def count_labels(self, teacher: str) -> int:
        return sum(self._lessons[label.lesson].teacher == teacher for label in self.labels())

    def labels(self) -> list[Label]:
        return sorted(
            self._labels.values(), key=lambda one: (one.utc_ns, one.lesson, one.moment, one.by)
        )

    def retire_labels(self, *, before_utc_ns: int, most: int) -> int:
        old = [
            one
            for one in self.labels()
            if max(one.utc_ns, self._written[one.lesson, one.moment, one.by]) < before_utc_ns
        ][:most]
        for one in old:
            del self._labels[one.lesson, one.moment, one.by]
        self._changes += bool(old)
        return len(old)

    def purge(
        self,
        *,
        lessons: Sequence[str] = (),
        moments: Sequence[str] = (),
        labels_of: Sequence[str] = (),
    ) -> PurgedWords:
        """Remove lessons with what was said of them; see `LessonStore.purge`."""
        before = self._counts()
        for lesson in lessons:
            self._remove(lesson)
        self._moments = {
            moment.id: moment for moment in self._moments.values() if moment.id not in moments
        }
        self._forget_said({key for key in self._verdicts if key[1] in moments})
        for key in [key for key in self._labels if key[0] in labels_of]:
            del self._labels[key]
        self._opt_ins &= {lesson.teacher for lesson in self._lessons.values()}
        self._changes += 1
        gone = [then - now for then, now in zip(before, self._counts(), strict=True)]
        return PurgedWords(lessons=gone[0], moments=gone[1], verdicts=gone[2], labels=gone[3])

    def version(self) -> int:
        return self._changes

    def close(self) -> None:
        self._lessons.clear()
        self._origins.clear()
        self._moments.clear()
        self._verdicts.clear()
        self._labels.clear()
        self._opt_ins.clear()

    def _remove(self, lesson: str) -> None:
        """A lesson with all that was said of it."""
        self._lessons.pop(lesson, None)
        self._origins.pop(lesson, None)
        self._moments = {
            moment.id: moment for moment in self._moments.values() if moment.lesson != lesson
        }
        self._forget_said({key for key in self._verdicts if key[0] == lesson})

    def _counts(self) -> tuple[int, int, int, int]:
        return len(self._lessons), len(self._moments), len(self._verdicts), len(self._labels)

    def _forget_said(self, keys: set[_Said]) -> None:
        for key in keys:
            self._verdicts.pop(key, None)
            self._labels.pop(key, None)

    def _clear_labels(self) -> int:
        """Labels of lessons whose teacher does not want them (any more); how many."""
        unwanted = [
            key for key in self._labels if self._lessons[key[0]].teacher not in self._opt_ins
        ]
        for key in unwanted:
            del self._labels[key]
        return len(unwanted)
