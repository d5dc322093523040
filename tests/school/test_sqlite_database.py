"""school.db: what the file is opened with, its faults in words, and two processes that write it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from contract.errors import StoreError
from school import open_lesson_store
from school.lessons.records import Lesson
from school.lessons.store import SqlLessonStore
from school.sqlite_database import SqliteDatabase

MATHS = Lesson(
    id="maths", room="room-a", teacher="t. okafor", title="Fractions", starts_utc_ns=1_000,
    ends_utc_ns=2_000, source="timetable",
)  # fmt: skip


def test_a_change_is_durable_and_what_is_deleted_is_overwritten(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path)
    with database.reading() as connection:
        asked = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
        ]
        # What Python's sqlite3 waits for a lock.
        busy_ms = connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
    database.close()
    assert asked == ["wal", 2, 1, 1]
    assert busy_ms == 10_000


def test_a_full_disk_is_named_and_nothing_changes(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path)
    store = SqlLessonStore(database)
    store.put(MATHS)
    version = store.version()
    with database.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    large = Lesson(
        id="art", room="room-a", teacher="t. okafor", title="x" * 100_000, starts_utc_ns=1,
        ends_utc_ns=2, source="button",
    )  # fmt: skip
    with pytest.raises(StoreError, match=r"No room is left to write .*school\.db: free space"):
        store.put(large)
    assert store.lessons() == [MATHS]
    assert store.version() == version
    with database.reading() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    store.put(large)  # and goes on once there is room
    assert store.count_lessons() == 2
    store.close()


def test_a_file_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path)
    store = SqlLessonStore(database)
    with database.reading() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match=r"school\.db can't be written .* check its rights"):
        store.put(MATHS)
    assert store.lessons() == []
    store.close()


def test_a_file_that_is_locked_is_named(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path)
    store = SqlLessonStore(database)
    with database.reading() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 50")
    with closing(sqlite3.connect(tmp_path / "school.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"school\.db has been locked"):
            store.put(MATHS)
        other.execute("ROLLBACK")
    store.put(MATHS)
    store.close()


def test_no_error_shows_what_people_wrote(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path)
    store = SqlLessonStore(database)
    with database.reading() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    with pytest.raises(StoreError) as caught:
        store.put(MATHS)
    error: BaseException | None = caught.value
    while error is not None:
        assert "okafor" not in str(error)
        error = error.__cause__ or error.__context__
    store.close()


WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from pydantic import SecretStr
from contract.lesson import Activity
from school import open_lesson_store
from school.lessons.change import change_lesson
from school.lessons.origins import Origin, Reschedule
url = SecretStr(sys.argv[2]) if sys.argv[2] else None
number = int(sys.argv[3])
store = open_lesson_store(Path(sys.argv[1]), url)
print("open", flush=True)
sys.stdin.readline()
for at in range(25):
    start = 1_000.0 * number + at
    added = Activity(start_s=start, end_s=start + 1, name="test")
    change_lesson(store, "maths",
                  lambda lesson: replace(lesson, activities=(*lesson.activities, added)))
    store.reschedule(lambda lessons, _: Reschedule(put=((
        replace(lessons[-1], id=f"l{len(lessons):03}", activities=()),
        Origin(source="plan.ics")),)))
store.close()
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)))
def test_two_processes_that_write_at_once_lose_nothing(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    url = request.getfixturevalue("postgres_server").url() if kind == "postgresql" else None
    text = url.get_secret_value() if url else ""
    with closing(open_lesson_store(tmp_path, url)) as store:
        store.put(MATHS)
        before = store.version()
        programs = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, str(tmp_path), text, str(number)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for number in range(2)
        ]  # fmt: skip
        for program in programs:
            assert program.stdout is not None
            assert program.stdout.readline() == "open\n"
        for program in programs:
            program.communicate("\n", timeout=120)
        assert [program.returncode for program in programs] == [0, 0]
        maths = store.get("maths")
        assert maths is not None
        assert len({activity.start_s for activity in maths.activities}) == 50
        assert store.count_lessons() == 51  # each import has seen what the others had added
        assert store.version() - before >= 100
