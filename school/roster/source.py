"""Where a roster is read: a zip archive of CSV files, or a server. One Protocol for both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

__all__ = ["COLUMNS", "ROLES", "Mode", "RosterSource", "SourceRow", "Version"]

Version = Literal["1.1", "1.2"]
Mode = Literal["bulk", "delta", "absent"]
"""All there is; what has changed; nothing, so that what is known stays."""

ROLES: Final = "roles"
"""The file of 1.2 that says who is a teacher; 1.1 has it in `users`."""

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "orgs": ("sourcedId", "status", "name", "type"),
    "academicSessions": ("sourcedId", "status", "title", "type", "startDate", "endDate"),
    "courses": ("sourcedId", "status", "title"),
    "roles": (
        "sourcedId", "status", "userSourcedId", "roleType", "role", "beginDate", "endDate",
        "orgSourcedId",
    ),
    "users": (
        "sourcedId", "status", "enabledUser", "orgSourcedIds", "role", "username", "givenName",
        "familyName", "preferredGivenName", "preferredFamilyName", "email",
    ),
    "classes": (
        "sourcedId", "status", "title", "courseSourcedId", "location", "schoolSourcedId",
        "termSourcedIds",
    ),
    "enrollments": (
        "sourcedId", "status", "classSourcedId", "userSourcedId", "role", "primary", "beginDate",
        "endDate",
    ),
}  # fmt: skip
"""File → the columns that are looked at. Every other column, and every other file, stays closed."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row, with nothing in it but the columns of `COLUMNS`."""

    where: str
    values: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values.get(column, "")


class RosterSource(Protocol):
    """A roster to be read once, file by file."""

    @property
    def name(self) -> str:
        """As sentences call it."""

    @property
    def version(self) -> Version: ...

    def mode(self, file: str) -> Mode:
        """What it has of a file of `COLUMNS`."""

    def rows(self, file: str) -> Iterator[SourceRow]:
        """Its rows, one after the other; raises UsageError with the place."""
