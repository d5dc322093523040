"""The school's tables: made, taken over from earlier versions, and the same wherever they are."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

import school.migrating
import school.sqlite_database
from contract.errors import StoreError
from contract.files.sqlite_copy import copies_of
from contract.files.sqlite_file import open_database
from ingest.stores.sqlite.database_check import check_database
from school import open_lesson_store
from school.database_url import postgres_url
from school.known_schemas.sqlite import KNOWN_SCHEMAS, SCHOOL_3, SCHOOL_4
from school.lessons.origins import Origin
from school.lessons.protocol import LessonStore
from school.migrating import HEAD, REVISIONS, SQLITE_VERSION
from school.schema import METADATA
from tests.postgres_server import PostgresServer

OLDER = {3: SCHOOL_3, 4: SCHOOL_4}
LABEL = np.arange(6.0).tobytes()


def make_older(directory: Path, version: int) -> None:
    """What a program of that version has kept, with something in every table."""
    path = directory / "school.db"
    with closing(open_database(path, OLDER[version], version)) as database:
        for lesson, starts in (("maths", 1_000), ("art", 2_000)):
            database.execute(
                "INSERT INTO lessons VALUES(?, 'room-a', 'ada', 'Title', ?, NULL, 'timetable', "
                """'[{"name": "test", "start_s": 0.0, "end_s": 9.5}]', """
                """'[{"name": "left", "seats": [1, 2, 3, 4, 5]}]', 'v.mp4', 2.5)""",
                (lesson, starts),
            )
        # The last ones belong to a lesson that is gone.
        for lesson in ("maths", "art", "gone"):
            database.execute(
                "INSERT INTO moments VALUES(?, ?, 1.0, 2.0, 'note', 'coach')",
                (f"m-{lesson}", lesson),
            )
            database.execute(
                "INSERT INTO verdicts VALUES(?, ?, 'teacher', 1, 'own', 'room', 1.0, 2.0)",
                (lesson, f"m-{lesson}"),
            )
            written = "" if version == 3 else ", 77"
            database.execute(
                f"INSERT INTO labels VALUES(?, ?, 'teacher', 0, 60, 'm1', 'f1', 3, ?{written})",
                (lesson, f"m-{lesson}", LABEL),
            )
        database.execute("INSERT INTO label_opt_ins VALUES('ada')")
        database.execute("INSERT INTO opted_out VALUES('room-a', 4)")
        if version == 4:
            database.execute("INSERT INTO imported VALUES('art', 'plan.ics', 'uid', '')")


def check_taken_over(store: LessonStore, version: int) -> None:
    assert [lesson.id for lesson in store.lessons()] == ["art", "maths"]
    maths = store.get("maths")
    assert maths is not None
    assert maths.activities[0].end_s == 9.5
    assert maths.zones[0].seats == (1, 2, 3, 4, 5)
    assert (maths.video, maths.ends_utc_ns) == ("v.mp4", None)
    assert [moment.id for moment in store.moments("maths")] == ["m-maths"]
    assert [said.moment for said in store.verdicts("art")] == ["m-art"]
    assert store.verdicts("gone") == []
    assert {label.lesson for label in store.labels()} == {"maths", "art"}
    assert np.array_equal(store.labels()[0].rows, np.arange(6.0).reshape(2, 3))
    assert store.keeps_labels("ada")
    assert store.opted_out() == [("room-a", 4)]
    plan = {"art": Origin(source="plan.ics", event="uid", occurrence="")}
    assert store.origins() == (plan if version == 4 else {})
    # A label of version 3 goes by its moment's time alone; one of 4 by when it was written too.
    assert store.retire_labels(before_utc_ns=70, most=9) == (2 if version == 3 else 0)


@pytest.mark.parametrize("version", sorted(OLDER))
def test_a_file_from_before_alembic_is_taken_over(tmp_path: Path, version: int) -> None:
    make_older(tmp_path, version)
    open_lesson_store(tmp_path).close()
    with closing(open_lesson_store(tmp_path)) as store:
        check_taken_over(store, version)
    (copy,) = copies_of(tmp_path / "school.db")
    assert copy.name == f"school.db.before-{version}"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (version,)
        assert database.execute("SELECT count(*) FROM verdicts").fetchone() == (3,)
    check_database(copy, "school")


@pytest.mark.parametrize("version", (None, *sorted(OLDER)))
def test_what_sqlite_writes_down_is_known_to_a_restore(tmp_path: Path, version: int | None) -> None:
    """If this fails after an upgrade of SQLAlchemy or Alembic, add a text to KNOWN_SCHEMAS."""
    if version is not None:
        make_older(tmp_path, version)
    with closing(open_lesson_store(tmp_path)) as store:
        store.opt_out("room-b", 1)
    with closing(sqlite3.connect(tmp_path / "school.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert database.execute("PRAGMA user_version").fetchone() == (SQLITE_VERSION,)
        assert database.execute("SELECT * FROM alembic_version").fetchall() == [(HEAD,)]
    assert max(KNOWN_SCHEMAS) == SQLITE_VERSION
    check_database(tmp_path / "school.db", "school")


def test_every_migration_is_listed_in_order() -> None:
    scripts = ScriptDirectory(str(Path(school.migrating.__file__).parent / "migrations"))
    assert scripts.get_current_head() == HEAD
    walked = [script.revision for script in scripts.walk_revisions()]
    assert tuple(reversed(walked)) == REVISIONS


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)  # fmt: skip
def migrated(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database whose tables were made by the migrations."""
    if request.param == "sqlite":
        open_lesson_store(tmp_path).close()
        yield f"sqlite:///{tmp_path / 'school.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.url()
    open_lesson_store(tmp_path, url).close()
    yield postgres_url(url.get_secret_value()).render_as_string(hide_password=False)


def test_the_migrations_make_what_the_schema_says(migrated: str) -> None:
    engine = create_engine(migrated)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_a_migration_that_fails_leaves_the_older_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_older(tmp_path, 4)
    with closing(sqlite3.connect(tmp_path / "school.db")) as database:
        database.execute("DROP INDEX labels_time")  # nobody but a damaged disk does this
        database.commit()
    with pytest.raises(StoreError, match="labels_time"):
        open_lesson_store(tmp_path)
    with closing(sqlite3.connect(tmp_path / "school.db")) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (4,)
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_schema")}
        assert not {name for name in tables if name.startswith(("older_", "alembic"))}
        database.execute("CREATE INDEX labels_time ON labels(utc_ns)")
    with closing(open_lesson_store(tmp_path)) as store:
        check_taken_over(store, 4)


def test_a_file_that_nothing_takes_over_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "school.db")) as database:
        database.execute("PRAGMA user_version = 2")
    with pytest.raises(StoreError, match=r"earlier version of Roomtone \(schema 2"):
        open_lesson_store(tmp_path)


KILLED = """
import os, signal, sys
from pathlib import Path
import school.sqlite_database
from school import open_lesson_store
at, upgrade = sys.argv[2], school.sqlite_database.upgrade
def killed(connection):
    if at == "after":
        upgrade(connection)
    os.kill(os.getpid(), signal.SIGKILL)
school.sqlite_database.upgrade = killed
open_lesson_store(Path(sys.argv[1]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("at", ("before", "after"))
def test_a_crash_is_made_up_for_by_the_next_start(tmp_path: Path, at: str) -> None:
    make_older(tmp_path, 4)
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), at], check=False)
    assert done.returncode == -9
    with closing(open_lesson_store(tmp_path)) as store:
        check_taken_over(store, 4)


OPENER = """
import sys
from pathlib import Path
from school import open_lesson_store
from pydantic import SecretStr
sys.stdin.readline()
url = SecretStr(sys.argv[2]) if sys.argv[2] else None
store = open_lesson_store(Path(sys.argv[1]), url)
store.opt_out("room-a", int(sys.argv[3]))
store.close()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", ("old", "new", pytest.param("postgresql", marks=pytest.mark.postgres))
)
def test_programs_that_start_at_once_make_the_tables_once(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    if kind == "old":
        make_older(tmp_path, 4)
    url = request.getfixturevalue("postgres_server").url() if kind == "postgresql" else None
    text = url.get_secret_value() if url else ""
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, str(tmp_path), text, str(seat)],
            stdin=subprocess.PIPE, text=True,
        )
        for seat in (4, 5, 6, 7)
    ]  # fmt: skip
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("\n")
        program.stdin.flush()
    assert [program.wait(60) for program in programs] == [0, 0, 0, 0]
    for program in programs:
        assert program.stdin is not None
        program.stdin.close()
    with closing(open_lesson_store(tmp_path, url)) as store:
        assert store.opted_out() == [("room-a", seat) for seat in (4, 5, 6, 7)]
