"""Which roles someone has, as rows."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, update

from school.audit.actor import Actor
from school.cohorts.cohort_tables import cohorts
from school.people.records import Role
from school.schema import roles

__all__ = ["write_roles"]


def write_roles(
    connection: Connection, person_id: str, name: str, person_roles: Iterable[Role], by: Actor
) -> None:
    """Replace someone's roles, and record it. Who is no coach leads no cohort any more."""
    held = sorted(set(person_roles))
    if "coach" not in held:
        connection.execute(update(cohorts).where(cohorts.c.coach == person_id), {"coach": None})
    connection.execute(delete(roles).where(roles.c.person == person_id))
    if held:
        connection.execute(insert(roles), [{"person": person_id, "role": role} for role in held])
    detail = {str(role): "yes" for role in held}
    by.record_about(connection, "changed_rights", person_id, name, detail=detail)
