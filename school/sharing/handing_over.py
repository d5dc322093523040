"""What a teacher hands to their next coach, item by item; the coach gets nothing else of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from contract.errors import UsageError
from contract.language import _
from school.audit.actor import Actor
from school.cycle.tables import cycles
from school.debrief.tables import action_steps
from school.lessons.records import Lesson
from school.lessons.rows import LESSON_COLUMNS, lesson_of
from school.matching.tables import passed_steps
from school.schema import (
    former_people,
    hidden_lessons,
    lesson_owners,
    lessons,
    people,
    roles,
)
from school.sharing.former_coach import end_all, has_looks
from school.sharing.given import Given, given_by
from school.sharing.giving import give
from school.sql_store import SqlStore

__all__ = ["Choice", "HandOverStore", "Pack", "PassedStep"]

_IS_HIDDEN: Final = action_steps.c.lesson.in_(select(hidden_lessons.c.lesson))
_IS_READ: Final = or_(action_steps.c.lesson.is_(None), ~_IS_HIDDEN)
"""A step is hidden with the lesson that it comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """What a teacher agreed to; nothing that is not named here goes along."""

    coach: str
    """Who gets it."""
    until_utc_ns: int
    """By the lessons' clock. Of a cycle its own end counts."""
    has_cycle: bool = False
    """The open cycle is shared with this coach, and with nobody else any more."""
    steps: tuple[str, ...] = ()
    lessons: tuple[str, ...] = ()
    former: str | None = None
    """Who loses all that is shared with them of this teacher."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A step that can be handed over."""

    id: str
    what: str
    lesson: Lesson | None
    """The one that it comes from; None if that is gone."""
    written_utc_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedStep:
    """A next step that a coach reads: its words, and not how it went."""

    id: str
    teacher: str
    coach: str
    what: str
    written_utc_ns: int
    until_utc_ns: int
    is_hidden: bool
    """Whether it is hidden with its lesson, so that the coach does not read it now."""


class HandOverStore(SqlStore):
    """A pack is one transaction: all of it is handed over, or nothing."""

    def hand_over(self, pack: Pack, by: Actor, utc_ns: int) -> None:
        """`utc_ns` is the present by the lessons' clock. Raises UsageError."""
        assert by.person is not None
        if not (pack.has_cycle or pack.steps or pack.lessons):
            raise UsageError(_("Choose something to hand over."))
        if pack.former == pack.coach:
            raise UsageError(
                _("Who takes over can’t lose at the same time what you share with them.")
            )
        with self._database.reading() as connection:
            is_removing = pack.former is not None and has_looks(connection, pack.former, by)
        database = self._database
        with database.removing() if is_removing else database.writing() as connection:
            name = _coach_name(connection, pack.coach, by.person)
            if pack.former is not None:
                end_all(connection, pack.former, by)
            if pack.has_cycle:
                _hand_cycle(connection, pack.coach, name, by)
            if pack.steps:
                _pass_steps(connection, pack, name, by, utc_ns)
            for lesson in dict.fromkeys(pack.lessons):
                _require_own(connection, lesson, by.person)
                give(
                    connection, lesson, pack.coach, by, until_utc_ns=pack.until_utc_ns, spans=(),
                    utc_ns=utc_ns,
                )  # fmt: skip

    def steps_to(self, coach: str, utc_ns: int) -> list[PassedStep]:
        """What teachers handed to a coach and is not over, the newest first."""
        is_on = passed_steps.c.until_utc_ns > utc_ns
        return self._steps(passed_steps.c.person == coach, is_on, _IS_READ)

    def steps_by(self, teacher: str, utc_ns: int) -> list[PassedStep]:
        """What a teacher handed over and is not over, the newest first."""
        return self._steps(action_steps.c.person == teacher, passed_steps.c.until_utc_ns > utc_ns)

    def given_by(self, teacher: str, utc_ns: int) -> dict[str, Given]:
        """By person, what each has of a teacher now, steps apart."""
        with self._database.reading() as connection:
            return given_by(connection, teacher, utc_ns)

    def take_back(self, step: str, coach: str, by: Actor) -> None:
        """A teacher shows a step to a coach no longer."""
        with self._database.writing() as connection:
            of_both = (passed_steps.c.step == step, passed_steps.c.person == coach)
            own = select(action_steps.c.id).where(action_steps.c.person == by.person)
            gone = delete(passed_steps).where(*of_both, passed_steps.c.step.in_(own))
            if connection.execute(gone).rowcount:
                found = select(people.c.name).where(people.c.id == coach)
                name = connection.scalars(found).one()
                by.record_about(connection, "took_back_steps", coach, name)

    def choices(self, teacher: str) -> list[Choice]:
        """A teacher's own steps that can be handed over, the newest first."""
        found = (
            select(
                *LESSON_COLUMNS, action_steps.c.id.label("step"), action_steps.c.what,
                action_steps.c.written_utc_ns,
            )
            .select_from(action_steps)
            .outerjoin(lessons, lessons.c.id == action_steps.c.lesson)
            .where(action_steps.c.person == teacher, action_steps.c.state != "proposed", _IS_READ)
            .order_by(action_steps.c.written_utc_ns.desc(), action_steps.c.id)
            .limit(20)
        )  # fmt: skip
        return [
            Choice(
                id=row.step, what=row.what, written_utc_ns=row.written_utc_ns,
                lesson=None if row.id is None else lesson_of(row),
            )
            for row in self._read(found)
        ]  # fmt: skip

    def _steps(self, *which: ColumnElement[bool]) -> list[PassedStep]:
        found = (
            select(
                action_steps.c.id, action_steps.c.person.label("teacher"),
                passed_steps.c.person.label("coach"), action_steps.c.what,
                action_steps.c.written_utc_ns,
                passed_steps.c.until_utc_ns, hidden_lessons.c.lesson.label("hidden"),
            )
            .select_from(action_steps)
            .outerjoin(hidden_lessons, hidden_lessons.c.lesson == action_steps.c.lesson)
            .join(passed_steps, passed_steps.c.step == action_steps.c.id)
            .where(*which)
            .order_by(action_steps.c.written_utc_ns.desc(), action_steps.c.id)
        )  # fmt: skip
        rows = [row._asdict() for row in self._read(found)]
        return [PassedStep(is_hidden=row.pop("hidden") is not None, **row) for row in rows]


def _coach_name(connection: Connection, coach: str, teacher: str) -> str:
    found = (
        select(people.c.name)
        .join(roles, (roles.c.person == people.c.id) & (roles.c.role == "coach"))
        .where(people.c.id == coach, people.c.id != teacher)
        .where(people.c.id.not_in(select(former_people.c.person)))
    )
    name = connection.scalar(found)
    if name is None:
        raise UsageError(_("Choose the coach who takes over."))
    return str(name)


def _hand_cycle(connection: Connection, coach: str, name: str, by: Actor) -> None:
    is_open = (cycles.c.person == by.person, cycles.c.state == "open")
    before = connection.execute(select(cycles.c.coach).where(*is_open)).first()
    if before is None:
        raise UsageError(_("You have no open cycle to hand over."))
    if before.coach == coach:
        return
    values = {"coach": coach, "changed_utc_ns": by.utc_ns, "revision": cycles.c.revision + 1}
    connection.execute(update(cycles).where(*is_open).values(values))
    if before.coach is not None:
        found = select(people.c.name).where(people.c.id == before.coach)
        by.record_about(connection, "unshared_cycle", before.coach, connection.scalars(found).one())
    by.record_about(connection, "shared_cycle", coach, name)


def _pass_steps(connection: Connection, pack: Pack, name: str, by: Actor, utc_ns: int) -> None:
    steps = list(dict.fromkeys(pack.steps))
    if not set(steps) <= _own_steps(connection, by.person or ""):
        raise UsageError(_("One of these steps is gone, or its lesson is hidden."))
    connection.execute(delete(passed_steps).where(passed_steps.c.until_utc_ns <= utc_ns))
    again = (passed_steps.c.person == pack.coach, passed_steps.c.step.in_(steps))
    connection.execute(delete(passed_steps).where(*again))
    for step in steps:
        row = {"step": step, "person": pack.coach, "until_utc_ns": pack.until_utc_ns}
        connection.execute(insert(passed_steps), row)
    by.record_about(connection, "passed_steps", pack.coach, name)


def _own_steps(connection: Connection, person: str) -> set[str]:
    found = select(action_steps.c.id).where(
        action_steps.c.person == person, action_steps.c.state != "proposed", _IS_READ
    )
    return set(connection.scalars(found).all())


def _require_own(connection: Connection, lesson: str, person: str) -> None:
    found = select(lesson_owners.c.lesson).where(
        lesson_owners.c.lesson == lesson, lesson_owners.c.person == person,
        lesson_owners.c.lesson.not_in(select(hidden_lessons.c.lesson)),
    )  # fmt: skip
    if connection.execute(found).first() is None:
        raise UsageError(_("One of these lessons is not yours any more, or is hidden."))
