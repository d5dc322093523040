"""Whom teachers ask to observe a lesson, and what those saw, in the school's database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, func, insert, select

from school.audit.actor import Actor
from school.database import SchoolDatabase
from school.lessons.records import Lesson
from school.lessons.rows import LESSON_COLUMNS, lesson_of
from school.observing.records import Answer, Asked, CodedLook, Kept, Look
from school.observing.rota import Turn
from school.observing.tables import coding_plans, looks, observers
from school.schema import exclusions, hidden_lessons, lesson_owners, lessons, people
from school.sql_store import put_row

__all__ = ["Observed", "ObserverStore", "end_request"]

_OF_OWNER: Final = and_(
    lesson_owners.c.lesson == observers.c.lesson, lesson_owners.c.person == observers.c.asked_by
)
"""What an owner asked for ends when the lesson is someone else's."""
_ASKED: Final = (
    select(observers.c.lesson)
    .join(lesson_owners, _OF_OWNER)
    .where(
        observers.c.lesson == bindparam("observed"),
        observers.c.person == bindparam("observer"),
        observers.c.lesson.not_in(select(hidden_lessons.c.lesson)),
    )
)
_COUNTED: Final = (
    select(func.count())
    .select_from(looks)
    .where(
        looks.c.lesson == observers.c.lesson,
        looks.c.person == observers.c.person,
        looks.c.answer.is_not(None),
    )
    .correlate(observers)
    .scalar_subquery()
)
_IS_LEFT_OUT: Final = (
    select(1)
    .where(
        exclusions.c.lesson == looks.c.lesson,
        exclusions.c.start_s < looks.c.end_s,
        exclusions.c.end_s > looks.c.start_s,
    )
    .correlate(looks)
    .exists()
)
_KEPT: Final = select(func.count(), func.max(looks.c.received_utc_ns)).where(
    looks.c.answer.is_not(None), ~_IS_LEFT_OUT
)
_PLAN: Final = select(coding_plans.c.zones).where(coding_plans.c.lesson == bindparam("observed"))
_KEY: Final = (
    looks.c.lesson == bindparam("of_lesson"),
    looks.c.person == bindparam("of_person"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A lesson that someone is asked to observe, or has observed."""

    lesson: Lesson
    looks: int
    """How many of theirs are kept."""
    asked_by: str | None
    """The name of who asks now; None if nobody does any more."""


class ObserverStore:
    """Any number of programs may use it, each change of rights in a transaction with its record."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def is_asked(self, lesson: str, person: str) -> bool:
        """Whether a lesson's owner asks someone to observe it, and has not hidden it."""
        with self._database.reading() as connection:
            return _is_asked(connection, lesson, person)

    def asked(self, lesson: str) -> list[Asked]:
        """Whom a lesson's owner asks, by name."""
        found = (
            select(observers.c.lesson, observers.c.person, people.c.name, _COUNTED.label("looks"))
            .join(people, people.c.id == observers.c.person)
            .join(lesson_owners, _OF_OWNER)
            .where(observers.c.lesson == lesson)
            .order_by(people.c.name, people.c.id)
        )
        with self._database.reading() as connection:
            return [Asked(**row._asdict()) for row in connection.execute(found).all()]

    def ask(self, lesson: str, person: str, by: Actor) -> None:
        """Ask someone to observe a lesson; it counts while `by` is the lesson's owner."""
        assert by.person is not None
        with self._database.writing() as connection:
            row = {"lesson": lesson, "person": person, "asked_by": by.person}
            put_row(connection, observers, {**row, "created_utc_ns": by.utc_ns})
            by.record_about(
                connection, "asked_observer", person, _name(connection, person), lesson=lesson
            )

    def take_back(self, lesson: str, person: str, by: Actor) -> None:
        """End the request; what that person saw goes for good."""
        with self._database.removing() as connection:
            end_request(connection, lesson, person, _name(connection, person), by)

    def withdraw(self, lesson: str, by: Actor) -> None:
        """An observer takes back all that they saw in a lesson, for good, and observes no more."""
        assert by.person is not None
        with self._database.removing() as connection:
            is_ended = _end(connection, lesson, by.person)
            gone = _remove(connection, lesson, by.person)
            if is_ended or gone:
                by.record(
                    connection, "withdrew_looks", "lesson", lesson, lesson=lesson,
                    detail={"looks": gone},
                )  # fmt: skip

    def of_person(self, person: str) -> list[Observed]:
        """What someone is asked to observe or has observed, the latest lesson first."""
        owners = people.alias("owners")
        theirs = (
            select(looks.c.lesson, func.count(looks.c.answer).label("coded"))
            .where(looks.c.person == person)
            .group_by(looks.c.lesson)
            .subquery()
        )
        asked = (
            select(observers.c.lesson, owners.c.name)
            .join(lesson_owners, _OF_OWNER)
            .join(owners, owners.c.id == observers.c.asked_by)
            .where(
                observers.c.person == person,
                observers.c.lesson.not_in(select(hidden_lessons.c.lesson)),
            )
            .subquery()
        )
        found = (
            select(*LESSON_COLUMNS, theirs.c.coded, asked.c.name.label("asker"))
            .select_from(lessons)
            .outerjoin(theirs, theirs.c.lesson == lessons.c.id)
            .outerjoin(asked, asked.c.lesson == lessons.c.id)
            .where(theirs.c.lesson.is_not(None) | asked.c.lesson.is_not(None))
            .order_by(lessons.c.starts_utc_ns.desc(), lessons.c.id)
        )
        with self._database.reading() as connection:
            rows = connection.execute(found).all()
        return [
            Observed(lesson=lesson_of(row), looks=int(row.coded or 0), asked_by=row.asker)
            for row in rows
        ]

    def plan(self, lesson: str) -> tuple[str, ...]:
        """Round which zones its observers go; empty if no one has opened the sheet yet."""
        with self._database.reading() as connection:
            return _plan(connection, lesson)

    def settle_plan(self, lesson: str, zones: Sequence[str]) -> tuple[str, ...]:
        """Keep the zones of the plan if there is none yet; the plan that all observers follow.

        It stays as it is, so that two phones never go round different zones.
        """
        with self._database.recording() as connection:
            known = _plan(connection, lesson)
            if known or not zones:
                return known
            text = json.dumps(list(zones), ensure_ascii=False)
            connection.execute(insert(coding_plans), {"lesson": lesson, "zones": text})
        return tuple(zones)

    def keep(
        self, lesson: str, person: str, sent: Sequence[tuple[Turn, Look]], received_utc_ns: int
    ) -> bool:
        """Keep what an observer saw; False, and nothing is kept, if they are not asked any more.

        The same look may come again: of two answers the one that was said later counts.
        """
        with self._database.recording() as connection:
            if not _is_asked(connection, lesson, person):
                return False
            said: dict[int, int] = {}
            found = select(looks.c.start_s, looks.c.said_ms).where(*_KEY)
            for row in connection.execute(found, {"of_lesson": lesson, "of_person": person}):
                said[row.start_s] = row.said_ms
            for turn, look in sorted(sent, key=lambda each: each[1].said_ms):
                if said.get(turn.start_s, -1) >= look.said_ms:
                    continue
                said[turn.start_s] = look.said_ms
                put_row(
                    connection,
                    looks,
                    {
                        "lesson": lesson, "person": person, "start_s": turn.start_s,
                        "end_s": turn.end_s, "zone": turn.zone, "answer": look.answer,
                        "id": look.id, "said_ms": look.said_ms,
                        "received_utc_ns": received_utc_ns,
                    },
                )  # fmt: skip
        return True

    def looks_of(self, person: str, lesson: str | None = None) -> list[CodedLook]:
        """What someone saw, in one lesson or in all, in order."""
        found = _coded().where(looks.c.person == person)
        if lesson is not None:
            found = found.where(looks.c.lesson == lesson)
        return self._looks(found)

    def all_looks(self) -> list[CodedLook]:
        """What all observers saw, without what teachers leave out, in order."""
        return self._looks(_coded().where(~_IS_LEFT_OUT))

    def kept(self) -> Kept:
        """How many looks there are, and when the last one came."""
        with self._database.reading() as connection:
            count, last = connection.execute(_KEPT).one()
        return Kept(looks=int(count), last_utc_ns=int(last or 0))

    def _looks(self, found: Select[Any]) -> list[CodedLook]:
        with self._database.reading() as connection:
            return [_look(row) for row in connection.execute(found).all()]


def end_request(connection: Connection, lesson: str, person: str, name: str, by: Actor) -> None:
    """Take back the request to somebody, called `name`, with what they saw, in a removing transaction."""
    if not _end(connection, lesson, person):
        return
    gone = _remove(connection, lesson, person)
    by.record_about(
        connection, "ended_observing", person, name, lesson=lesson, detail={"looks": gone}
    )


def _coded() -> Select[Any]:
    return (
        select(looks)
        .where(looks.c.answer.is_not(None))
        .order_by(looks.c.lesson, looks.c.start_s, looks.c.person)
    )


def _look(row: Row[Any]) -> CodedLook:
    return CodedLook(
        lesson=row.lesson, person=row.person, zone=row.zone, start_s=row.start_s, end_s=row.end_s,
        answer=cast("Answer", row.answer), received_utc_ns=row.received_utc_ns,
    )  # fmt: skip


def _is_asked(connection: Connection, lesson: str, person: str) -> bool:
    found = connection.execute(_ASKED, {"observed": lesson, "observer": person})
    return found.first() is not None


def _plan(connection: Connection, lesson: str) -> tuple[str, ...]:
    text = connection.scalar(_PLAN, {"observed": lesson})
    return () if text is None else tuple(json.loads(text))


def _name(connection: Connection, person: str) -> str:
    return str(connection.scalars(select(people.c.name).where(people.c.id == person)).one())


def _end(connection: Connection, lesson: str, person: str) -> bool:
    gone = delete(observers).where(observers.c.lesson == lesson, observers.c.person == person)
    return connection.execute(gone).rowcount > 0


def _remove(connection: Connection, lesson: str, person: str) -> int:
    """How many of them had an answer; undone ones go as well."""
    of_both = looks.c.lesson == lesson, looks.c.person == person
    answered = select(func.count(looks.c.answer)).where(*of_both)
    count = int(connection.scalars(answered).one())
    connection.execute(delete(looks).where(*of_both))
    return count
