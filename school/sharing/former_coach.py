"""Ending all that a teacher shares with somebody, such as the coach whom they had."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Select, bindparam, delete, select, update

from contract.errors import UsageError
from contract.language import _
from school.audit.actor import Actor
from school.clips.tables import clip_viewers, clips
from school.cycle.tables import cycles
from school.debrief.tables import action_steps
from school.matching.tables import passed_steps
from school.observing.tables import looks, observers
from school.schema import lesson_owners, people, shares
from school.sharing.giving import end_share
from school.sharing.observer_store import end_request

__all__ = ["end_all", "has_looks"]

_OWN: Final[Select[tuple[str]]] = select(lesson_owners.c.lesson).where(
    lesson_owners.c.person == bindparam("teacher")
)
_REQUESTS: Final = (
    select(observers.c.lesson)
    .where(observers.c.person == bindparam("former"), observers.c.lesson.in_(_OWN))
    .order_by(observers.c.lesson)
)


def end_all(connection: Connection, former: str, by: Actor) -> None:
    """Lessons, requests to observe, clips, steps and the cycle; raises UsageError.

    What the former coach proposes as a cycle goes as well: accepted later, it would be shared with them.
    """
    name = connection.scalar(select(people.c.name).where(people.c.id == former))
    if name is None:
        raise UsageError(_("There is no such person, or they have left already."))
    _end_lessons(connection, former, name, by)
    _end_clips(connection, former, name, by)
    steps = select(action_steps.c.id).where(action_steps.c.person == by.person)
    passed = (passed_steps.c.person == former, passed_steps.c.step.in_(steps))
    if connection.execute(delete(passed_steps).where(*passed)).rowcount:
        by.record_about(connection, "took_back_steps", former, name)
    _end_cycles(connection, former, name, by)


def has_looks(connection: Connection, former: str, by: Actor) -> bool:
    """Whether somebody observed this teacher's lessons at their request, and what they saw is kept."""
    both = {"former": former, "teacher": by.person}
    found = select(looks.c.lesson).where(
        looks.c.person == bindparam("former"), looks.c.lesson.in_(_REQUESTS)
    )
    return connection.execute(found.limit(1), both).first() is not None


def _end_lessons(connection: Connection, former: str, name: str, by: Actor) -> None:
    both = {"former": former, "teacher": by.person}
    shared = select(shares.c.lesson).where(
        shares.c.person == bindparam("former"), shares.c.lesson.in_(_OWN)
    )
    for lesson in connection.scalars(shared.order_by(shares.c.lesson), both).all():
        end_share(connection, lesson, former)
        by.record_about(connection, "unshared", former, name, lesson=lesson)
    for lesson in connection.scalars(_REQUESTS, both).all():
        end_request(connection, lesson, former, name, by)


def _end_clips(connection: Connection, former: str, name: str, by: Actor) -> None:
    shown = select(clips.c.id, clips.c.lesson).where(
        clips.c.person == by.person,
        clips.c.id.in_(select(clip_viewers.c.clip).where(clip_viewers.c.person == former)),
    )
    for clip, lesson in connection.execute(shown.order_by(clips.c.id)).all():
        of_both = (clip_viewers.c.clip == clip, clip_viewers.c.person == former)
        connection.execute(delete(clip_viewers).where(*of_both))
        by.record_about(connection, "hid_clip", former, name, lesson=lesson)


def _end_cycles(connection: Connection, former: str, name: str, by: Actor) -> None:
    of_both = (cycles.c.person == by.person, cycles.c.coach == former)
    proposed = select(cycles.c.id).where(*of_both, cycles.c.state == "proposed")
    for cycle in connection.scalars(proposed.order_by(cycles.c.id)).all():
        connection.execute(delete(cycles).where(cycles.c.id == cycle))
        by.record(connection, "removed_cycle", "cycle", cycle)
    values = {"coach": None, "changed_utc_ns": by.utc_ns, "revision": cycles.c.revision + 1}
    is_open = (*of_both, cycles.c.state == "open")
    if connection.execute(update(cycles).where(*is_open).values(values)).rowcount:
        by.record_about(connection, "unshared_cycle", former, name)
