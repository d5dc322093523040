"""The database that the school's data is in: school.db by default, PostgreSQL by a URL."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr
from sqlalchemy import Connection

from school.postgres_database import PostgresDatabase
from school.sqlite_database import SqliteDatabase

__all__ = ["SchoolDatabase", "open_school_database"]


class SchoolDatabase(Protocol):
    """What a store needs of a database. Any thread may use it; every fault is a StoreError."""

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection to read with; each statement sees what is committed by then."""

    def writing(self) -> AbstractContextManager[Connection]:
        """One transaction: all of it or, on any error, nothing.

        It raises the revision. Writers take turns over all processes, so what is read in it
        stays as it is until the end.
        """

    def recording(self) -> AbstractContextManager[Connection]:
        """The same for what nobody follows, as the audit log's entries: no revision is raised."""

    def removing(self) -> AbstractContextManager[Connection]:
        """The same, after which nothing of what was deleted is left in the database's files."""

    def revision(self) -> int:
        """Raised by every transaction that writes, of any program: cheap to poll."""

    def close(self) -> None: ...


def open_school_database(directory: Path, database_url: SecretStr | None = None) -> SchoolDatabase:
    """Open it, make its tables if they are new, and bring older ones up. Raises StoreError."""
    if database_url is None:
        return SqliteDatabase(directory)
    return PostgresDatabase(database_url)
