"""The steps that bring a school.db of an older schema up; `sqlite_lessons.py` has today's."""

from __future__ import annotations

import sqlite3
from typing import Final

from ingest.stores import sqlite_origins
from ingest.stores.migrations.migrate import Migrations

__all__ = ["SCHOOL_MIGRATIONS"]

_LABELS_4: Final = """CREATE TABLE labels(
        lesson TEXT NOT NULL, moment TEXT NOT NULL, said_by TEXT NOT NULL,
        is_room INTEGER NOT NULL, utc_ns INTEGER NOT NULL, model TEXT NOT NULL,
        features_version TEXT NOT NULL, features INTEGER NOT NULL, rows BLOB NOT NULL,
        written_utc_ns INTEGER NOT NULL,
        PRIMARY KEY(lesson, moment, said_by)) STRICT"""


def _from_3(database: sqlite3.Connection) -> None:
    """Schema 4 knows from which timetable a lesson was imported, and when a label was written.

    The labels that are there go by their moment's time alone.
    """
    database.execute(sqlite_origins.TABLE)
    database.execute("ALTER TABLE labels RENAME TO labels_3")
    database.execute("DROP INDEX labels_time")
    database.execute(_LABELS_4)
    database.execute("CREATE INDEX labels_time ON labels(utc_ns)")
    database.execute("INSERT INTO labels SELECT *, 0 FROM labels_3")
    database.execute("DROP TABLE labels_3")


SCHOOL_MIGRATIONS: Final[Migrations] = {3: _from_3}
