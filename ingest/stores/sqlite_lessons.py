"""school.db: lessons and the moments that people mark. Any number of programs may write it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from contract.errors import StoreError
from contract.lesson import Activity, Zone
from ingest.stores.records import Lesson, Moment
from ingest.stores.sqlite_file import (
    emptied_log,
    make_directory,
    open_database,
    store_errors,
    transaction,
)

__all__ = ["SqliteLessonStore"]

_VERSION: Final = 1
_TRIES: Final = 100
_TRY_EACH_S: Final = 0.1
_SCHEMA: Final = """
CREATE TABLE lessons(
    id TEXT PRIMARY KEY, room TEXT NOT NULL, teacher TEXT NOT NULL, title TEXT NOT NULL,
    starts_utc_ns INTEGER NOT NULL, ends_utc_ns INTEGER, source TEXT NOT NULL,
    activities TEXT NOT NULL, zones TEXT NOT NULL, video TEXT, video_offset_s REAL NOT NULL) STRICT;
CREATE INDEX lessons_room ON lessons(room, starts_utc_ns);
CREATE TABLE moments(
    id TEXT PRIMARY KEY, lesson TEXT NOT NULL, start_s REAL NOT NULL, end_s REAL NOT NULL,
    note TEXT NOT NULL, author TEXT NOT NULL) STRICT;
CREATE INDEX moments_lesson ON moments(lesson, start_s)
"""
_LESSON: Final = (
    "id, room, teacher, title, starts_utc_ns, ends_utc_ns, source, activities, zones, video, "
    "video_offset_s"
)


class SqliteLessonStore:
    """`LessonStore` in school.db of a data directory."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "school.db"
        make_directory(directory)
        self._connection = open_database(self._path, _SCHEMA, _VERSION)
        self._lock = threading.Lock()
        self._changes = 0

    def put(self, lesson: Lesson) -> None:
        self._write(
            f"INSERT OR REPLACE INTO lessons({_LESSON}) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                lesson.id,
                lesson.room,
                lesson.teacher,
                lesson.title,
                lesson.starts_utc_ns,
                lesson.ends_utc_ns,
                lesson.source,
                json.dumps([asdict(activity) for activity in lesson.activities]),
                json.dumps([asdict(zone) for zone in lesson.zones]),
                lesson.video,
                lesson.video_offset_s,
            ),
        )

    def get(self, lesson: str) -> Lesson | None:
        found = self._lessons("WHERE id = ?", (lesson,))
        return found[0] if found else None

    def lessons(self, *, room: str | None = None) -> list[Lesson]:
        where = "" if room is None else "WHERE room = ? "
        return self._lessons(
            where + "ORDER BY starts_utc_ns DESC, id", () if room is None else (room,)
        )

    def at(self, room: str, utc_ns: int) -> Lesson | None:
        found = self._lessons(
            "WHERE room = ? AND starts_utc_ns <= ? AND (ends_utc_ns IS NULL OR ends_utc_ns > ?) "
            "ORDER BY starts_utc_ns DESC, id LIMIT 1",
            (room, utc_ns, utc_ns),
        )
        return found[0] if found else None

    def put_moment(self, moment: Moment) -> None:
        """Mark a moment; raises StoreError where there is no such lesson."""
        changed = self._write(
            "INSERT OR REPLACE INTO moments(id, lesson, start_s, end_s, note, author) "
            "SELECT ?, id, ?, ?, ?, ? FROM lessons WHERE id = ?",
            (
                moment.id,
                moment.start_s,
                moment.end_s,
                moment.note,
                moment.author,
                moment.lesson,
            ),
        )
        if not changed:
            raise StoreError(f"There is no lesson {moment.lesson!r} to mark a moment in.")

    def remove_moment(self, moment: str) -> None:
        self._write("DELETE FROM moments WHERE id = ?", (moment,))

    def moments(self, lesson: str) -> list[Moment]:
        with self._reading():
            rows = self._connection.execute(
                "SELECT id, lesson, start_s, end_s, note, author FROM moments "
                "WHERE lesson = ? ORDER BY start_s, id",
                (lesson,),
            ).fetchall()
        return [
            Moment(id=id_, lesson=of, start_s=start, end_s=end, note=note, author=author)
            for id_, of, start, end, note, author in rows
        ]

    def purge(self, *, lessons: Sequence[str] = (), moments: Sequence[str] = ()) -> int:
        """Remove lessons with their moments, and moments, for good; how many there were.

        The file is written anew: pages keep stale copies of rows that were moved within it.
        Raises StoreError while another program goes on reading an earlier state of it.
        """
        with self._lock, store_errors(self._path):
            execute = self._connection.execute
            with transaction(self._connection):
                removed = 0
                for lesson in lessons:
                    removed += execute("DELETE FROM moments WHERE lesson = ?", (lesson,)).rowcount
                    removed += execute("DELETE FROM lessons WHERE id = ?", (lesson,)).rowcount
                for moment in moments:
                    removed += execute("DELETE FROM moments WHERE id = ?", (moment,)).rowcount
            self._changes += 1
            execute("VACUUM")
            for _ in range(_TRIES):
                if emptied_log(self._connection):
                    return removed
                time.sleep(_TRY_EACH_S)
        raise StoreError(
            f"{self._path} is being read without a pause, so removed lessons are still in its "
            "log: end the program that reads it and ask again."
        )

    def version(self) -> int:
        """Changes with every change, of this connection or another."""
        with self._reading():
            others = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return int(others) + self._changes

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._lock, store_errors(self._path):
            yield

    def _write(self, statement: str, values: tuple[object, ...]) -> int:
        with self._lock, store_errors(self._path):
            with transaction(self._connection):
                changed = self._connection.execute(statement, values).rowcount
            self._changes += 1
            return changed

    def _lessons(self, where: str, values: tuple[object, ...]) -> list[Lesson]:
        with self._reading():
            rows = self._connection.execute(
                f"SELECT {_LESSON} FROM lessons {where}",  # noqa: S608 - our own words alone
                values,
            ).fetchall()
        return [_lesson(row) for row in rows]


def _lesson(row: tuple[Any, ...]) -> Lesson:
    return Lesson(
        id=row[0],
        room=row[1],
        teacher=row[2],
        title=row[3],
        starts_utc_ns=row[4],
        ends_utc_ns=row[5],
        source=row[6],
        activities=tuple(Activity(**fields) for fields in json.loads(row[7])),
        zones=tuple(
            Zone(name=fields["name"], seats=tuple(fields["seats"])) for fields in json.loads(row[8])
        ),
        video=row[9],
        video_offset_s=row[10],
    )
