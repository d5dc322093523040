"""Opening the SQLite stores: rights, locks, order, and files that are not what they should be."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from contract.errors import StoreError
from contract.files import sqlite_file
from contract.files.sqlite_file import open_database
from contract.wire.payload import Batch, Layout
from ingest.stores import open_period_reader, open_period_store, open_score_store
from ingest.stores.records import Arrival, Tick
from school import open_lesson_store
from school.known_schemas.sqlite import SCHOOL_3
from school.migrating import SQLITE_VERSION

LAYOUT = Layout((1, 2, 3, 4, 5))


def one_period() -> Tick:
    batch = Batch(
        node="pi-0",
        run=1,
        first_seq=0,
        boot_ns=0,
        period_ns=1_000_000_000,
        synchronised=True,
        waited_ms=0,
        layout=LAYOUT,
        values=np.zeros((1, LAYOUT.width), np.uint16),
    )
    return Tick(
        received_utc_ns=0,
        arrivals=[Arrival(site="s", room="r", is_live=True, message=batch)],
    )


def test_a_second_writer_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    with (
        closing(open_period_store(tmp_path)),
        pytest.raises(StoreError, match=r"Another program writes main\.db"),
    ):
        open_period_store(tmp_path)
    with closing(open_period_store(tmp_path)) as store:
        store.commit(one_period())


def test_a_second_scorer_is_refused_when_it_writes(tmp_path: Path) -> None:
    scorer, page = open_score_store(tmp_path), open_score_store(tmp_path)
    scorer.commit(cursor=1)
    assert page.cursor() == 1
    with pytest.raises(StoreError, match=r"Another program writes score\.db"):
        page.commit(cursor=2)
    scorer.close()
    page.commit(cursor=3)
    page.close()


def test_a_reader_may_come_first(tmp_path: Path) -> None:
    with closing(open_period_reader(tmp_path / "new" / "data")) as reader:
        before = reader.version()
        with closing(open_period_store(tmp_path / "new" / "data")) as store:
            store.commit(one_period())
            assert reader.version() != before
            assert len(reader.read(1, 0, 9)[0].seqs) == 1


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    with (
        closing(open_period_reader(tmp_path)) as reader,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        reader.database.execute("DELETE FROM live")  # type: ignore[attr-defined]


def test_files_are_their_owners_alone(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    old = os.umask(0)
    try:
        with closing(open_period_store(directory)) as store:
            store.commit(one_period())
            store.seal(before_utc_ns=2 * 24 * 3600 * 1_000_000_000)
            scores, lessons = open_score_store(directory), open_lesson_store(directory)
            scores.commit(cursor=1)
            found = {p.name: stat.S_IMODE(p.stat().st_mode) for p in directory.rglob("*")}
            scores.close()
            lessons.close()
    finally:
        os.umask(old)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert found.pop("days") == 0o700
    assert {"main.db", "main.db-wal", "score.db", "school.db", "room-1970-01-03.db"} <= set(found)
    assert set(found.values()) == {0o600}


def test_commits_are_synchronous_and_deletions_are_overwritten(tmp_path: Path) -> None:
    with closing(open_period_store(tmp_path)) as store:
        asked = [
            store.database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "secure_delete")
        ]
    assert asked == ["wal", 2, 1]


@pytest.mark.parametrize("name", ("main.db", "score.db", "school.db"))
def test_a_file_that_is_no_database_is_named_with_what_to_do(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x13 not a database at all " * 400)
    openers = {
        "main.db": open_period_store,
        "score.db": open_score_store,
        "school.db": open_lesson_store,
    }
    with pytest.raises(StoreError, match=f"{name} is damaged .* restore a backup"):
        openers[name](tmp_path)


@pytest.mark.parametrize("name", ("main.db", "score.db", "school.db"))
def test_a_later_schema_is_refused(tmp_path: Path, name: str) -> None:
    with sqlite3.connect(tmp_path / name) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    openers = {
        "main.db": open_period_reader,
        "score.db": open_score_store,
        "school.db": open_lesson_store,
    }
    with pytest.raises(StoreError, match=r"later version of Roomtone \(schema 99"):
        openers[name](tmp_path)


def test_a_data_directory_that_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_text("")
    with pytest.raises(StoreError, match=r"data directory .* can't be made"):
        open_period_store(path)


HOLDER = """
import fcntl, os, sys, time
handle = os.open(sys.argv[1], os.O_RDONLY)
fcntl.flock(handle, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


def test_a_holder_that_hangs_does_not_hang_a_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "_ALONE_S", 0.2)
    words = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout is not None
            holder.stdout.readline()
            with pytest.raises(StoreError, match=r"has held the directory for 0\.2 s") as caught:
                open_period_reader(tmp_path)
            if Path("/proc/locks").exists():
                assert f"process {holder.pid} (" in str(caught.value)
            monkeypatch.setattr(sqlite_file, "_LOCKS", tmp_path / "none")
            with pytest.raises(StoreError, match="another program has held"):
                open_period_reader(tmp_path)
        finally:
            holder.kill()
    open_period_reader(tmp_path).close()


def test_a_file_of_an_earlier_version_is_refused_with_a_sentence(tmp_path: Path) -> None:
    open_period_reader(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "main.db")) as database:
        database.execute("PRAGMA user_version = 1")
    with pytest.raises(StoreError, match="written by an earlier version of Roomtone"):
        open_period_reader(tmp_path)


def test_lessons_of_version_3_are_taken_over(tmp_path: Path) -> None:
    database = open_database(tmp_path / "school.db", SCHOOL_3, 3)
    with closing(database):
        database.execute("INSERT INTO opted_out VALUES('r1', 4)")
    for _ in range(2):
        with closing(open_lesson_store(tmp_path)) as store:
            assert store.opted_out() == [("r1", 4)]
            assert store.origins() == {}
    with closing(sqlite3.connect(tmp_path / "school.db")) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (SQLITE_VERSION,)
