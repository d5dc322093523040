"""The steps that bring a school.db of an older schema up; `sqlite_lessons.py` has today's."""

from __future__ import annotations

import sqlite3
from typing import Final

from ingest.stores import sqlite_origins
from ingest.stores.migrating import Migrations

__all__ = ["SCHOOL_MIGRATIONS"]


def _from_3(connection: sqlite3.Connection) -> None:
    """Schema 4 knows from which timetable a lesson was imported."""
    connection.execute(sqlite_origins.TABLE)


SCHOOL_MIGRATIONS: Final[Migrations] = {3: _from_3}
