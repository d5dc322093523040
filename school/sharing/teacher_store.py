"""What a teacher decides about a lesson of theirs: left out spans, hiding and deleting it."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from sqlalchemy import Connection, Row, and_, bindparam, delete, insert, or_, select, union

from contract.clock import SECOND_NS
from school.audit.actor import Actor
from school.database import SchoolDatabase
from school.debrief.tables import action_steps
from school.lessons.records import Lesson
from school.lessons.rows import LESSON_COLUMNS, lesson_of
from school.moments.tables import replies
from school.observing.tables import looks, observers
from school.schema import (
    audit_events,
    exclusions,
    hidden_lessons,
    lesson_owners,
    lessons,
    moments,
    notices,
    offers,
    people,
    share_spans,
    shares,
    verdicts,
)
from school.sharing.cut import Cut, Exclusion, ExclusionReason, Span

__all__ = ["Notice", "TeacherStore", "exclusions_in", "exclusions_of"]

_EXCLUSIONS: Final = (
    select(exclusions)
    .where(exclusions.c.lesson.in_(bindparam("lessons", expanding=True)))
    .order_by(exclusions.c.lesson, exclusions.c.start_s, exclusions.c.id)
)
_SPANS: Final = (
    select(shares.c.lesson, share_spans.c.start_s, share_spans.c.end_s)
    .outerjoin(
        share_spans,
        and_(share_spans.c.lesson == shares.c.lesson, share_spans.c.person == shares.c.person),
    )
    .where(
        shares.c.person == bindparam("person"),
        shares.c.lesson.in_(bindparam("lessons", expanding=True)),
    )
    .order_by(shares.c.lesson, share_spans.c.start_s)
)
"""One statement, so that a share that ends meanwhile is never taken for one of the whole lesson."""
_OWNED: Final = select(lesson_owners.c.lesson).where(
    lesson_owners.c.person == bindparam("person"),
    lesson_owners.c.lesson.in_(bindparam("lessons", expanding=True)),
)
MAX_EXCLUSIONS: Final = 50
WAIT_NS: Final = 72 * 3600 * SECOND_NS
"""How long after a lesson its teacher is reminded of it."""
REMIND_NS: Final = 60 * 86_400 * SECOND_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """To someone with whom a lesson was shared: it was deleted."""

    id: str
    by_name: str
    lesson_utc_ns: int
    """When the lesson was."""
    created_utc_ns: int


class TeacherStore:
    """Any number of programs may use it, each change in a transaction with its record."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def cuts(self, lesson_ids: Sequence[str], person: str) -> dict[str, Cut]:
        """What a person sees of each of some lessons; theirs and shared ones alone are in it."""
        values = {"lessons": list(lesson_ids), "person": person}
        with self._database.reading() as connection:
            left_out = exclusions_of(connection, lesson_ids)
            owned = set(connection.scalars(_OWNED, values).all())
            rows = connection.execute(_SPANS, values).all()
        parts: dict[str, list[Span]] = {}
        for row in rows:
            known = parts.setdefault(row.lesson, [])
            if row.start_s is not None:
                known.append(Span(row.start_s, row.end_s))
        return {
            lesson: Cut(
                shared=None if lesson in owned else tuple(parts[lesson]) or None,
                excluded=tuple(left_out.get(lesson, ())),
                is_own=lesson in owned,
            )
            for lesson in lesson_ids
            if lesson in owned or lesson in parts
        }

    def left_out(self, lesson_ids: Sequence[str]) -> dict[str, list[Exclusion]]:
        """What the teachers of some lessons left out of them."""
        with self._database.reading() as connection:
            return exclusions_of(connection, lesson_ids)

    def exclude(
        self, lesson: str, span: Span, reason: ExclusionReason, note: str, by: Actor
    ) -> None:
        """Leave a span out, in whole seconds."""
        start_s, end_s = int(span.start_s), int(span.end_s)
        with self._database.writing() as connection:
            connection.execute(
                insert(exclusions),
                {
                    "id": secrets.token_hex(8), "lesson": lesson, "start_s": start_s,
                    "end_s": end_s, "reason": reason, "note": note,
                },
            )  # fmt: skip
            detail = {"reason": reason, "start_s": start_s, "end_s": end_s}
            by.record(connection, "excluded", "lesson", lesson, lesson=lesson, detail=detail)

    def include(self, lesson: str, exclusion: str, by: Actor) -> None:
        """Take a span in again."""
        with self._database.writing() as connection:
            known = {one.id: one for one in exclusions_of(connection, [lesson]).get(lesson, ())}
            found = known.get(exclusion)
            if found is None:
                return
            connection.execute(delete(exclusions).where(exclusions.c.id == exclusion))
            detail = {"start_s": found.start_s, "end_s": found.end_s}
            by.record(connection, "included", "lesson", lesson, lesson=lesson, detail=detail)

    def is_hidden(self, lesson: str) -> bool:
        found = select(hidden_lessons).where(hidden_lessons.c.lesson == lesson)
        with self._database.reading() as connection:
            return connection.execute(found).first() is not None

    def hide(self, lesson: str, by: Actor) -> None:
        """Take a lesson out of every list; others do not see it any more."""
        with self._database.writing() as connection:
            if _hide(connection, lesson):
                by.record(connection, "hid", "lesson", lesson, lesson=lesson)

    def unhide(self, lesson: str, by: Actor) -> None:
        """Put it back into the lists; those with whom it is shared see it again."""
        gone = delete(hidden_lessons).where(hidden_lessons.c.lesson == lesson)
        with self._database.writing() as connection:
            if connection.execute(gone).rowcount:
                by.record(connection, "unhid", "lesson", lesson, lesson=lesson)

    def concerned_by_deletion(self, lesson: str, owner: str) -> list[str]:
        """The names of those to whom deleting a lesson leaves a notice."""
        with self._database.reading() as connection:
            return [row.name for row in _concerned(connection, lesson, owner)]

    def ask_to_delete(self, lesson: Lesson, by: Actor) -> None:
        """Record that a lesson is to go, end its shares, and notify its readers and who wrote about it.

        Nobody else sees it from now on; the purge removes the lesson itself.
        """
        with self._database.writing() as connection:
            for each in _concerned(connection, lesson.id, by.person):
                connection.execute(
                    insert(notices),
                    {
                        "id": secrets.token_hex(8), "person": each.id, "by_name": by.name,
                        "lesson_utc_ns": lesson.starts_utc_ns, "created_utc_ns": by.utc_ns,
                    },
                )  # fmt: skip
            connection.execute(delete(shares).where(shares.c.lesson == lesson.id))
            connection.execute(delete(offers).where(offers.c.lesson == lesson.id))
            _hide(connection, lesson.id)
            by.record(connection, "deleted", "lesson", lesson.id, lesson=lesson.id)

    def unattended(self, person: str, utc_ns: int, limit: int) -> list[Lesson]:
        """Someone's lessons that have waited for `WAIT_NS` without a look or a share, the latest first.

        Older ones than `REMIND_NS` are left alone.
        """
        attended = (
            select(audit_events.c.number)
            .where(
                audit_events.c.lesson == lessons.c.id,
                or_(
                    audit_events.c.action == "shared",
                    and_(
                        audit_events.c.action == "saw",
                        audit_events.c.thing.in_(("lesson", "video")),
                    ),
                ),
            )
            .correlate(lessons)
            .exists()
        )
        found = (
            select(*LESSON_COLUMNS)
            .join(lesson_owners, lesson_owners.c.lesson == lessons.c.id)
            .where(
                lesson_owners.c.person == person,
                lessons.c.ends_utc_ns <= utc_ns - WAIT_NS,
                lessons.c.starts_utc_ns > utc_ns - REMIND_NS,
                lessons.c.id.not_in(select(hidden_lessons.c.lesson)),
                ~attended,
            )
            .order_by(lessons.c.starts_utc_ns.desc(), lessons.c.id)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [lesson_of(row) for row in connection.execute(found).all()]

    def notices(self, person: str) -> list[Notice]:
        """What someone has not read yet, the newest first."""
        found = (
            select(notices)
            .where(notices.c.person == person)
            .order_by(notices.c.created_utc_ns.desc(), notices.c.id)
        )
        with self._database.reading() as connection:
            rows = connection.execute(found).all()
        return [
            Notice(
                id=row.id, by_name=row.by_name, lesson_utc_ns=row.lesson_utc_ns,
                created_utc_ns=row.created_utc_ns,
            )
            for row in rows
        ]  # fmt: skip

    def read_notice(self, notice: str, person: str) -> None:
        """They have read it: it goes."""
        gone = delete(notices).where(notices.c.id == notice, notices.c.person == person)
        with self._database.writing() as connection:
            connection.execute(gone)


def exclusions_of(
    connection: Connection, lesson_ids: Collection[str]
) -> dict[str, list[Exclusion]]:
    """The left out spans of some lessons, in order."""
    return exclusions_in(connection.execute(_EXCLUSIONS, {"lessons": list(lesson_ids)}).all())


def exclusions_in(rows: Iterable[Row[Any]]) -> dict[str, list[Exclusion]]:
    """By lesson, from rows of the table."""
    found: dict[str, list[Exclusion]] = {}
    for row in rows:
        one = Exclusion(
            id=row.id, start_s=row.start_s, end_s=row.end_s,
            reason=cast("ExclusionReason", row.reason), note=row.note,
        )  # fmt: skip
        found.setdefault(row.lesson, []).append(one)
    return found


def _concerned(connection: Connection, lesson: str, owner: str | None) -> Sequence[Row[str, str]]:
    """Whom a deletion concerns: whose words go, and who sees the lesson, or did until a day."""
    concerned = union(
        select(shares.c.person).where(shares.c.lesson == lesson),
        select(moments.c.author).where(moments.c.lesson == lesson),
        select(replies.c.author).where(replies.c.lesson == lesson),
        select(verdicts.c.by).where(verdicts.c.lesson == lesson),
        select(action_steps.c.author).where(action_steps.c.lesson == lesson),
        select(looks.c.person).where(looks.c.lesson == lesson),
        select(observers.c.person).where(observers.c.lesson == lesson),
    )
    found = (
        select(people.c.id, people.c.name)
        .where(people.c.id.in_(concerned), people.c.id != (owner or ""), people.c.name != "")
        .order_by(people.c.name, people.c.id)
    )
    return connection.execute(found).all()


def _hide(connection: Connection, lesson: str) -> bool:
    """Whether it was not hidden before."""
    known = select(hidden_lessons).where(hidden_lessons.c.lesson == lesson)
    if connection.execute(known).first() is not None:
        return False
    connection.execute(insert(hidden_lessons), {"lesson": lesson})
    connection.execute(delete(offers).where(offers.c.lesson == lesson))
    return True
