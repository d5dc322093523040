"""What a teacher hands to their next coach, item by item; the coach gets nothing else of them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from contract.errors import UsageError
from contract.language import _
from school.audit.actor import Actor
from school.clips.tables import clip_viewers, clips
from school.cycle.tables import cycles
from school.debrief.tables import action_steps
from school.matching.tables import passed_steps
from school.schema import former_people, hidden_lessons, lesson_owners, people, roles, shares
from school.sharing.giving import end_share, give
from school.sql_store import SqlStore

__all__ = ["HandOverStore", "Pack", "PassedStep"]


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
class PassedStep:
    """A next step that a coach reads: its words, and not how it went."""

    id: str
    teacher: str
    coach: str
    what: str
    written_utc_ns: int
    until_utc_ns: int


class HandOverStore(SqlStore):
    """A pack is one transaction: all of it is handed over, or nothing."""

    def hand_over(self, pack: Pack, by: Actor, utc_ns: int) -> None:
        """`utc_ns` is the present by the lessons' clock. Raises UsageError."""
        assert by.person is not None
        if not (pack.has_cycle or pack.steps or pack.lessons):
            raise UsageError(_("Choose something to hand over."))
        with self._database.writing() as connection:
            name = _coach_name(connection, pack.coach, by.person)
            if pack.former is not None and pack.former != pack.coach:
                _end_former(connection, pack.former, by)
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
        return self._steps(passed_steps.c.person == coach, passed_steps.c.until_utc_ns > utc_ns)

    def steps_by(self, teacher: str, utc_ns: int) -> list[PassedStep]:
        """What a teacher handed over and is not over, the newest first."""
        return self._steps(action_steps.c.person == teacher, passed_steps.c.until_utc_ns > utc_ns)

    def take_back(self, step: str, coach: str, by: Actor) -> None:
        """A teacher shows a step to a coach no longer."""
        with self._database.writing() as connection:
            if step in _own_steps(connection, by.person or ""):
                of_both = (passed_steps.c.step == step, passed_steps.c.person == coach)
                connection.execute(delete(passed_steps).where(*of_both))

    def choices(self, teacher: str) -> list[tuple[str, str]]:
        """A teacher's own steps that can be handed over, the newest first: id and words."""
        found = (
            select(action_steps.c.id, action_steps.c.what)
            .where(action_steps.c.person == teacher, action_steps.c.state != "proposed")
            .order_by(action_steps.c.written_utc_ns.desc(), action_steps.c.id)
            .limit(20)
        )
        return [(row.id, row.what) for row in self._read(found)]

    def _steps(self, *which: ColumnElement[bool]) -> list[PassedStep]:
        found = (
            select(
                action_steps.c.id, action_steps.c.person.label("teacher"),
                passed_steps.c.person.label("coach"), action_steps.c.what,
                action_steps.c.written_utc_ns,
                passed_steps.c.until_utc_ns,
            )
            .join(passed_steps, passed_steps.c.step == action_steps.c.id)
            .where(*which)
            .order_by(action_steps.c.written_utc_ns.desc(), action_steps.c.id)
        )  # fmt: skip
        return [PassedStep(**row._asdict()) for row in self._read(found)]


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


def _end_former(connection: Connection, former: str, by: Actor) -> None:
    own = select(lesson_owners.c.lesson).where(lesson_owners.c.person == by.person)
    name = connection.scalar(select(people.c.name).where(people.c.id == former))
    if name is None:
        raise UsageError(_("There is no such person, or they have left already."))
    ended = select(shares.c.lesson).where(shares.c.person == former, shares.c.lesson.in_(own))
    for lesson in connection.scalars(ended).all():
        end_share(connection, lesson, former)
        by.record_about(connection, "unshared", former, name, lesson=lesson)
    shown = select(clips.c.id, clips.c.lesson).where(
        clips.c.person == by.person,
        clips.c.id.in_(select(clip_viewers.c.clip).where(clip_viewers.c.person == former)),
    )
    for clip, lesson in connection.execute(shown.order_by(clips.c.id)).all():
        of_both = (clip_viewers.c.clip == clip, clip_viewers.c.person == former)
        connection.execute(delete(clip_viewers).where(*of_both))
        by.record_about(connection, "hid_clip", former, name, lesson=lesson)
    steps = select(action_steps.c.id).where(action_steps.c.person == by.person)
    connection.execute(
        delete(passed_steps).where(passed_steps.c.person == former, passed_steps.c.step.in_(steps))
    )
    of_cycle = (cycles.c.person == by.person, cycles.c.state == "open", cycles.c.coach == former)
    values = {"coach": None, "changed_utc_ns": by.utc_ns, "revision": cycles.c.revision + 1}
    if connection.execute(update(cycles).where(*of_cycle).values(values)).rowcount:
        by.record_about(connection, "unshared_cycle", former, name)


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
        raise UsageError(_("One of these steps is gone: it was removed in another window."))
    connection.execute(delete(passed_steps).where(passed_steps.c.until_utc_ns <= utc_ns))
    again = (passed_steps.c.person == pack.coach, passed_steps.c.step.in_(steps))
    connection.execute(delete(passed_steps).where(*again))
    for step in steps:
        row = {"step": step, "person": pack.coach, "until_utc_ns": pack.until_utc_ns}
        connection.execute(insert(passed_steps), row)
    by.record_about(connection, "passed_steps", pack.coach, name)


def _own_steps(connection: Connection, person: str) -> set[str]:
    found = select(action_steps.c.id).where(
        action_steps.c.person == person, action_steps.c.state != "proposed"
    )
    return set(connection.scalars(found).all())


def _require_own(connection: Connection, lesson: str, person: str) -> None:
    found = select(lesson_owners.c.lesson).where(
        lesson_owners.c.lesson == lesson, lesson_owners.c.person == person,
        lesson_owners.c.lesson.not_in(select(hidden_lessons.c.lesson)),
    )  # fmt: skip
    if connection.execute(found).first() is None:
        raise UsageError(_("One of these lessons is not yours any more, or is hidden."))
