"""Sharing a lesson with one person inside a transaction, and how many someone of elsewhere may have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select

from contract.clock import SECOND_NS
from contract.errors import UsageError
from contract.language import _
from school.audit.actor import Actor
from school.programme.tables import person_sites
from school.schema import lesson_owners, people, share_spans, shares
from school.sharing.cut import Span

__all__ = ["MAX_FOR_GUESTS", "end_share", "give"]

MAX_FOR_GUESTS: Final = 5
"""So many lessons of one teacher are shared at the same time with somebody of another school."""
_DAY_NS: Final = 86_400 * SECOND_NS


def give(
    connection: Connection,
    lesson: str,
    person: str,
    by: Actor,
    *,
    until_utc_ns: int,
    spans: Sequence[Span],
    utc_ns: int,
) -> None:
    """Share a lesson, or spans of it, in the place of an earlier share; raises UsageError.

    `utc_ns` is the present by the lessons' clock.
    """
    name = connection.scalars(select(people.c.name).where(people.c.id == person)).one()
    if _is_guest(connection, lesson, person):
        _require_room(connection, lesson, person, name, utc_ns)
    end_share(connection, lesson, person)
    key = {"lesson": lesson, "person": person}
    times = {"until_utc_ns": until_utc_ns, "created_utc_ns": by.utc_ns}
    connection.execute(insert(shares), key | times)
    for span in spans:
        times = {"start_s": int(span.start_s), "end_s": int(span.end_s)}
        connection.execute(insert(share_spans), key | times)
    detail = {"days": (until_utc_ns - utc_ns) // _DAY_NS}
    if spans:
        detail["parts"] = len(spans)
    by.record_about(connection, "shared", person, name, lesson=lesson, detail=detail)


def end_share(connection: Connection, lesson: str, person: str) -> bool:
    """Whether there was one."""
    ended = delete(shares).where(shares.c.lesson == lesson, shares.c.person == person)
    return connection.execute(ended).rowcount > 0


def _is_guest(connection: Connection, lesson: str, person: str) -> bool:
    """Whether the lesson's teacher belongs to a school, and this person not to the same one."""
    owner = select(lesson_owners.c.person).where(lesson_owners.c.lesson == lesson)
    here = connection.scalar(
        select(person_sites.c.site).where(person_sites.c.person == owner.scalar_subquery())
    )
    theirs = connection.scalar(select(person_sites.c.site).where(person_sites.c.person == person))
    return here is not None and here != theirs


def _require_room(connection: Connection, lesson: str, person: str, name: str, utc_ns: int) -> None:
    owner = select(lesson_owners.c.person).where(lesson_owners.c.lesson == lesson)
    others = (
        select(func.count())
        .select_from(shares)
        .join(lesson_owners, lesson_owners.c.lesson == shares.c.lesson)
        .where(
            lesson_owners.c.person == owner.scalar_subquery(),
            shares.c.person == person,
            shares.c.until_utc_ns > utc_ns,
            shares.c.lesson != lesson,
        )
    )
    if int(connection.scalars(others).one()) >= MAX_FOR_GUESTS:
        raise UsageError(
            _(
                "{name} is not of your school and sees {n} of your lessons already. Stop sharing one of them first.",
                name=name, n=MAX_FOR_GUESTS,
            )
        )  # fmt: skip
