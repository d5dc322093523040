"""Lessons, the moments that people mark, and what they say of them, in the school's database.

Any number of programs may write it, each change in a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import delete, insert, select

from contract.errors import StoreError
from school.database import SchoolDatabase
from school.lessons import origin_rows, rows
from school.lessons.origins import Origin, Reschedule
from school.lessons.records import Lesson, PurgedWords
from school.moments import labels as label_rows
from school.moments import rows as moment_rows
from school.moments import verdicts as verdict_rows
from school.moments.records import Label, Moment, Speaker, Verdict, VerdictCount
from school.schema import opted_out

__all__ = ["SqlLessonStore"]

_OPTED_OUT: Final = select(opted_out.c.room, opted_out.c.seat).order_by(
    opted_out.c.room, opted_out.c.seat
)


class SqlLessonStore:
    """`LessonStore` in a `SchoolDatabase`."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def put(self, lesson: Lesson) -> None:
        with self._database.writing() as connection:
            rows.put_lesson(connection, lesson)
            label_rows.remove_unwanted(connection)  # it may be another teacher's now

    def swap(self, old: Lesson | None, new: Lesson) -> bool:
        """Replace a lesson if it is unchanged; see `LessonChanges.swap`."""
        with self._database.writing() as connection:
            is_same = rows.find_lesson(connection, new.id) == old
            if is_same:
                rows.put_lesson(connection, new)
                label_rows.remove_unwanted(connection)
        return is_same

    def get(self, lesson: str) -> Lesson | None:
        with self._database.reading() as connection:
            return rows.find_lesson(connection, lesson)

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
        with self._database.reading() as connection:
            return rows.some(
                connection, room=room, from_utc_ns=from_utc_ns, to_utc_ns=to_utc_ns,
                limit=limit, offset=offset,
            )  # fmt: skip

    def changed_since(self, since: int, *, from_utc_ns: int, to_utc_ns: int) -> list[Lesson]:
        """What was written after a version; see `ScoredLessons.changed_since`."""
        with self._database.reading() as connection:
            return rows.changed_since(
                connection, since, from_utc_ns=from_utc_ns, to_utc_ns=to_utc_ns
            )

    def count_within(self, *, from_utc_ns: int, to_utc_ns: int) -> int:
        with self._database.reading() as connection:
            return rows.count_within(connection, from_utc_ns=from_utc_ns, to_utc_ns=to_utc_ns)

    def count_lessons(self) -> int:
        with self._database.reading() as connection:
            return rows.count_lessons(connection)

    def origins(self) -> dict[str, Origin]:
        with self._database.reading() as connection:
            return origin_rows.all_origins(connection)

    def reschedule(
        self, decide: Callable[[list[Lesson], dict[str, Origin]], Reschedule]
    ) -> Reschedule:
        """Change many lessons in one transaction; see `Timetable.reschedule`."""
        with self._database.writing() as connection:
            change = decide(rows.all_lessons(connection), origin_rows.all_origins(connection))
            origin_rows.apply(connection, change)
            label_rows.remove_unwanted(connection)  # it may be another teacher's now
        return change

    def opt_out(self, room: str, seat: int) -> None:
        values = {"room": room, "seat": seat}
        with self._database.writing() as connection:
            if not connection.execute(_OPTED_OUT.filter_by(**values)).first():
                connection.execute(insert(opted_out), values)

    def opt_in(self, room: str, seat: int) -> bool:
        gone = delete(opted_out).where(opted_out.c.room == room, opted_out.c.seat == seat)
        with self._database.writing() as connection:
            return connection.execute(gone).rowcount > 0

    def opted_out(self) -> list[tuple[str, int]]:
        with self._database.reading() as connection:
            return [(room, seat) for room, seat in connection.execute(_OPTED_OUT).all()]

    def put_moment(self, moment: Moment) -> None:
        """Mark a moment; raises StoreError where there is no such lesson."""
        with self._database.writing() as connection:
            is_there = moment_rows.put_moment(connection, moment)
        if not is_there:
            raise StoreError(f"There is no lesson {moment.lesson!r} to mark a moment in.")

    def remove_moment(self, moment: str) -> None:
        with self._database.writing() as connection:
            moment_rows.remove_moment(connection, moment)
            label_rows.remove_labels_of_moment(connection, moment)
            verdict_rows.remove_verdicts_of_moment(connection, moment)

    def moments(self, lesson: str) -> list[Moment]:
        with self._database.reading() as connection:
            return moment_rows.moments_of(connection, lesson)

    def count_moments(self, lessons: Sequence[str]) -> dict[str, int]:
        with self._database.reading() as connection:
            return moment_rows.count_moments(connection, lessons)

    def put_verdict(
        self, verdict: Verdict, label: Label | None = None, *, written_utc_ns: int = 0
    ) -> None:
        """Keep what someone said of a moment; see `MomentStore.put_verdict`."""
        with self._database.writing() as connection:
            # What was kept of an earlier answer goes.
            label_rows.remove_label(connection, verdict.lesson, verdict.moment, verdict.by)
            is_there = verdict_rows.put_verdict(connection, verdict)
            if is_there and label is not None:
                label_rows.put_label(connection, label, written_utc_ns)
        if not is_there:
            raise StoreError(f"There is no lesson {verdict.lesson!r} to say something of.")

    def remove_verdict(self, lesson: str, moment: str, by: Speaker) -> None:
        with self._database.writing() as connection:
            label_rows.remove_label(connection, lesson, moment, by)
            verdict_rows.remove_verdict(connection, lesson, moment, by)

    def verdicts(self, lesson: str) -> list[Verdict]:
        with self._database.reading() as connection:
            return verdict_rows.verdicts_of(connection, lesson)

    def count_verdicts(self) -> VerdictCount:
        return VerdictCount.sum(self.verdicts_by_lesson().values())

    def verdicts_by_lesson(self) -> dict[str, VerdictCount]:
        with self._database.reading() as connection:
            return verdict_rows.count_by_lesson(connection)

    def keeps_labels(self, teacher: str) -> bool:
        with self._database.reading() as connection:
            return label_rows.has_opted_in(connection, teacher)

    def keep_labels(self, teacher: str) -> None:
        with self._database.writing() as connection:
            label_rows.add_opt_in(connection, teacher)

    def drop_labels(self, teacher: str) -> int:
        """Forget that they agreed, and remove what is kept of their lessons for good."""
        with self._database.removing() as connection:
            label_rows.remove_opt_in(connection, teacher)
            return label_rows.remove_unwanted(connection)

    def count_labels(self, teacher: str) -> int:
        with self._database.reading() as connection:
            return label_rows.count_labels_of(connection, teacher)

    def labels(self) -> list[Label]:
        with self._database.reading() as connection:
            return label_rows.all_labels(connection)

    def retire_labels(self, *, before_utc_ns: int, most: int) -> int:
        # Asked each hour, and mostly for nothing: a change would have every follower look again.
        with self._database.reading() as connection:
            if not label_rows.has_old(connection, before_utc_ns=before_utc_ns):
                return 0
        with self._database.writing() as connection:
            return label_rows.remove_old(connection, before_utc_ns=before_utc_ns, most=most)

    def purge(
        self,
        *,
        lessons: Sequence[str] = (),
        moments: Sequence[str] = (),
        labels_of: Sequence[str] = (),
    ) -> PurgedWords:
        """Remove lessons with what was said of them for good; see `LessonStore.purge`."""
        removed = PurgedWords()
        with self._database.removing() as connection:
            before = label_rows.count_all(connection)
            for lesson in lessons:
                removed.moments += moment_rows.remove_moments_of_lesson(connection, lesson)
                removed.verdicts += verdict_rows.remove_verdicts_of_lesson(connection, lesson)
                removed.lessons += origin_rows.remove_lesson(connection, lesson)
            for moment in moments:
                removed.moments += moment_rows.remove_moment(connection, moment)
                label_rows.remove_labels_of_moment(connection, moment)
                removed.verdicts += verdict_rows.remove_verdicts_of_moment(connection, moment)
            label_rows.remove_stale_opt_ins(connection)
            for lesson in labels_of:
                label_rows.remove_labels_of_lesson(connection, lesson)
            removed.labels = before - label_rows.count_all(connection)
        return removed

    def version(self) -> int:
        """Changes with every change, of this program or another."""
        return self._database.revision()

    def close(self) -> None:
        self._database.close()
