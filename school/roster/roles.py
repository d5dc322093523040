"""Who is a teacher according to the roles of OneRoster 1.2, and who is a pupil."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from school.roster.source import ROLES, RosterSource, SourceRow
from school.roster.values import day_of, id_of, is_deleted

__all__ = ["PUPIL", "TEACHER", "Roles", "read_roles"]

PUPIL: Final = "student"
TEACHER: Final = "teacher"


@dataclass(frozen=True, slots=True)
class Roles:
    """By user. Whoever is a pupil anywhere counts as a pupil."""

    pupils: set[str] = field(default_factory=set)
    teaching: dict[str, dict[str, SourceRow]] = field(default_factory=dict)
    """User → organisation → the row; first the main one."""
    over: dict[str, set[str]] = field(default_factory=dict)
    """User → organisations where they are no teacher now: deleted, over, or not begun yet."""

    def is_teacher(self, user: str) -> bool:
        """Whether they have, or had, the role of a teacher, and are no pupil."""
        return user not in self.pupils and (user in self.teaching or user in self.over)

    def applied(self, user: str, before: Iterable[str]) -> tuple[str, ...]:
        """Where someone teaches now, if they taught there before."""
        now = self.teaching.get(user, {})
        gone = self.over.get(user, set())
        return tuple(dict.fromkeys([*now, *(org for org in before if org not in gone)]))


def read_roles(source: RosterSource, today: date) -> Roles:
    """Read them; nothing of a pupil's is kept but that they are one, until the users are read."""
    roles = Roles()
    for row in source.rows(ROLES):
        role = row["role"].lower()
        if role == PUPIL:
            if not is_deleted(row):
                roles.pupils.add(id_of(row, "userSourcedId"))
            continue
        if role != TEACHER:
            continue
        user, org = id_of(row, "userSourcedId"), id_of(row, "orgSourcedId")
        begins, ends = day_of(row, "beginDate"), day_of(row, "endDate")
        is_on = (begins is None or begins <= today) and (ends is None or today < ends)
        if is_deleted(row) or not is_on:
            roles.over.setdefault(user, set()).add(org)
            continue
        places = roles.teaching.setdefault(user, {})
        if row["roleType"].lower() == "primary":
            roles.teaching[user] = {org: row, **places}
        else:
            places.setdefault(org, row)
    return roles
