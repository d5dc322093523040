"""Lessons in the school's database, with the moments in them and what people say of those.

Any number of programs may write it, each change in a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, func, select

from school.audit.log import append
from school.audit.names import actor_of_program
from school.audit.records import Event
from school.control.store import KitControlStore
from school.cycle.linking import part_cycles_from_lesson
from school.debrief.removing import part_from_lesson
from school.lessons import rows
from school.lessons.origins import Origin, Reschedule
from school.lessons.owner_rows import give_to_named
from school.lessons.records import Lesson, PurgedWords
from school.lessons.retiring import has_old_words, remove_old_words
from school.lessons.rows import lesson_of, lesson_values
from school.moments.store import SqlMomentStore, remove_moment_rows, remove_unwanted_labels
from school.moments.tables import replies
from school.observing.removing import (
    LessonSpan,
    has_old_looks,
    remove_looks_in,
    remove_old_looks,
)
from school.observing.tables import looks
from school.pulse.forgetting import has_old_pulse, remove_old_pulse
from school.rooms.tables import rooms as rooms_table
from school.schema import (
    exclusions,
    imported,
    label_opt_ins,
    labels,
    lessons,
    moments,
    opted_out,
    verdicts,
)
from school.sql_store import put_row

__all__ = ["SqlLessonStore"]

_DECLARED: Final = ("source", "zones", "video")
"""What a timetable does not change of a lesson that is there."""
_ORIGINS: Final = select(imported)
_TEACHER: Final = select(lessons.c.teacher).where(lessons.c.id == bindparam("lesson"))
_ZONES: Final = select(rooms_table.c.zones).where(rooms_table.c.name == bindparam("room"))
_STALE_OPT_INS: Final = delete(label_opt_ins).where(
    label_opt_ins.c.teacher.not_in(select(lessons.c.teacher))
)
"""Those of teachers who have no lesson left."""
_LEFT_OUT: Final = select(exclusions.c.lesson, exclusions.c.start_s, exclusions.c.end_s).order_by(
    exclusions.c.lesson, exclusions.c.start_s, exclusions.c.end_s
)
_OPTED_OUT: Final = select(opted_out).order_by(opted_out.c.room, opted_out.c.seat)


class SqlLessonStore(SqlMomentStore):
    """`LessonStore` in a `SchoolDatabase`."""

    def put(self, lesson: Lesson) -> None:
        with self._database.writing() as connection:
            _put(connection, lesson)

    def swap(self, old: Lesson | None, new: Lesson) -> bool:
        """Replace a lesson if it is unchanged; see `LessonChanges.swap`."""
        with self._database.writing() as connection:
            row = connection.execute(rows.ONE, {"lesson": new.id}).one_or_none()
            is_same = (None if row is None else lesson_of(row)) == old
            if is_same:
                _put(connection, new)
        return is_same

    def get(self, lesson: str) -> Lesson | None:
        return next(map(lesson_of, self._read(rows.ONE, lesson=lesson)), None)

    def lessons(
        self,
        *,
        room: str | None = None,
        from_utc_ns: int | None = None,
        to_utc_ns: int | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Lesson]:
        """Some of them, the latest first; see `LessonReader.lessons`."""
        values = {**rows.bounds(from_utc_ns, to_utc_ns), "room": room}
        if limit is None and not offset:
            found = self._read(rows.WITHIN[room is not None], **values)
        else:
            values["limit"] = rows.LAST if limit is None else limit
            values["offset"] = min(offset, rows.LAST)
            found = self._read(rows.PAGE[room is not None], **values)
        return [lesson_of(row) for row in found]

    def changed_since(self, since: int, *, from_utc_ns: int, to_utc_ns: int) -> list[Lesson]:
        """What was written after a version; see `ScoredLessons.changed_since`."""
        found = self._read(rows.CHANGED, **rows.bounds(from_utc_ns, to_utc_ns), since=since)
        return [lesson_of(row) for row in found]

    def count_within(self, *, from_utc_ns: int, to_utc_ns: int) -> int:
        return self._count(rows.COUNT_WITHIN, **rows.bounds(from_utc_ns, to_utc_ns))

    def count_lessons(self) -> int:
        return self._count(select(func.count()).select_from(lessons))

    def origins(self) -> dict[str, Origin]:
        return dict(map(_origin, self._read(_ORIGINS)))

    def reschedule(
        self, decide: Callable[[list[Lesson], dict[str, Origin]], Reschedule]
    ) -> Reschedule:
        """Change many lessons in one transaction; see `Timetable.reschedule`."""
        with self._database.writing() as connection:
            every = [lesson_of(row) for row in connection.execute(rows.EVERY).all()]
            origins = dict(map(_origin, connection.execute(_ORIGINS).all()))
            change = decide(every, origins)
            for removed in change.removed:
                _remove(connection, removed)
            for lesson, origin in change.put:
                _put(connection, lesson, keep=_DECLARED)
                put_row(connection, imported, {"lesson": lesson.id, **asdict(origin)})
        return change

    def opt_out(self, room: str, seat: int) -> None:
        with self._database.writing() as connection:
            put_row(connection, opted_out, {"room": room, "seat": seat})

    def opt_in(self, room: str, seat: int) -> bool:
        gone = delete(opted_out).where(opted_out.c.room == room, opted_out.c.seat == seat)
        with self._database.writing() as connection:
            return connection.execute(gone).rowcount > 0

    @property
    def orders(self) -> KitControlStore:
        """What people ask of kits, in the same database."""
        return KitControlStore(self._database)

    def opted_out(self) -> list[tuple[str, int]]:
        return [(room, seat) for room, seat in self._read(_OPTED_OUT)]

    def purge(
        self,
        *,
        lessons: Sequence[str] = (),
        moments: Sequence[str] = (),
        labels_of: Sequence[str] = (),
        looks_in: Sequence[LessonSpan] = (),
        purged_utc_ns: int | None = None,
    ) -> PurgedWords:
        """Remove lessons with what was said of them for good; see `LessonStore.purge`."""
        with self._database.removing() as connection:
            before = _counts(connection)
            for lesson in lessons:
                if _remove(connection, lesson) and purged_utc_ns is not None:
                    _record_purge(connection, lesson, purged_utc_ns)
            for moment in moments:
                remove_moment_rows(connection, moment)
            for lesson in labels_of:
                connection.execute(delete(labels).where(labels.c.lesson == lesson))
            for span in looks_in:
                remove_looks_in(connection, span)
            connection.execute(_STALE_OPT_INS)
            after = _counts(connection)
        return PurgedWords(**{name: n - after[name] for name, n in before.items()})

    def retire_looks(self, *, before_utc_ns: int, most: int) -> int:
        # Asked each hour, and mostly for nothing: nothing is written then.
        with self._database.reading() as connection:
            if not has_old_looks(connection, before_utc_ns):
                return 0
        with self._database.recording() as connection:
            return remove_old_looks(connection, before_utc_ns, most)

    def retire_words(self, *, before_utc_ns: int, most: int) -> int:
        with self._database.reading() as connection:
            if not has_old_words(connection, before_utc_ns):
                return 0
        with self._database.writing() as connection:
            return remove_old_words(connection, before_utc_ns, most)

    def retire_pulse(self, *, utc_ns: int, most: int) -> int:
        with self._database.reading() as connection:
            if not has_old_pulse(connection, utc_ns):
                return 0
        with self._database.recording() as connection:
            return remove_old_pulse(connection, utc_ns, most)

    def left_out(self) -> dict[str, tuple[tuple[int, int], ...]]:
        """Of all lessons; see `LessonReader.left_out`."""
        found: dict[str, tuple[tuple[int, int], ...]] = {}
        for lesson, start_s, end_s in self._read(_LEFT_OUT):
            found[lesson] = (*found.get(lesson, ()), (start_s, end_s))
        return found

    def version(self) -> int:
        """Changes with every change, of this program or another."""
        return self._database.revision()

    def close(self) -> None:
        self._database.close()


def _put(connection: Connection, lesson: Lesson, keep: Collection[str] = ()) -> None:
    """Add a lesson or change it; with another teacher's name it gets another owner.

    A new one without zones gets those of its room.
    """
    before = connection.scalar(_TEACHER, {"lesson": lesson.id})
    values = lesson_values(lesson)
    if before is None and not lesson.zones:
        values["zones"] = connection.scalar(_ZONES, {"room": lesson.room}) or values["zones"]
    put_row(connection, lessons, values, keep)
    if before != lesson.teacher:
        give_to_named(connection, lesson.id, lesson.teacher)
        remove_unwanted_labels(connection)


def _remove(connection: Connection, lesson: str) -> bool:
    """Moments, answers, labels and its origin refer to it and go along; whether it was there."""
    part_from_lesson(connection, lesson)
    part_cycles_from_lesson(connection, lesson)
    return connection.execute(delete(lessons).where(lessons.c.id == lesson)).rowcount > 0


def _origin(row: Row[*tuple[Any, ...]]) -> tuple[str, Origin]:
    return row.lesson, Origin(source=row.source, event=row.event, occurrence=row.occurrence)


def _counts(connection: Connection) -> dict[str, int]:
    """How many rows there are of what a purge removes."""
    return {
        table.name: int(connection.scalars(select(func.count()).select_from(table)).one())
        for table in (lessons, moments, replies, verdicts, labels, looks)
    }


def _record_purge(connection: Connection, lesson: str, at_utc_ns: int) -> None:
    """That a lesson was purged stays in the audit log, as do its earlier entries."""
    actor = actor_of_program(connection, "roomtone purge")
    append(
        connection,
        Event(
            at_utc_ns=at_utc_ns, actor=actor, action="purged", thing="lesson", thing_id=lesson,
            lesson=lesson,
        ),
    )  # fmt: skip
