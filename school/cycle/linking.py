"""What cycles take from next steps, and what goes with a lesson."""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, update

from school.audit.actor import Actor
from school.cycle.tables import cycles

__all__ = ["forget_coach", "link_step", "part_cycles_from_lesson"]


def link_step(
    connection: Connection, person: str, step: str, lesson: str | None, utc_ns: int
) -> None:
    """A teacher's new step is that of their open cycle, and so is its lesson where none is chosen."""
    connection.execute(
        update(cycles)
        .where(cycles.c.person == person, cycles.c.state == "open")
        .values(
            step=step, lesson=func.coalesce(cycles.c.lesson, lesson),
            revision=cycles.c.revision + 1, changed_utc_ns=utc_ns,
        )
    )  # fmt: skip


def part_cycles_from_lesson(connection: Connection, lesson: str) -> None:
    """What is only proposed goes with its lesson; the database takes it out of the others."""
    gone = delete(cycles).where(cycles.c.lesson == lesson, cycles.c.state == "proposed")
    connection.execute(gone)


def forget_coach(connection: Connection, person: str, name: str, by: Actor) -> None:
    """Of a coach who leaves: what they propose goes, and cycles of others are their teacher's alone."""
    gone = delete(cycles).where(cycles.c.coach == person, cycles.c.state == "proposed")
    connection.execute(gone)
    shared = update(cycles).where(cycles.c.coach == person).values(coach=None)
    for _ in range(connection.execute(shared).rowcount):
        by.record_about(connection, "unshared_cycle", person, name)
