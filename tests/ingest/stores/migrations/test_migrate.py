"""Bringing an older database up: all of it or nothing, after a copy that can be put back."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from contract.errors import StoreError
from contract.files.sqlite_copy import copies_of, remove_copies
from contract.files.sqlite_file import open_database
from ingest.stores.migrations import migrate as migrating
from ingest.stores.migrations.migrate import left_to, migrator

OLD = "CREATE TABLE words(word TEXT NOT NULL) STRICT"
NEW = OLD + ";CREATE TABLE counts(word TEXT NOT NULL, n INTEGER NOT NULL) STRICT"
STEPS = {
    1: lambda database: database.execute(
        "CREATE TABLE counts(word TEXT NOT NULL, n INTEGER NOT NULL) STRICT"
    ),
    2: lambda database: database.execute(
        "INSERT INTO counts SELECT word, count(*) FROM words GROUP BY word"
    ),
}


def make_old(path: Path) -> None:
    with closing(open_database(path, OLD, 1)) as database:
        database.executemany("INSERT INTO words VALUES(?)", [("a",), ("b",), ("a",)])


def words(path: Path) -> list[tuple[str]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT word FROM words ORDER BY rowid").fetchall()


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute("PRAGMA user_version").fetchone()[0])


def test_an_older_file_is_brought_up_step_by_step(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "some.db"
    make_old(path)
    with (
        caplog.at_level(logging.INFO, "store"),
        closing(open_database(path, NEW, 3, bring_up=migrator(STEPS))) as database,
    ):
        assert database.execute("SELECT * FROM counts ORDER BY word").fetchall() == [
            ("a", 2),
            ("b", 1),
        ]
    assert version_of(path) == 3
    (copy,) = copies_of(path)
    assert copy.name == "some.db.before-1"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert copy.name in caplog.text
    # What stands there can be put back as it is.
    assert version_of(copy) == 1
    assert words(copy) == [("a",), ("b",), ("a",)]
    assert {each.name for each in tmp_path.iterdir()} == {"some.db", "some.db.before-1"}


def test_a_file_of_today_is_not_copied(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    for _ in range(2):
        open_database(path, NEW, 3, bring_up=migrator(STEPS)).close()
    assert list(copies_of(path)) == []


def test_another_program_is_told_who_brings_it_up(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    make_old(path)
    with pytest.raises(StoreError, match=r"schema 1, .* wants 3\): start `roomtone score` first"):
        open_database(path, NEW, 3, bring_up=left_to("roomtone score", STEPS))
    assert version_of(path) == 1


@pytest.mark.parametrize("bring_up", (None, migrator({2: STEPS[2]}), left_to("x", {2: STEPS[2]})))
def test_what_no_step_begins_with_is_refused(
    tmp_path: Path, bring_up: Callable[[sqlite3.Connection, Path, int], None] | None
) -> None:
    path = tmp_path / "some.db"
    make_old(path)
    with pytest.raises(StoreError, match="continue with that version"):
        open_database(path, NEW, 3, bring_up=bring_up)
    assert list(copies_of(path)) == []


def test_a_step_that_fails_leaves_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    make_old(path)
    steps = {**STEPS, 2: lambda database: database.execute("INSERT INTO nowhere VALUES(1)")}
    with pytest.raises(StoreError, match="nowhere"):
        open_database(path, NEW, 3, bring_up=migrator(steps))
    assert version_of(path) == 1
    with closing(open_database(path, OLD, 1)) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("words",)]
    # And the next start does it.
    open_database(path, NEW, 3, bring_up=migrator(STEPS)).close()
    assert version_of(path) == 3


KILLED = """
import os, signal, sys
from pathlib import Path
from contract.files import sqlite_copy
from ingest.stores.migrations.migrate import migrator
from contract.files.sqlite_file import open_database
path, at = Path(sys.argv[1]), int(sys.argv[2])
steps = {
    1: lambda d: (d.execute("CREATE TABLE counts(word TEXT NOT NULL, n INTEGER NOT NULL) STRICT"),
                  at == 2 and os.kill(os.getpid(), signal.SIGKILL)),
    2: lambda d: (d.execute("INSERT INTO counts SELECT word, count(*) FROM words GROUP BY word"),
                  at == 3 and os.kill(os.getpid(), signal.SIGKILL)),
}
if at == 0:
    sqlite_copy._check_room = lambda path: os.kill(os.getpid(), signal.SIGKILL)
if at == 1:
    sqlite_copy.sync_directory = lambda path: os.kill(os.getpid(), signal.SIGKILL)
open_database(path, "", 3, bring_up=migrator(steps))
"""


@pytest.mark.slow
@pytest.mark.parametrize("at", (0, 1, 2, 3))
def test_a_crash_at_any_point_is_made_up_for_by_the_next_start(tmp_path: Path, at: int) -> None:
    path = tmp_path / "some.db"
    make_old(path)
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), str(at)], check=False)
    assert done.returncode == -9
    with closing(open_database(path, NEW, 3, bring_up=migrator(STEPS))) as database:
        assert database.execute("SELECT count(*) FROM counts").fetchone() == (2,)
    (copy,) = copies_of(path)
    assert words(copy) == [("a",), ("b",), ("a",)]
    assert {each.name for each in tmp_path.iterdir()} == {"some.db", "some.db.before-1"}


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_disk_without_room_is_named_before_anything_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "some.db"
    make_old(path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10, 10, 5_000_000))
    with pytest.raises(StoreError, match=r"needs 67 MB on its disk, where 5 MB are free"):
        open_database(path, NEW, 3, bring_up=migrator(STEPS))
    assert version_of(path) == 1
    assert list(copies_of(path)) == []


def test_of_two_programs_one_brings_it_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one waits for the first one's transaction and finds that all is done."""
    path = tmp_path / "some.db"
    make_old(path)
    second = sqlite3.connect(path, isolation_level=None)
    open_database(path, NEW, 3, bring_up=migrator(STEPS)).close()
    monkeypatch.setattr(migrating, "copy_before_upgrade", lambda *_: pytest.fail("copied twice"))
    migrator(STEPS)(second, path, 3)
    second.close()


def test_copies_go_by_their_age(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    make_old(path)
    open_database(path, NEW, 3, bring_up=migrator(STEPS)).close()
    (copy,) = copies_of(path)
    made_ns = copy.stat().st_mtime_ns
    assert remove_copies(path, before_utc_ns=made_ns) == 0
    assert remove_copies(path, before_utc_ns=made_ns + 1) == 1
    assert list(copies_of(path)) == []
