"""Who has switched on the pages of seat rows of their own lessons; they are off at first."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from school.audit.actor import Actor
from school.database import SchoolDatabase
from school.schema import seat_row_choices

__all__ = ["SeatRowStore"]


class SeatRowStore:
    """Any number of programs may use it, each change in a transaction with its record."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def is_on(self, person: str) -> bool:
        """Whether someone has switched them on."""
        found = select(seat_row_choices).where(seat_row_choices.c.person == person)
        with self._database.reading() as connection:
            return connection.execute(found).first() is not None

    def switch(self, person: str, by: Actor, *, is_on: bool) -> None:
        """Switch them on or off; what is so already is no entry of the audit log."""
        found = select(seat_row_choices).where(seat_row_choices.c.person == person)
        with self._database.writing() as connection:
            if (connection.execute(found).first() is not None) == is_on:
                return
            if is_on:
                connection.execute(insert(seat_row_choices), {"person": person})
            else:
                connection.execute(
                    delete(seat_row_choices).where(seat_row_choices.c.person == person)
                )
            by.record(
                connection, "changed_settings", "seat_row_choice",
                detail={"on" if is_on else "off": "yes"},
            )  # fmt: skip
