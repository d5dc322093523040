"""Finds what is left open of a school year, and ends it in one transaction, each with its audit entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, delete, func, select, update

from school.audit.actor import Actor
from school.cycle.tables import cycles
from school.database import SchoolDatabase
from school.schema import imported, lessons, offers, opted_out, people, shares

__all__ = ["YearEnd", "YearStore"]

_OPEN: Final = ("open", "proposed")


@dataclass(frozen=True, slots=True, kw_only=True)
class YearEnd:
    """What is left of a year at its end."""

    shares: tuple[tuple[str, str], ...]
    """Lesson of the year and person who may still see it."""
    offers: tuple[tuple[str, str], ...]
    """Lesson of the year and person to whom it is offered."""
    cycles: tuple[str, ...]
    """Cycles that are open or proposed, and were begun in the year."""
    planned: tuple[tuple[str, int], ...]
    """Timetable and how many lessons it still plans from now on."""
    opted_out: tuple[tuple[str, int], ...]
    """Seats that are not sensed."""

    @property
    def changes(self) -> int:
        """How many things end without being asked for one by one."""
        return len(self.shares) + len(self.offers) + len(self.cycles)


class YearStore:
    """Reads and ends; a year is all that began before the time of its end."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def found(self, ended_utc_ns: int, now_utc_ns: int) -> YearEnd:
        """What is left open of the year that ended then."""
        with self._database.reading() as connection:
            return _found(connection, ended_utc_ns, now_utc_ns)

    def end(self, ended_utc_ns: int, by: Actor, *, with_opt_outs: bool = False) -> YearEnd:
        """End the shares, offers and cycles that `found` says, all of them or nothing."""
        with self._database.writing() as connection:
            found = _found(connection, ended_utc_ns, by.utc_ns)
            _end_shares(connection, found.shares, by)
            for lesson, _ in found.offers:
                connection.execute(delete(offers).where(offers.c.lesson == lesson))
                by.record(connection, "ended_offer", "lesson", lesson, lesson=lesson)
            for cycle in found.cycles:
                _end_cycle(connection, cycle, by)
            if with_opt_outs:
                connection.execute(delete(opted_out))
        return found


def _found(connection: Connection, ended_utc_ns: int, now_utc_ns: int) -> YearEnd:
    of_year = select(lessons.c.id).where(lessons.c.starts_utc_ns < ended_utc_ns)
    shared = (
        select(shares.c.lesson, shares.c.person)
        .where(shares.c.lesson.in_(of_year), shares.c.until_utc_ns > now_utc_ns)
        .order_by(shares.c.lesson, shares.c.person)
    )
    offered = (
        select(offers.c.lesson, offers.c.person)
        .where(offers.c.lesson.in_(of_year))
        .order_by(offers.c.lesson)
    )
    begun = (
        select(cycles.c.id)
        .where(cycles.c.state.in_(_OPEN), cycles.c.written_utc_ns < ended_utc_ns)
        .order_by(cycles.c.written_utc_ns, cycles.c.id)
    )
    # Those that have not started, whenever the year ended.
    planned = (
        select(imported.c.source, func.count())
        .join(lessons, lessons.c.id == imported.c.lesson)
        .where(lessons.c.starts_utc_ns > now_utc_ns)
        .group_by(imported.c.source)
        .order_by(imported.c.source)
    )
    seats = select(opted_out.c.room, opted_out.c.seat).order_by(*opted_out.primary_key)
    return YearEnd(
        shares=_pairs(connection, shared), offers=_pairs(connection, offered),
        cycles=tuple(connection.scalars(begun).all()),
        planned=tuple((source, n) for source, n in connection.execute(planned).all()),
        opted_out=tuple((room, seat) for room, seat in connection.execute(seats).all()),
    )  # fmt: skip


def _pairs(connection: Connection, found: Select[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((lesson, person) for lesson, person in connection.execute(found).all())


def _end_shares(connection: Connection, found: Sequence[tuple[str, str]], by: Actor) -> None:
    for lesson, person in found:
        connection.execute(
            delete(shares).where(shares.c.lesson == lesson, shares.c.person == person)
        )
        by.record_about(connection, "unshared", person, _name_of(connection, person), lesson=lesson)


def _end_cycle(connection: Connection, cycle: str, by: Actor) -> None:
    """Close an open one, so that its coach does not see it any more; withdraw a proposed one."""
    row = connection.execute(select(cycles).where(cycles.c.id == cycle)).one()
    if row.state == "proposed":
        connection.execute(delete(cycles).where(cycles.c.id == cycle))
        by.record(connection, "removed_cycle", "cycle", cycle)
        return
    values = {"state": "closed", "changed_utc_ns": by.utc_ns, "revision": row.revision + 1}
    connection.execute(update(cycles).where(cycles.c.id == cycle).values(values))
    by.record(connection, "closed_cycle", "cycle", cycle)
    if row.coach is not None:
        by.record_about(connection, "unshared_cycle", row.coach, _name_of(connection, row.coach))


def _name_of(connection: Connection, person: str) -> str:
    return str(connection.scalar(select(people.c.name).where(people.c.id == person)))
