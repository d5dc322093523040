"""score.db: epochs, alerts and the scorer's cursor, in one file with one writer."""

from __future__ import annotations

import json
import sqlite3
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np

from contract.files.sqlite_copy import remove_copies
from contract.files.sqlite_file import (
    WriterLock,
    emptied_log,
    make_directory,
    open_database,
    store_errors,
    transaction,
)
from ingest.stores.format.score_schema import SCHEMA, VERSION
from ingest.stores.migrations.migrate import left_to, migrator
from ingest.stores.migrations.scores import SCORE_MIGRATIONS
from ingest.stores.records import (
    EPOCH_NS,
    AlertRecord,
    EpochRecord,
    RoomLevels,
    ScoredLesson,
)
from ingest.stores.rows.scores import alert_of, alert_row, levels_of, names_of, zone_of
from ingest.stores.rules.rescoring import rescored
from ingest.stores.sqlite import score_retention

__all__ = ["SqliteScoreStore"]

_LEVELS: Final = struct.Struct("<9d")
# Leaps from lesson to lesson in the index: DISTINCT would pass over every epoch.
_SCORED_LESSONS: Final = """
WITH RECURSIVE known(lesson) AS (
    SELECT min(lesson) FROM epochs UNION ALL
    SELECT (SELECT min(lesson) FROM epochs WHERE lesson > known.lesson) FROM known
    WHERE known.lesson IS NOT NULL)
SELECT (SELECT word FROM words WHERE id = known.lesson),
    (SELECT min(utc_ns) FROM epochs WHERE lesson = known.lesson),
    (SELECT max(utc_ns) FROM epochs WHERE lesson = known.lesson)
FROM known WHERE known.lesson IS NOT NULL
"""
# The room's row is the first one, and its first four columns stay where they are.
_ROOM_LEVELS: Final = """
SELECT model, substr(levels, 1, 32) FROM epochs
WHERE lesson = (SELECT id FROM words WHERE word = ?) AND first_seq % ? = 0 AND length(levels) > 0
ORDER BY utc_ns, stream, first_seq
"""
_EPOCHS: Final = """
SELECT stream, first_seq, utc_ns, model, zones, levels FROM epochs
WHERE lesson = (SELECT id FROM words WHERE word = ?) AND """
_HAS_SCORES: Final = """
SELECT word FROM words WHERE EXISTS(SELECT 1 FROM epochs WHERE lesson = words.id)
"""
_WRITTEN_SINCE: Final = (
    "SELECT lesson, utc_ns FROM written WHERE utc_ns >= ? ORDER BY utc_ns, lesson"
)
_AGAIN: Final = "SELECT lesson FROM again"
_PURGE_EPOCHS: Final = """
DELETE FROM epochs
WHERE lesson = (SELECT id FROM words WHERE word = ?) AND utc_ns > ? AND utc_ns < ?
"""
_PURGE_ALERTS: Final = """
DELETE FROM alerts
WHERE lesson = ? AND raised_utc_ns < ? AND coalesce(cleared_utc_ns > ?, TRUE)
"""
_UNUSED_STAMPS: Final = """
DELETE FROM written WHERE lesson NOT IN (SELECT word FROM words)
AND lesson NOT IN (SELECT lesson FROM alerts)
"""
_UNUSED_WORDS: Final = """
DELETE FROM words WHERE id NOT IN (
    SELECT lesson FROM epochs UNION SELECT model FROM epochs UNION SELECT zones FROM epochs)
"""


class SqliteScoreStore:
    """`ScoreStore` in score.db of a data directory."""

    def __init__(self, directory: Path, *, is_writer: bool = False) -> None:
        self._path = directory / "score.db"
        make_directory(directory)
        self._writer = WriterLock(self._path)
        bring_up = left_to("roomtone score", SCORE_MIGRATIONS)
        if is_writer:
            self._writer.acquire()
            bring_up = migrator(SCORE_MIGRATIONS)
        try:
            self._connection = open_database(self._path, SCHEMA, VERSION, bring_up=bring_up)
        except BaseException:
            self._writer.release()
            raise
        self._lock = threading.Lock()
        self._commits = 0

    @property
    def database(self) -> sqlite3.Connection:
        """The open file: what moving a site asks of its one writer."""
        return self._connection

    def cursor(self) -> int:
        with self._reading():
            return int(self._connection.execute("SELECT cursor FROM cursor").fetchone()[0])

    def commit(
        self,
        *,
        cursor: int,
        epochs: Sequence[EpochRecord] = (),
        alerts: Sequence[AlertRecord] = (),
        written_utc_ns: int = 0,
    ) -> None:
        """Keep epochs, alerts and the cursor in one transaction, or raise StoreError."""
        with self._writing():
            self._connection.execute("UPDATE cursor SET cursor = ?", (cursor,))
            # After a purge the old score rests on what is gone.
            purged = {lesson for (lesson,) in self._connection.execute(_AGAIN)}
            for epoch in epochs:
                old = None if epoch.lesson in purged else self._kept_epoch(epoch)
                self._connection.execute(
                    "INSERT OR REPLACE INTO epochs VALUES(?, ?, ?, ?, ?, ?, ?)",
                    self._epoch_row(rescored(old, epoch)),
                )
            self._connection.executemany(
                "INSERT OR REPLACE INTO alerts VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                map(alert_row, alerts),
            )
            score_retention.note_written(
                self._connection,
                [(e.lesson, e.utc_ns) for e in epochs]
                + [(a.lesson, a.raised_utc_ns) for a in alerts],
                written_utc_ns=written_utc_ns,
            )
            self._commits += 1

    def epochs(self, lesson: str, *, after_utc_ns: int = -1) -> list[EpochRecord]:
        with self._reading():
            return self._epochs(
                lesson, "utc_ns > ? ORDER BY utc_ns, stream, first_seq", after_utc_ns
            )

    def _kept_epoch(self, epoch: EpochRecord) -> EpochRecord | None:
        """The record that this one is to replace."""
        where = "stream = ? AND first_seq = ?"
        found = self._epochs(epoch.lesson, where, epoch.stream_id, epoch.first_seq)
        return found[0] if found else None

    def _epochs(self, lesson: str, where: str, *values: int) -> list[EpochRecord]:
        rows = self._connection.execute(_EPOCHS + where, (lesson, *values)).fetchall()
        words = {number: self._spoken(number) for number in {n for row in rows for n in row[3:5]}}
        names = {number: names_of(words[number]) for number in {row[4] for row in rows}}
        return [
            EpochRecord(
                lesson=lesson,
                stream_id=stream_id,
                first_seq=first_seq,
                utc_ns=utc_ns,
                model=words[model],
                zones=tuple(map(zone_of, names[zones], _LEVELS.iter_unpack(levels))),
            )
            for stream_id, first_seq, utc_ns, model, zones, levels in rows
        ]

    def alerts(self, lesson: str) -> list[AlertRecord]:
        return self._alerts("lesson = ?", lesson)

    def open_alerts(self) -> list[AlertRecord]:
        return self._alerts("cleared_utc_ns IS NULL")

    def _alerts(self, which: str, *values: str) -> list[AlertRecord]:
        with self._reading():
            rows = self._connection.execute(
                f"SELECT * FROM alerts WHERE {which} ORDER BY raised_utc_ns, id",  # noqa: S608
                values,
            )
            return [alert_of(row) for row in rows]

    def scored_lessons(self) -> list[ScoredLesson]:
        with self._reading():
            rows = self._connection.execute(_SCORED_LESSONS).fetchall()
        return [
            ScoredLesson(lesson=lesson, first_utc_ns=first, last_utc_ns=last)
            for lesson, first, last in rows
        ]

    def lessons_with_scores(self) -> set[str]:
        with self._reading():
            return {word for (word,) in self._connection.execute(_HAS_SCORES)}

    def written_since(self, utc_ns: int) -> list[tuple[str, int]]:
        with self._reading():
            return self._connection.execute(_WRITTEN_SINCE, (utc_ns,)).fetchall()

    def room_levels(self, lesson: str, *, each: int) -> RoomLevels:
        with self._reading():
            rows = self._connection.execute(_ROOM_LEVELS, (lesson, each)).fetchall()
            words = {number: self._spoken(number) for number in {row[0] for row in rows}}
        levels = np.frombuffer(b"".join(row[1] for row in rows), "<f8").reshape(-1, 4)
        return RoomLevels(
            model=tuple(words[row[0]] for row in rows),
            movement_db=levels[:, 0],
            off_task=levels[:, 3],
        )

    def retire(self, *, before_utc_ns: int, max_epochs: int) -> int:
        with self._writing():
            removed = score_retention.retire(
                self._connection, before_utc_ns=before_utc_ns, max_epochs=max_epochs
            )
            self._commits += bool(removed)
            return removed

    def purge(
        self,
        lessons: Sequence[str],
        *,
        from_utc_ns: int,
        to_utc_ns: int,
        again: Sequence[str] = (),
    ) -> Iterator[int]:
        removed = 0
        for lesson in lessons:
            with self._writing():
                removed += self._connection.execute(
                    _PURGE_EPOCHS, (lesson, from_utc_ns - EPOCH_NS, to_utc_ns)
                ).rowcount
                removed += self._connection.execute(
                    _PURGE_ALERTS, (lesson, to_utc_ns, from_utc_ns)
                ).rowcount
                self._commits += 1
            yield removed
        with self._writing():
            self._connection.execute(_UNUSED_WORDS)
            self._connection.execute(_UNUSED_STAMPS)
            self._connection.executemany(
                "INSERT OR IGNORE INTO again VALUES(?)", [(lesson,) for lesson in again]
            )
        with self._reading():
            # Pages keep stale copies of rows that were moved before they were deleted.
            self._connection.execute("VACUUM")
            remove_copies(self._path)
        yield removed
        is_emptied = False
        while not is_emptied:
            with self._reading():
                is_emptied = emptied_log(self._connection)
            yield removed

    def to_score_again(self) -> list[str]:
        with self._reading():
            rows = self._connection.execute(_AGAIN + " ORDER BY lesson")
            return [lesson for (lesson,) in rows]

    def scored_again(self) -> None:
        with self._writing():
            self._connection.execute("DELETE FROM again")

    def version(self) -> int:
        """Changes with every commit, of this connection or another."""
        with self._reading():
            others = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return int(others) + self._commits

    def close(self) -> None:
        with self._lock:
            self._connection.close()
            self._writer.release()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._lock, store_errors(self._path):
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction of the one writer."""
        with self._reading():
            self._writer.acquire()
            with transaction(self._connection):
                yield

    def _word(self, word: str) -> int:
        row = self._connection.execute("SELECT id FROM words WHERE word = ?", (word,)).fetchone()
        if row is not None:
            return int(row[0])
        added = self._connection.execute("INSERT INTO words(word) VALUES(?)", (word,)).lastrowid
        assert added is not None
        return added

    def _spoken(self, number: int) -> str:
        row = self._connection.execute("SELECT word FROM words WHERE id = ?", (number,)).fetchone()
        return str(row[0])

    def _epoch_row(self, epoch: EpochRecord) -> tuple[object, ...]:
        words = json.dumps([(zone.zone, zone.seats) for zone in epoch.zones])
        levels = b"".join(_LEVELS.pack(*levels_of(zone)) for zone in epoch.zones)
        return (
            self._word(epoch.lesson),
            epoch.stream_id,
            epoch.first_seq,
            epoch.utc_ns,
            self._word(epoch.model),
            self._word(words),
            levels,
        )
