"""A school.db from before the audit log gets its tables, and keeps what it holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from contract.files.sqlite_copy import copies_of
from contract.files.sqlite_file import open_database
from ingest.stores.sqlite.database_check import check_database
from school import open_lesson_store
from school.known_schemas.sqlite import KNOWN_SCHEMAS
from school.migrating import SQLITE_VERSION


def test_a_file_of_schema_5_is_brought_up(tmp_path: Path) -> None:
    path = tmp_path / "school.db"
    with closing(open_database(path, KNOWN_SCHEMAS[5][0], 5)) as database:
        database.execute("INSERT INTO alembic_version VALUES('0001')")
        database.execute("INSERT INTO revision VALUES(0, 7)")
        database.execute("INSERT INTO opted_out VALUES('room-a', 4)")
    with closing(open_lesson_store(tmp_path)) as store:
        assert store.opted_out() == [("room-a", 4)]
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert database.execute("PRAGMA user_version").fetchone() == (SQLITE_VERSION,)
        assert database.execute("SELECT count(*) FROM audit_events").fetchone() == (0,)
    check_database(path, "school")
    assert [copy.name for copy in copies_of(path)] == ["school.db.before-5"]
