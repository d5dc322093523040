"""Which school people belong to, and groups of schools, in the school's database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from contract.errors import UsageError
from contract.language import _
from school.audit.actor import Actor
from school.audit.records import Action
from school.programme.records import SchoolGroup
from school.programme.tables import person_sites, school_group_sites, school_groups
from school.rooms.checks import require_name, require_title
from school.rooms.tables import sites
from school.schema import former_people, people
from school.sql_store import SqlStore, put_row

__all__ = ["ProgrammeStore"]

_HERE: Final = people.c.id.not_in(select(former_people.c.person))
_SITES_OF: Final = select(person_sites).order_by(person_sites.c.person)
_GROUPS: Final = select(school_groups).order_by(school_groups.c.name)
_GROUP_SITES: Final = select(school_group_sites)


class ProgrammeStore(SqlStore):
    """Each change in a transaction of its own, with who made it in the audit log."""

    def sites_of_people(self) -> dict[str, str]:
        """Person → the name of the school that they belong to; who belongs to none is not in it."""
        return {row.person: row.site for row in self._read(_SITES_OF)}

    def put_people(self, sites_of: Mapping[str, str], by: Actor) -> int:
        """Say which school people belong to: id → a school's name, or "" for none.

        All of it or nothing; how many belong elsewhere now. Raises UsageError for a person or a
        school that is not there.
        """
        with self._database.writing() as connection:
            return sum(
                _put_person(connection, person, site, by)
                for person, site in sorted(sites_of.items())
            )

    def groups(self) -> list[SchoolGroup]:
        """The groups of schools, by name."""
        with self._database.reading() as connection:
            return _groups(connection)

    def put_group(self, group: SchoolGroup, by: Actor) -> None:
        """Add a group of schools, or change the one with its name; raises UsageError."""
        require_name(group.name)
        require_title(group.title)
        with self._database.writing() as connection:
            before = next((each for each in _groups(connection) if each.name == group.name), None)
            if before == group:
                return
            for site in sorted(group.sites):
                _require_site(connection, site)
            put_row(connection, school_groups, {"name": group.name, "title": group.title})
            of_group = school_group_sites.c.school_group == group.name
            connection.execute(delete(school_group_sites).where(of_group))
            if group.sites:
                connection.execute(
                    insert(school_group_sites),
                    [{"school_group": group.name, "site": site} for site in sorted(group.sites)],
                )
            action: Action = "described" if before is None else "changed_description"
            by.record(connection, action, "school_group", group.name)

    def remove_group(self, name: str, by: Actor) -> bool:
        """Forget a group; its schools stay."""
        with self._database.writing() as connection:
            gone = connection.execute(delete(school_groups).where(school_groups.c.name == name))
            if gone.rowcount:
                by.record(connection, "removed_description", "school_group", name)
            return bool(gone.rowcount)


def _put_person(connection: Connection, person: str, site: str, by: Actor) -> bool:
    name = connection.scalar(select(people.c.name).where(people.c.id == person, _HERE))
    if name is None:
        raise UsageError(_("There is no such person, or they have left already."))
    of_person = person_sites.c.person == person
    before = connection.scalar(select(person_sites.c.site).where(of_person)) or ""
    if before == site:
        return False
    if site:
        _require_site(connection, site)
        put_row(connection, person_sites, {"person": person, "site": site})
    else:
        connection.execute(delete(person_sites).where(of_person))
    by.record_about(connection, "changed_description", person, name, detail={"school": 1})
    return True


def _require_site(connection: Connection, site: str) -> None:
    if connection.execute(select(sites).where(sites.c.name == site)).first() is None:
        raise UsageError(
            _("There is no school {site}; add it first, with `roomtone site add`.", site=site[:60])
        )


def _groups(connection: Connection) -> list[SchoolGroup]:
    of: dict[str, set[str]] = {}
    for row in connection.execute(_GROUP_SITES).all():
        of.setdefault(row.school_group, set()).add(row.site)
    return [
        SchoolGroup(name=row.name, title=row.title, sites=frozenset(of.get(row.name, ())))
        for row in connection.execute(_GROUPS).all()
    ]
