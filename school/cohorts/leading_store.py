"""Who leads a cohort from now on: asked by who leads it, or by a member once nobody does."""

from __future__ import annotations

from sqlalchemy import Delete, delete, select, update

from school.audit.actor import Actor
from school.cohorts.cohort_tables import cohort_offers, cohorts
from school.database import SchoolDatabase
from school.schema import people
from school.sql_store import put_row

__all__ = ["LeadingStore"]


class LeadingStore:
    """An offer to a coach, one a cohort; who may make it is asked before."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def offer(self, cohort: str, person: str, by: Actor) -> None:
        """Ask a coach to lead; whoever was asked before is not any more."""
        row = {"cohort": cohort, "person": person, "since_utc_ns": by.utc_ns}
        with self._database.writing() as connection:
            put_row(connection, cohort_offers, row)
            name = connection.scalars(select(people.c.name).where(people.c.id == person)).one()
            by.record_about(connection, "offered_cohort", person, name)

    def unoffer(self, cohort: str, by: Actor) -> None:
        """Take the offer back, whoever made it."""
        with self._database.writing() as connection:
            gone = delete(cohort_offers).where(cohort_offers.c.cohort == cohort)
            if connection.execute(gone).rowcount:
                by.record(connection, "unoffered_cohort", "cohort", cohort)

    def take_over(self, cohort: str, by: Actor) -> bool:
        """Lead it from now on, and read what is handed to it from now on; False if nobody asked."""
        values = {"coach": by.person, "changed_utc_ns": by.utc_ns}
        with self._database.writing() as connection:
            if not connection.execute(_gone(cohort, by)).rowcount:
                return False
            connection.execute(update(cohorts).where(cohorts.c.id == cohort), values)
            by.record(connection, "took_cohort", "cohort", cohort)
        return True

    def decline(self, cohort: str, by: Actor) -> None:
        """Say no; it stays as it is."""
        with self._database.writing() as connection:
            if connection.execute(_gone(cohort, by)).rowcount:
                by.record(connection, "declined_cohort", "cohort", cohort)


def _gone(cohort: str, by: Actor) -> Delete:
    return delete(cohort_offers).where(
        cohort_offers.c.cohort == cohort, cohort_offers.c.person == by.person
    )
