"""A roster in the school's database: what the last sync left, and the next one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Connection, delete, exists, insert, select, update

from contract.errors import UsageError
from school.audit.actor import Actor
from school.people.role_rows import write_roles
from school.people.tokens import new_id
from school.programme.tables import person_sites
from school.rooms.records import Site
from school.rooms.tables import sites
from school.roster.planning import Difference, Known, KnownPerson
from school.roster.records import (
    Kind,
    Organisation,
    Roster,
    RosterClass,
    RosterCourse,
    RosterRecord,
    Teacher,
    Teaching,
    Term,
)
from school.roster.tables import (
    roster_left,
    roster_people,
    roster_records,
    roster_sites,
    roster_teachings,
)
from school.schema import former_people, identities, people, roles
from school.sql_store import SqlStore, put_row

__all__ = ["RosterStore"]

_CLASSES: Final[dict[Kind, Callable[..., RosterRecord]]] = {
    "orgs": Organisation, "academicSessions": Term, "courses": RosterCourse,
    "classes": RosterClass,
}  # fmt: skip
"""What stands in `roster_records`."""


class RosterStore(SqlStore):
    """Each sync is one transaction, with who made it in the audit log."""

    def known(self) -> Known:
        """What is here now."""
        with self._database.reading() as connection:
            return _known(connection)

    def arrivals(self) -> dict[str, bool]:
        """Whom a roster has named, by id, and whether it still does."""
        found: dict[str, bool] = {}
        for row in self._read(select(roster_people.c.person, roster_people.c.is_gone)):
            found[row.person] = found.get(row.person, False) or not row.is_gone
        return found

    def terms(self) -> list[Term]:
        """The roster's school years, terms and so on, the latest first."""
        rows = self._read(
            select(roster_records)
            .where(roster_records.c.kind == "academicSessions")
            .order_by(roster_records.c.id)
        )
        found = [Term(id=row.id, **json.loads(row.content)) for row in rows]
        return sorted(found, key=lambda term: (term.ends_on, term.starts_on), reverse=True)

    def apply(self, difference: Difference, known: Known, by: Actor) -> None:
        """Do what a difference from `known` says, all of it or nothing.

        Raises UsageError if something of it has been changed since.
        """
        if difference.is_empty:
            return
        with self._database.writing() as connection:
            if _known(connection) != known:
                raise UsageError(
                    "Somebody changed people or schools while the roster was read; nothing was "
                    "changed. Run the command again."
                )
            for site in difference.new_sites:
                put_row(connection, sites, asdict(site))
                by.record(connection, "described", "site", site.name)
            for org, name in difference.new_site_of_org.items():
                put_row(connection, roster_sites, {"org": org, "site": name})
            _write_people(connection, difference, known, by)
            _write_things(connection, difference)
            by.record(connection, "synced_roster", "people")


def _known(connection: Connection) -> Known:
    records: dict[Kind, dict[str, RosterRecord]] = {
        "orgs": {}, "academicSessions": {}, "courses": {}, "classes": {},
    }  # fmt: skip
    for row in connection.execute(select(roster_records)).all():
        content = json.loads(row.content)
        if "terms" in content:
            content["terms"] = tuple(content["terms"])
        records[row.kind][row.id] = _CLASSES[row.kind](id=row.id, **content)
    here: dict[str, Teacher] = {}
    gone: dict[str, Teacher] = {}
    links: dict[str, str] = {}
    for row in connection.execute(select(roster_people)).all():
        links[row.id] = row.person
        teacher = Teacher(
            id=row.id, name=row.name, sign_in_name=row.sign_in_name,
            orgs=tuple(json.loads(row.orgs)),
        )  # fmt: skip
        (gone if row.is_gone else here)[row.id] = teacher
    records["users"] = {**here}
    records["enrollments"] = {
        row.id: Teaching(
            id=row.id, class_id=row.class_id, teacher=row.teacher, is_primary=bool(row.is_primary)
        )
        for row in connection.execute(select(roster_teachings)).all()
    }
    return Known(
        roster=Roster(records=records),
        gone=gone,
        links=links,
        people=_people(connection),
        sites={
            row.name: Site(name=row.name, title=row.title)
            for row in connection.execute(select(sites)).all()
        },
        site_of_org={row.org: row.site for row in connection.execute(select(roster_sites)).all()},
        site_of_person={
            row.person: row.site for row in connection.execute(select(person_sites)).all()
        },
        left=frozenset(connection.scalars(select(roster_left.c.id_hash)).all()),
    )


def _people(connection: Connection) -> dict[str, KnownPerson]:
    more = exists().where(roles.c.person == people.c.id, roles.c.role != "teacher")
    rows = connection.execute(
        select(
            people.c.id, people.c.name, people.c.sign_in_name,
            people.c.password.is_(None)
            & people.c.id.not_in(select(identities.c.person)) & ~more,
        ).where(people.c.id.not_in(select(former_people.c.person)))
    ).all()  # fmt: skip
    return {
        row[0]: KnownPerson(id=row[0], name=row[1], sign_in_name=row[2], follows=bool(row[3]))
        for row in rows
    }


def _write_people(connection: Connection, difference: Difference, known: Known, by: Actor) -> None:
    for person, _teacher in difference.renamed.values():
        # Two may change theirs with each other, and no two can have one at any time.
        between = {"sign_in_name": f"changing {person.id}"}
        connection.execute(update(people).where(people.c.id == person.id), between)
    for person, teacher in difference.renamed.values():
        names = {"name": teacher.name, "sign_in_name": teacher.sign_in_name}
        connection.execute(update(people).where(people.c.id == person.id), names)
        by.record_about(connection, "changed_description", person.id, teacher.name)
    ids = {}
    for teacher in difference.new_people:
        ids[teacher.sign_in_name] = person_id = new_id()
        connection.execute(
            insert(people),
            {
                "id": person_id, "name": teacher.name, "sign_in_name": teacher.sign_in_name,
                "second_factor_step": 0, "created_utc_ns": by.utc_ns,
            },
        )  # fmt: skip
        write_roles(connection, person_id, teacher.name, ["teacher"], by)
    before = known.roster.of("users")
    after = difference.roster.of("users")
    for key, teacher in after.items():
        person_id = known.links.get(key) or difference.linked.get(key) or ids[teacher.sign_in_name]
        if before.get(key) != teacher:
            put_row(connection, roster_people, _teacher_row(teacher, person_id, is_gone=False))
        site = difference.site_of_teacher.get(key)
        if site is not None:
            put_row(connection, person_sites, {"person": person_id, "site": site})
            by.record_about(
                connection, "changed_description", person_id, teacher.name, detail={"school": 1}
            )
    for teacher in difference.newly_gone:
        row = _teacher_row(teacher, known.links[teacher.id], is_gone=True)
        put_row(connection, roster_people, row)


def _teacher_row(teacher: Teacher, person: str, *, is_gone: bool) -> dict[str, Any]:
    return {
        "id": teacher.id, "person": person, "name": teacher.name,
        "sign_in_name": teacher.sign_in_name, "orgs": json.dumps(teacher.orgs), "is_gone": is_gone,
    }  # fmt: skip


def _write_things(connection: Connection, difference: Difference) -> None:
    for each in difference.removed.get("enrollments", ()):
        connection.execute(delete(roster_teachings).where(roster_teachings.c.id == each.id))
    for changes in (difference.added, difference.altered):
        for each in changes.get("enrollments", ()):
            put_row(connection, roster_teachings, asdict(each))
    for kind in _CLASSES:
        for each in difference.removed.get(kind, ()):
            connection.execute(
                delete(roster_records).where(
                    roster_records.c.kind == kind, roster_records.c.id == each.id
                )
            )
        for changes in (difference.added, difference.altered):
            for each in changes.get(kind, ()):
                content = asdict(each)
                row = {"kind": kind, "id": content.pop("id"), "content": json.dumps(content)}
                put_row(connection, roster_records, row)
