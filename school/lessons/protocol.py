"""Who needs what of the school's data: one small Protocol for each reader, and what has them all.

`store.py` keeps it, in any of the databases; `tests/conformance` holds all of them to the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from school.control.protocol import KitOrders
from school.lessons.origins import Origin, Reschedule
from school.lessons.records import Lesson, PurgedWords
from school.moments.protocol import LabelStore, MomentStore
from school.observing.removing import LessonSpan

__all__ = [
    "LessonChanges",
    "LessonReader",
    "LessonStore",
    "OptOuts",
    "RoomSchedule",
    "ScoredLessons",
    "Timetable",
]


class LessonReader(Protocol):
    """What everybody reads, and what followers poll."""

    def get(self, lesson: str) -> Lesson | None: ...
    def lessons(
        self,
        *,
        room: str | None = None,
        from_utc_ns: int | None = None,
        to_utc_ns: int | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Lesson]:
        """Those that start in [from, to), the latest first; at most `limit`, from `offset` on."""

    def left_out(self) -> dict[str, tuple[tuple[int, int], ...]]:
        """Lesson → the spans that its teacher leaves out, in seconds from its start."""

    def version(self) -> int:
        """Higher after every change, whoever made it: cheap to poll."""

    def close(self) -> None: ...


class LessonChanges(Protocol):
    """What changes one lesson: `change.change_lesson` needs no more."""

    def get(self, lesson: str) -> Lesson | None: ...
    def swap(self, old: Lesson | None, new: Lesson) -> bool:
        """Replace a lesson that still is what was read of it, or add one that is not there (None).

        False, and nothing changes, if someone else has changed it meanwhile: then read it again.
        """


class Timetable(LessonReader, LessonChanges, Protocol):
    """What the commands need: single changes, and an import of many lessons at once."""

    def origins(self) -> dict[str, Origin]:
        """From which timetable each imported lesson comes, by lesson."""

    def reschedule(
        self, decide: Callable[[list[Lesson], dict[str, Origin]], Reschedule]
    ) -> Reschedule:
        """Change what `decide` says, all of it or nothing.

        `decide` gets all lessons and origins. Nobody else writes between what it sees and what
        it changes, so it must be quick and must not ask the store. Of a lesson that is there,
        only room, teacher, title, start, end and activities are replaced; one that goes takes
        along what was said of it. Whatever `decide` raises is passed on, and nothing is changed.
        """


class OptOuts(Protocol):
    """Seats that are not to be sensed."""

    def opt_out(self, room: str, seat: int) -> None:
        """A seat is to be sensed no more."""

    def opt_in(self, room: str, seat: int) -> bool:
        """It is to be sensed again; False if it had not opted out."""

    def opted_out(self) -> list[tuple[str, int]]:
        """Room and seat of those that are not to be sensed, in order."""


class RoomSchedule(LessonReader, Protocol):
    """What ingest sends to the nodes: when to sense, and which seats not."""

    @property
    def orders(self) -> KitOrders:
        """What people ask of kits."""

    def opted_out(self) -> list[tuple[str, int]]: ...


class ScoredLessons(LessonReader, Protocol):
    """What the scorer needs: the lessons, which of them changed, and that labels go at their age."""

    def changed_since(self, since: int, *, from_utc_ns: int, to_utc_ns: int) -> list[Lesson]:
        """The lessons that start in [from, to) and were added or changed after version `since`."""

    def count_within(self, *, from_utc_ns: int, to_utc_ns: int) -> int:
        """How many lessons start in [from, to)."""

    def retire_labels(self, *, before_utc_ns: int, most: int) -> int:
        """Forget labels of moments from before a time, and written before it, at most so many."""

    def retire_looks(self, *, before_utc_ns: int, most: int) -> int:
        """Forget what observers saw that came before a time, at most so many looks."""

    def retire_words(self, *, before_utc_ns: int, most: int) -> int:
        """Forget what people wrote around lessons before a time, at most so many notes and others."""

    def retire_pulse(self, *, utc_ns: int, most: int) -> int:
        """Forget who was asked short questions in past weeks, and such weeks with few answers."""


class LessonStore(Timetable, OptOuts, ScoredLessons, MomentStore, LabelStore, Protocol):
    """All of it, as the pages and a purge need it."""

    @property
    def orders(self) -> KitOrders:
        """What people ask of kits."""

    def put(self, lesson: Lesson) -> None:
        """Add a lesson or replace the one with its id, whatever it has become meanwhile.

        What hangs on it stays.
        """

    def count_lessons(self) -> int: ...
    def purge(
        self,
        *,
        lessons: Sequence[str] = (),
        moments: Sequence[str] = (),
        labels_of: Sequence[str] = (),
        looks_in: Sequence[LessonSpan] = (),
        purged_utc_ns: int | None = None,
    ) -> PurgedWords:
        """Remove for good, and say how much there was: lessons with their moments and all that
        was said and kept of them; moments likewise, also suggested ones that something was said
        of; what is kept to learn from of the lessons `labels_of`; and what observers saw in the
        spans `looks_in`.

        A teacher who has no lesson left is forgotten. With a time, a database records each lesson
        that was removed in its audit log; a store in memory has none.
        """
