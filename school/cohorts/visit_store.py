"""Visits that two members of a cohort agree on: each sees a lesson of the other's."""

from __future__ import annotations

import os
from datetime import date
from typing import Any

from sqlalchemy import and_, delete, insert, or_, select, update

from contract.errors import UsageError
from contract.language import _
from school.audit.actor import Actor
from school.cohorts.cohort_records import Named, Visits
from school.cohorts.cohort_tables import cohort_members, cohort_visits
from school.database import SchoolDatabase
from school.schema import people

__all__ = ["VisitStore"]


class VisitStore:
    """The two alone read of them. Whether anybody came is kept nowhere."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def propose(self, cohort: str, other: str, by: Actor) -> None:
        """Propose to a member that each sees a lesson of the other's; raises UsageError."""
        members = select(cohort_members.c.person).where(
            cohort_members.c.cohort == cohort,
            cohort_members.c.state == "member",
            cohort_members.c.person.in_([other, by.person]),
        )
        columns = cohort_visits.c
        both = or_(
            and_(columns.person == by.person, columns.other == other),
            and_(columns.person == other, columns.other == by.person),
        )
        row = {
            "id": os.urandom(16).hex(), "cohort": cohort, "person": by.person, "other": other,
            "is_agreed": 0, "person_on": "", "other_on": "", "changed_utc_ns": by.utc_ns,
        }  # fmt: skip
        with self._database.writing() as connection:
            if len(connection.execute(members).all()) < 2:
                raise UsageError(_("Choose somebody who is in the cohort."))
            there = select(columns.id).where(columns.cohort == cohort, both)
            if connection.execute(there).first() is not None:
                raise UsageError(_("There are visits with them already: see below."))
            connection.execute(insert(cohort_visits), row)
            name = connection.scalars(select(people.c.name).where(people.c.id == other)).one()
            by.record_about(connection, "proposed_visits", other, name)

    def agree(self, cohort: str, visits: str, by: Actor) -> None:
        """Say yes to what the other one proposed."""
        which = _is(cohort, visits), cohort_visits.c.other == by.person
        values = {"is_agreed": 1, "changed_utc_ns": by.utc_ns}
        with self._database.writing() as connection:
            if connection.execute(update(cohort_visits).where(*which), values).rowcount:
                by.record(connection, "agreed_visits", "cohort", cohort)

    def host(
        self, cohort: str, visits: str, day: date | None, lesson: str | None, by: Actor
    ) -> None:
        """Name the day on which the other one can come, with the lesson if it is known."""
        with self._database.writing() as connection:
            for side in ("person", "other"):
                which = (
                    _is(cohort, visits),
                    cohort_visits.c.is_agreed == 1,
                    cohort_visits.c[side] == by.person,
                )
                values = {
                    f"{side}_on": "" if day is None else day.isoformat(),
                    f"{side}_lesson": lesson, "changed_utc_ns": by.utc_ns,
                }  # fmt: skip
                if connection.execute(update(cohort_visits).where(*which), values).rowcount:
                    by.record(connection, "named_visit", "cohort", cohort)

    def end(self, cohort: str, visits: str, by: Actor) -> None:
        """Either of the two deletes them, or says no; nothing of them stays."""
        is_theirs = or_(cohort_visits.c.person == by.person, cohort_visits.c.other == by.person)
        with self._database.removing() as connection:
            gone = delete(cohort_visits).where(_is(cohort, visits), is_theirs)
            if connection.execute(gone).rowcount:
                by.record(connection, "ended_visits", "cohort", cohort)

    def of(self, cohort: str, person: str) -> list[Visits]:
        """Those of somebody in a cohort, by the other one's name."""
        found: list[Visits] = []
        with self._database.reading() as connection:
            for mine, theirs in (("person", "other"), ("other", "person")):
                query = (
                    select(cohort_visits, people.c.name)
                    .join(people, people.c.id == cohort_visits.c[theirs])
                    .where(cohort_visits.c.cohort == cohort, cohort_visits.c[mine] == person)
                )
                found += [
                    Visits(
                        id=row["id"], other=row[theirs], other_name=row["name"],
                        is_agreed=bool(row["is_agreed"]), is_asked=mine == "other",
                        mine=_named(row, mine), theirs=_named(row, theirs),
                    )
                    for row in connection.execute(query).mappings()
                ]  # fmt: skip
        return sorted(found, key=lambda one: (one.other_name, one.id))


def _is(cohort: str, visits: str) -> Any:
    return and_(cohort_visits.c.cohort == cohort, cohort_visits.c.id == visits)


def _named(row: Any, side: str) -> Named:
    day = row[f"{side}_on"]
    return Named(day=date.fromisoformat(day) if day else None, lesson=row[f"{side}_lesson"])
