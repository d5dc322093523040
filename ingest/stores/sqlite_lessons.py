"""school.db: lessons, the moments that people mark, and what they say of moments.

Any number of programs may write it.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from contract.errors import StoreError
from contract.lesson import Activity, Zone
from ingest.stores import sqlite_origins, sqlite_verdicts
from ingest.stores.migrations.migrate import migrator, remove_copies
from ingest.stores.origins import Origin, Reschedule
from ingest.stores.records import (
    Label,
    Lesson,
    Moment,
    PurgedWords,
    Speaker,
    Verdict,
    VerdictCount,
)
from ingest.stores.room_marks import ROOMS, room_marks
from ingest.stores.school_migrations import SCHOOL_MIGRATIONS
from ingest.stores.sqlite_file import (
    emptied_log,
    make_directory,
    open_database,
    store_errors,
    transaction,
)

__all__ = ["SCHEMA", "VERSION", "SqliteLessonStore"]

VERSION: Final = 4
_TRIES, _TRY_EACH_S = 100, 0.1
SCHEMA: Final = """
CREATE TABLE lessons(
    id TEXT PRIMARY KEY, room TEXT NOT NULL, teacher TEXT NOT NULL, title TEXT NOT NULL,
    starts_utc_ns INTEGER NOT NULL, ends_utc_ns INTEGER, source TEXT NOT NULL,
    activities TEXT NOT NULL, zones TEXT NOT NULL, video TEXT, video_offset_s REAL NOT NULL) STRICT;
CREATE INDEX lessons_room ON lessons(room, starts_utc_ns);
CREATE TABLE moments(
    id TEXT PRIMARY KEY, lesson TEXT NOT NULL, start_s REAL NOT NULL, end_s REAL NOT NULL,
    note TEXT NOT NULL, author TEXT NOT NULL) STRICT;
CREATE INDEX moments_lesson ON moments(lesson, start_s);
CREATE TABLE opted_out(room TEXT NOT NULL, seat INTEGER NOT NULL, PRIMARY KEY(room, seat)) STRICT;
""" + ";".join((*sqlite_verdicts.TABLES, sqlite_origins.TABLE))
_LESSON: Final = (
    "id, room, teacher, title, starts_utc_ns, ends_utc_ns, source, activities, zones, video, "
    "video_offset_s"
)


_ONE: Final = f"SELECT {_LESSON} FROM lessons WHERE id = ?"  # noqa: S608 - our own words alone
_EARLIEST: Final = -(1 << 63)
_LATEST: Final = (1 << 63) - 1


class SqliteLessonStore:
    """`LessonStore` in school.db of a data directory."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "school.db"
        make_directory(directory)
        self._connection = open_database(
            self._path, SCHEMA, VERSION, bring_up=migrator(SCHOOL_MIGRATIONS)
        )
        self._lock = threading.Lock()
        self._changes = 0

    def put(self, lesson: Lesson) -> None:
        with self._writing() as connection:
            _put(connection, lesson)

    def swap(self, old: Lesson | None, new: Lesson) -> bool:
        """Replace a lesson if it is unchanged; see `LessonStore.swap`."""
        with self._writing() as connection:
            row = connection.execute(_ONE, (new.id,)).fetchone()
            is_same = (None if row is None else _lesson(row)) == old
            if is_same:
                _put(connection, new)
        return is_same

    def get(self, lesson: str) -> Lesson | None:
        found = self._lessons("WHERE id = ?", (lesson,))
        return found[0] if found else None

    def lessons(
        self,
        *,
        room: str | None = None,
        from_utc_ns: int | None = None,
        to_utc_ns: int | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Lesson]:
        """Some of them, the latest first; see `LessonStore.lessons`."""
        is_span = from_utc_ns is not None or to_utc_ns is not None
        rooms = ROOMS if room is None and is_span else ""
        where = "room = ?1 AND " if room is not None else ""
        low = _EARLIEST if from_utc_ns is None else max(from_utc_ns, _EARLIEST)
        high = _LATEST if to_utc_ns is None else min(to_utc_ns, _LATEST)
        which = (
            f"{rooms} WHERE {where}starts_utc_ns >= ?2 AND starts_utc_ns < ?3 "
            "ORDER BY starts_utc_ns DESC, id LIMIT ?4 OFFSET ?5"
        )
        if limit is not None:  # to sort ids is quicker than to sort whole rows
            which = (
                f"WHERE id IN (SELECT id FROM lessons {which}) "  # noqa: S608 - our own words alone
                "ORDER BY starts_utc_ns DESC, id"
            )
        values = room, low, high, -1 if limit is None else limit, min(offset, _LATEST)
        return self._lessons(which, values)

    def room_marks(self, *, from_utc_ns: int, to_utc_ns: int) -> dict[str, str]:
        with self._reading():
            return room_marks(self._connection, from_utc_ns=from_utc_ns, to_utc_ns=to_utc_ns)

    def count_lessons(self) -> int:
        with self._reading():
            return _count(self._connection, "lessons")

    def origins(self) -> dict[str, Origin]:
        with self._reading():
            return sqlite_origins.origins(self._connection)

    def reschedule(
        self, decide: Callable[[list[Lesson], dict[str, Origin]], Reschedule]
    ) -> Reschedule:
        """Change many lessons in one transaction; see `LessonStore.reschedule`."""
        with self._writing() as connection:
            change = decide(
                _lessons(connection, "ORDER BY starts_utc_ns DESC, id"),
                sqlite_origins.origins(connection),
            )
            sqlite_origins.apply(connection, change)
            sqlite_verdicts.clear_labels(connection)  # it may be another teacher's now
        return change

    def opt_out(self, room: str, seat: int) -> None:
        with self._writing() as connection:
            connection.execute("INSERT OR IGNORE INTO opted_out VALUES (?, ?)", (room, seat))

    def opt_in(self, room: str, seat: int) -> bool:
        with self._writing() as connection:
            gone = connection.execute(
                "DELETE FROM opted_out WHERE room = ? AND seat = ?", (room, seat)
            ).rowcount
        return bool(gone)

    def opted_out(self) -> list[tuple[str, int]]:
        with self._reading():
            rows = self._connection.execute("SELECT room, seat FROM opted_out ORDER BY room, seat")
            return [(str(room), int(seat)) for room, seat in rows]

    def put_moment(self, moment: Moment) -> None:
        """Mark a moment; raises StoreError where there is no such lesson."""
        with self._writing() as connection:
            changed = connection.execute(
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
            ).rowcount
        if not changed:
            raise StoreError(f"There is no lesson {moment.lesson!r} to mark a moment in.")

    def remove_moment(self, moment: str) -> None:
        with self._writing() as connection:
            connection.execute("DELETE FROM moments WHERE id = ?", (moment,))
            sqlite_verdicts.remove_said(connection, "moment", moment)

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

    def put_verdict(
        self, verdict: Verdict, label: Label | None = None, *, written_utc_ns: int = 0
    ) -> None:
        """Keep what someone said of a moment; see `LessonStore.put_verdict`."""
        with self._writing() as connection:
            is_there = sqlite_verdicts.insert_verdict(connection, verdict)
            if is_there and label is not None:
                sqlite_verdicts.insert_label(connection, label, written_utc_ns)
        if not is_there:
            raise StoreError(f"There is no lesson {verdict.lesson!r} to say something of.")

    def remove_verdict(self, lesson: str, moment: str, by: Speaker) -> None:
        with self._writing() as connection:
            for table in ("labels", "verdicts"):
                connection.execute(
                    f"DELETE FROM {table} "  # noqa: S608 - our own words alone
                    "WHERE lesson = ? AND moment = ? AND said_by = ?",
                    (lesson, moment, by),
                )

    def verdicts(self, lesson: str) -> list[Verdict]:
        with self._reading():
            return sqlite_verdicts.verdicts(self._connection, lesson)

    def count_verdicts(self) -> VerdictCount:
        return VerdictCount.sum(self.verdicts_by_lesson().values())

    def verdicts_by_lesson(self) -> dict[str, VerdictCount]:
        with self._reading():
            return sqlite_verdicts.verdicts_by_lesson(self._connection)

    def keeps_labels(self, teacher: str) -> bool:
        with self._reading():
            found = self._connection.execute(
                "SELECT 1 FROM label_opt_ins WHERE teacher = ?", (teacher,)
            )
            return found.fetchone() is not None

    def keep_labels(self, teacher: str) -> None:
        with self._writing() as connection:
            connection.execute("INSERT OR IGNORE INTO label_opt_ins VALUES(?)", (teacher,))

    def drop_labels(self, teacher: str) -> int:
        """Forget that she wanted it, and remove what is kept of her lessons for good."""
        with self._removing() as connection:
            connection.execute("DELETE FROM label_opt_ins WHERE teacher = ?", (teacher,))
            return sqlite_verdicts.clear_labels(connection)

    def count_labels(self, teacher: str) -> int:
        with self._reading():
            found = self._connection.execute(
                "SELECT count(*) FROM labels JOIN lessons ON lessons.id = lesson WHERE teacher = ?",
                (teacher,),
            )
            return int(found.fetchone()[0])

    def labels(self) -> list[Label]:
        with self._reading():
            return sqlite_verdicts.labels(self._connection)

    def retire_labels(self, *, before_utc_ns: int, most: int) -> int:
        with self._writing() as connection:
            return connection.execute(
                "DELETE FROM labels WHERE rowid IN "
                "(SELECT rowid FROM labels WHERE utc_ns < ?1 AND written_utc_ns < ?1 "
                "ORDER BY utc_ns LIMIT ?2)",
                (before_utc_ns, most),
            ).rowcount

    def purge(
        self,
        *,
        lessons: Sequence[str] = (),
        moments: Sequence[str] = (),
        labels_of: Sequence[str] = (),
    ) -> PurgedWords:
        """Remove lessons with what was said of them for good; see `LessonStore.purge`."""
        removed = PurgedWords()
        with self._removing() as connection:
            execute = connection.execute
            before = _count(connection, "labels")
            for lesson in lessons:
                removed.moments += execute(
                    "DELETE FROM moments WHERE lesson = ?", (lesson,)
                ).rowcount
                removed.verdicts += sqlite_verdicts.remove_said(connection, "lesson", lesson)
                removed.lessons += execute("DELETE FROM lessons WHERE id = ?", (lesson,)).rowcount
                sqlite_origins.forget(connection, lesson)
            for moment in moments:
                removed.moments += execute("DELETE FROM moments WHERE id = ?", (moment,)).rowcount
                removed.verdicts += sqlite_verdicts.remove_said(connection, "moment", moment)
            execute("DELETE FROM label_opt_ins WHERE teacher NOT IN (SELECT teacher FROM lessons)")
            connection.executemany(
                "DELETE FROM labels WHERE lesson = ?", [(lesson,) for lesson in labels_of]
            )
            removed.labels = before - _count(connection, "labels")
        return removed

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

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, store_errors(self._path):
            with transaction(self._connection):
                yield self._connection
            self._changes += 1

    @contextmanager
    def _removing(self) -> Iterator[sqlite3.Connection]:
        """A transaction after which nothing of what it deleted is in the file or its log.

        The file is written anew: pages keep stale copies of rows that were moved within it.
        Raises StoreError while another program goes on reading an earlier state of it.
        """
        with self._lock, store_errors(self._path):
            with transaction(self._connection):
                yield self._connection
            self._changes += 1
            self._connection.execute("VACUUM")
            remove_copies(self._path)
            for _ in range(_TRIES):
                if emptied_log(self._connection):
                    return
                time.sleep(_TRY_EACH_S)
        raise StoreError(
            f"{self._path} is being read without a pause, so what was removed is still in its "
            "log: end the program that reads it and ask again."
        )

    def _lessons(self, where: str, values: tuple[object, ...]) -> list[Lesson]:
        with self._reading():
            return _lessons(self._connection, where, values)


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


def _lessons(
    connection: sqlite3.Connection, where: str, values: tuple[object, ...] = ()
) -> list[Lesson]:
    rows = connection.execute(
        f"SELECT {_LESSON} FROM lessons {where}",  # noqa: S608 - our own words alone
        values,
    )
    return [_lesson(row) for row in rows.fetchall()]


def _put(connection: sqlite3.Connection, lesson: Lesson) -> None:
    connection.execute(
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
    sqlite_verdicts.clear_labels(connection)  # it may be another teacher's now


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
