"""`restore` takes a database only if it holds what Roomtone made, and nothing besides."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sqlite3
import tarfile
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from contract.clock import ManualClock
from contract.errors import RoomtoneError, StoreError, UsageError
from ingest.backup.copy import Backup, manifest_hash
from ingest.backup.restore import Restore
from ingest.stores import open_period_store, open_score_store
from ingest.stores.format.day_files import DayFiles, SealedChunk
from ingest.stores.records import Tick
from ingest.stores.sqlite.known_schemas import NEWEST, expected_definitions
from school import open_lesson_store

FILES = ("main.db", "score.db", "school.db", "days/seat-2026-03-02.db")

CHANGES: dict[str, tuple[str, str]] = {
    "a trigger": (
        "CREATE TRIGGER spy AFTER INSERT ON {table} BEGIN DELETE FROM {table}; END",
        "has the trigger 'spy', which no version has",
    ),
    "a view": ("CREATE VIEW seen AS SELECT * FROM {table}", "has the view 'seen'"),
    "a table": ("CREATE TABLE more(x)", "has the table 'more'"),
    "an index": ("CREATE INDEX fast ON {table}({column})", "has the index 'fast'"),
    "a virtual table": ("CREATE VIRTUAL TABLE found USING fts5(x)", "found"),
    "a column": ("ALTER TABLE {table} ADD COLUMN x TEXT", "table '{table}' is defined differently"),
    "a table less": ("DROP TABLE {table}", "has no "),
    "a generated column": (
        "ALTER TABLE {table} ADD COLUMN x TEXT AS (upper('x'))",
        "table '{table}' is defined differently",
    ),
    "a check": ("CHECK", "table '{table}' is defined differently"),
}
TABLES = {"main": ("aside", "topic"), "score": ("alerts", "room"),
          "school": ("lessons", "room"), "days/": ("streams", "room")}  # fmt: skip


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """A backup with a database of each kind."""
    data = tmp_path / "data"
    with closing(open_period_store(data)) as store:
        store.commit(Tick(received_utc_ns=1))
    open_score_store(data).close()
    open_lesson_store(data).close()
    target = tmp_path / "backup"
    Backup(data_dir=data, target=target, clock=ManualClock(), say=lambda _: None).run()
    chunk = SealedChunk(id=1, stream_id=1, first=0, last=1, layout=1, chunk=b"x")
    DayFiles(target).write("seat", "2026-03-02", [chunk], [], [])
    list_again(target)
    return target


def list_again(backup: Path) -> None:
    """Make the manifest say what the files are: whoever changes a file can do that as well."""
    manifest = json.loads((backup / "backup.json").read_text())
    manifest["files"] = {
        path.relative_to(backup).as_posix(): {
            "size": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in backup.rglob("*") if path.is_file() and path.name != "backup.json"
    }  # fmt: skip
    manifest["own_sha256"] = manifest_hash(manifest)
    (backup / "backup.json").write_text(json.dumps(manifest))


def restore(source: Path) -> Path:
    data = source.with_name("restored")
    Restore(
        source=source, data_dir=data, purges=None, clock=ManualClock(), say=lambda _: None
    ).run()
    return data


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for statement in statements:
            database.execute(statement)


def refused(source: Path) -> str:
    with pytest.raises(RoomtoneError) as caught:
        restore(source)
    assert not source.with_name("restored").exists()
    assert not source.with_name("restored.partial").exists()
    return str(caught.value)


def test_an_honest_backup_is_restored(backup: Path) -> None:
    data = restore(backup)
    assert all((data / name).exists() for name in FILES)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("what", CHANGES)
def test_a_database_that_differs_is_refused_by_name(backup: Path, name: str, what: str) -> None:
    statement, words = CHANGES[what]
    table, column = next(value for key, value in TABLES.items() if name.startswith(key))
    if statement == "CHECK":
        change(
            backup / name,
            "PRAGMA writable_schema = ON",
            f"UPDATE sqlite_schema SET sql = replace(sql, '{column} TEXT NOT NULL', "
            f"'{column} TEXT NOT NULL CHECK(length({column}) < 9)') WHERE name = '{table}'",
        )
    else:
        change(backup / name, statement.format(table=table, column=column))
    list_again(backup)
    said = refused(backup)
    assert Path(name).name in said
    assert words.format(table=table) in said
    assert "Take another backup" in said


def test_a_missing_index_is_named(backup: Path) -> None:
    change(backup / "main.db", "DROP INDEX streams_place")
    list_again(backup)
    assert "main.db is no database that Roomtone wrote: it has no index 'streams_place'" in (
        refused(backup)
    )


def test_a_missing_trigger_is_named(backup: Path) -> None:
    change(backup / "school.db", "DROP TRIGGER audit_events_kept")
    list_again(backup)
    assert "it has no trigger 'audit_events_kept'" in refused(backup)


def test_a_trigger_that_does_something_else_is_named(backup: Path) -> None:
    change(
        backup / "school.db",
        "DROP TRIGGER audit_events_unchanged",
        "CREATE TRIGGER audit_events_unchanged BEFORE UPDATE ON audit_events "
        "BEGIN DELETE FROM lessons; END",
    )
    list_again(backup)
    said = "its trigger 'audit_events_unchanged' is defined differently"
    assert said in refused(backup)


def test_nothing_of_the_file_runs(backup: Path) -> None:
    """The trigger would act on the first lesson that a purge after the copy removes."""
    change(
        backup / "school.db",
        "CREATE TRIGGER wipe BEFORE DELETE ON lessons BEGIN DELETE FROM opted_out; END",
        "CREATE TEMP VIEW unused AS SELECT 1",
    )
    list_again(backup)
    assert "the trigger 'wipe'" in refused(backup)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("version", (-1, 1_000, 2_000_000_000))
def test_a_version_that_nobody_knows_is_refused(backup: Path, name: str, version: int) -> None:
    change(backup / name, f"PRAGMA user_version = {version}")
    list_again(backup)
    assert f"schema {version}" in refused(backup)


def test_a_file_that_says_it_is_new_and_is_not_is_refused(backup: Path) -> None:
    change(backup / "main.db", "PRAGMA user_version = 0")
    list_again(backup)
    assert "which no version has" in refused(backup)


def test_a_database_that_nobody_filled_is_restored(backup: Path) -> None:
    (backup / "score.db").unlink()
    change(backup / "score.db", "PRAGMA user_version = 0", "VACUUM")
    list_again(backup)
    with closing(open_score_store(restore(backup))) as scores:
        assert scores.cursor() == 0


@pytest.mark.parametrize("content", (b"", b"no database", b"SQLite format 3\0" + b"\xff" * 8_192))
def test_what_is_no_database_is_refused_or_empty(backup: Path, content: bytes) -> None:
    (backup / "score.db").write_bytes(content)
    list_again(backup)
    if content:
        assert "score.db" in refused(backup)
    else:
        restore(backup)


def test_an_index_that_does_not_fit_its_table_is_refused(backup: Path) -> None:
    path = backup / "school.db"
    change(
        path,
        "INSERT INTO moments(id, lesson, start_s, end_s, note, author, role) VALUES('m', 'l', 1.0, 2.0, '', '', '')",
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        (sql,) = database.execute(
            "SELECT sql FROM sqlite_schema WHERE name = 'moments_lesson'"
        ).fetchone()
        database.execute("PRAGMA writable_schema = ON")
        # Forget the index while a row is added, so that the index does not have it.
        (page,) = database.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'moments_lesson'"
        ).fetchone()
        database.execute("DELETE FROM sqlite_schema WHERE name = 'moments_lesson'")
    change(
        path,
        "INSERT INTO moments(id, lesson, start_s, end_s, note, author, role) VALUES('n', 'l', 3.0, 4.0, '', '', '')",
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute(
            "INSERT INTO sqlite_schema VALUES('index', 'moments_lesson', 'moments', ?, ?)",
            (page, sql),
        )
    list_again(backup)
    assert "school.db is damaged" in refused(backup)


def test_every_store_writes_what_is_expected_of_its_newest_version(backup: Path) -> None:
    for kind, version in NEWEST.items():
        (known, *_) = expected_definitions(kind, version)
        assert ("table", "streams") in known or kind in {"score", "school"}
        assert expected_definitions(kind, version + 1) == ()


# ------------------------------------------------------------------------------ the archive


def hang_guard(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), "it hangs"


@pytest.mark.parametrize("name", ("backup.json", "main.db", "purge-log.jsonl"))
def test_a_pipe_in_a_backup_does_not_hang(backup: Path, name: str) -> None:
    if name == "purge-log.jsonl":
        (backup / name).write_bytes(b"")
        list_again(backup)
    (backup / name).unlink()
    os.mkfifo(backup / name)
    hang_guard(lambda: refused(backup))


def test_a_pipe_in_the_place_of_an_archive_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "b.tar")
    hang_guard(lambda: refused(tmp_path / "b.tar"))


def packed(backup: Path, strange: tarfile.TarInfo) -> Path:
    target = backup.with_name("b.tar")
    with tarfile.open(target, "w") as tar:
        for path in sorted(backup.rglob("*")):
            name = path.relative_to(backup).as_posix()
            if path.is_file() and name != strange.name:
                tar.add(path, name)
        tar.addfile(strange, io.BytesIO(b"x" * strange.size) if strange.isreg() else None)
    return target


@pytest.mark.parametrize(
    ("kind", "link"),
    (
        (tarfile.SYMTYPE, "main.db"), (tarfile.SYMTYPE, "/etc/passwd"),
        (tarfile.LNKTYPE, "main.db"), (tarfile.FIFOTYPE, ""), (tarfile.DIRTYPE, ""),
        (tarfile.CHRTYPE, ""), (tarfile.GNUTYPE_SPARSE, ""),
    ),
)  # fmt: skip
def test_an_archive_gives_plain_files_alone(backup: Path, kind: bytes, link: str) -> None:
    strange = tarfile.TarInfo("main.db")
    strange.type, strange.linkname = kind, link
    hang_guard(lambda: refused(packed(backup, strange)))


def test_a_file_that_is_longer_than_it_should_be_is_not_copied_whole(backup: Path) -> None:
    with (backup / "main.db").open("ab") as file:
        file.truncate(1 << 40)  # no disk has room for it
    assert "its hash is wrong" in refused(backup)


def test_a_cut_archive_is_refused(backup: Path) -> None:
    strange = tarfile.TarInfo("unused")
    whole = packed(backup, strange).read_bytes()
    for length in (0, 100, 600, 5_000, len(whole) // 2):
        backup.with_name("b.tar").write_bytes(whole[:length])
        assert refused(backup.with_name("b.tar"))


def test_numbers_without_end_in_the_manifest_are_refused(backup: Path) -> None:
    text = (backup / "backup.json").read_text()
    for changed in (
        text.replace('"purges": 0', f'"purges": {"9" * 5_000}'),
        text.replace('"size": ', '"size": -', 1),
        "[" * 100_000,
    ):
        (backup / "backup.json").write_text(changed)
        with pytest.raises((UsageError, StoreError)):
            restore(backup)
