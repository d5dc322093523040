"""How a lesson goes from one teacher to another: taken over at its start, or offered and accepted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, exists, insert, or_, select

from contract.clock import SECOND_NS
from school.audit.actor import Actor
from school.database import SchoolDatabase
from school.lessons.records import Lesson
from school.lessons.rows import LESSON_COLUMNS, lesson_of
from school.observing.tables import observers
from school.schema import hidden_lessons, lesson_owners, lessons, offers, people, roles, shares

__all__ = ["EARLY_NS", "HandoverStore", "Offer"]

EARLY_NS: Final = 900 * SECOND_NS
"""A lesson can be taken over from this long before its start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A lesson that its owner offers to someone."""

    lesson: Lesson
    by_name: str
    """Its owner."""
    to_name: str


class HandoverStore:
    """Any number of programs may use it, each change in a transaction with its record."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def open_to(self, person: str, utc_ns: int, longest_ns: int) -> list[Lesson]:
        """The lessons of others that someone may take over now, by their start.

        A lesson that nobody ended is over after `longest_ns`.
        """
        with self._database.reading() as connection:
            rows = connection.execute(_open_to(person, utc_ns, longest_ns)).all()
        return [lesson_of(row) for row in rows]

    def take_over(self, lesson: str, by: Actor, utc_ns: int, longest_ns: int) -> bool:
        """Make a lesson someone's who teaches it for its owner; False if it is not open to them.

        `utc_ns` is the moment by the lessons' clock, which may differ from that of people.
        """
        assert by.person is not None
        with self._database.writing() as connection:
            # Asked again here: another may have taken it, or shared it, since the page was shown.
            found = _open_to(by.person, utc_ns, longest_ns).where(lessons.c.id == lesson)
            if connection.execute(found).first() is None:
                return False
            _give(connection, lesson, by.person)
            by.record(connection, "took_over", "lesson", lesson, lesson=lesson)
        return True

    def offer(self, lesson: str, person: str, by: Actor) -> None:
        """Offer a lesson to someone, instead of anybody else; nothing changes until they accept."""
        with self._database.writing() as connection:
            connection.execute(delete(offers).where(offers.c.lesson == lesson))
            connection.execute(
                insert(offers),
                {"lesson": lesson, "person": person, "created_utc_ns": by.utc_ns},
            )
            name = connection.scalars(select(people.c.name).where(people.c.id == person)).one()
            by.record_about(connection, "offered", person, name, lesson=lesson)

    def end_offer(self, lesson: str, by: Actor) -> None:
        """The owner takes it back, or the other does not want it."""
        with self._database.writing() as connection:
            if connection.execute(delete(offers).where(offers.c.lesson == lesson)).rowcount:
                by.record(connection, "ended_offer", "lesson", lesson, lesson=lesson)

    def accept(self, lesson: str, by: Actor) -> bool:
        """Make an offered lesson theirs; False if it is not offered to them any more."""
        assert by.person is not None
        with self._database.writing() as connection:
            if connection.execute(_offered(lesson, by.person)).first() is None:
                return False
            owner = connection.execute(
                select(people.c.id, people.c.name)
                .join(lesson_owners, lesson_owners.c.person == people.c.id)
                .where(lesson_owners.c.lesson == lesson)
            ).one()
            _give(connection, lesson, by.person)
            giver = Actor(name=owner.name, utc_ns=by.utc_ns, person=owner.id)
            giver.record_about(connection, "handed_over", by.person, by.name, lesson=lesson)
        return True

    def is_offered(self, lesson: str, person: str) -> bool:
        with self._database.reading() as connection:
            return connection.execute(_offered(lesson, person)).first() is not None

    def offer_of(self, lesson: str) -> Offer | None:
        """To whom a lesson is offered."""
        found = self._offers(offers.c.lesson == lesson)
        return found[0] if found else None

    def offers_to(self, person: str) -> list[Offer]:
        """What is offered to someone, the latest lesson first."""
        return self._offers(offers.c.person == person)

    def _offers(self, which: ColumnElement[bool]) -> list[Offer]:
        owners = people.alias("owners")
        found = (
            select(*LESSON_COLUMNS, owners.c.name.label("by_name"), people.c.name.label("to_name"))
            .select_from(offers)
            .join(lessons, lessons.c.id == offers.c.lesson)
            .join(people, people.c.id == offers.c.person)
            .join(lesson_owners, lesson_owners.c.lesson == offers.c.lesson)
            .join(owners, owners.c.id == lesson_owners.c.person)
            .where(which)
            .order_by(lessons.c.starts_utc_ns.desc(), lessons.c.id)
        )
        with self._database.reading() as connection:
            rows = connection.execute(found).all()
        return [
            Offer(lesson=lesson_of(row), by_name=row.by_name, to_name=row.to_name) for row in rows
        ]


def _open_to(person: str, utc_ns: int, longest_ns: int) -> Select[Any]:
    """To a teacher, from shortly before the start until the end, and only where nobody shares it."""
    owned = select(lesson_owners.c.lesson).where(lesson_owners.c.person == person)
    shared = select(shares.c.lesson).where(shares.c.until_utc_ns > utc_ns)
    return (
        select(*LESSON_COLUMNS)
        .where(
            lessons.c.starts_utc_ns <= utc_ns + EARLY_NS,
            lessons.c.starts_utc_ns > utc_ns - longest_ns,
            or_(lessons.c.ends_utc_ns.is_(None), lessons.c.ends_utc_ns > utc_ns),
            lessons.c.id.not_in(owned),
            lessons.c.id.not_in(shared),
            lessons.c.id.not_in(select(hidden_lessons.c.lesson)),
            exists().where(and_(roles.c.person == person, roles.c.role == "teacher")),
        )
        .order_by(lessons.c.starts_utc_ns, lessons.c.id)
    )


def _offered(lesson: str, person: str) -> Select[Any]:
    """The offer, if they are still a teacher."""
    return (
        select(offers.c.lesson)
        .join(roles, and_(roles.c.person == offers.c.person, roles.c.role == "teacher"))
        .where(offers.c.lesson == lesson, offers.c.person == person)
    )


def _give(connection: Connection, lesson: str, person: str) -> None:
    """Make it theirs alone: what its owner before offered, shared and asked ends."""
    connection.execute(delete(lesson_owners).where(lesson_owners.c.lesson == lesson))
    connection.execute(insert(lesson_owners), {"lesson": lesson, "person": person})
    connection.execute(delete(offers).where(offers.c.lesson == lesson))
    connection.execute(delete(shares).where(shares.c.lesson == lesson))
    connection.execute(delete(observers).where(observers.c.lesson == lesson))
    connection.execute(delete(hidden_lessons).where(hidden_lessons.c.lesson == lesson))
