"""The rows of score.db that are of a site's lessons: copied under its streams' new numbers, and removed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from contract.files.sqlite_file import emptied_log, transaction

__all__ = ["copy_scores", "remove_scores"]

_LESSONS: Final = """
SELECT DISTINCT word FROM epochs JOIN words ON words.id = lesson
WHERE stream IN (SELECT value FROM json_each(?1))
UNION SELECT lesson FROM alerts WHERE room IN (SELECT value FROM json_each(?2))
"""
_EPOCHS: Final = """
SELECT stream, first_seq, utc_ns, (SELECT word FROM words WHERE id = model),
    (SELECT word FROM words WHERE id = zones), levels
FROM epochs WHERE lesson = (SELECT id FROM words WHERE word = ?)
"""
_PUT_EPOCH: Final = """
INSERT OR IGNORE INTO epochs VALUES(
    (SELECT id FROM words WHERE word = ?1), ?2, ?3, ?4,
    (SELECT id FROM words WHERE word = ?5), (SELECT id FROM words WHERE word = ?6), ?7)
"""
_UNUSED_WORDS: Final = """
DELETE FROM words WHERE id NOT IN (
    SELECT lesson FROM epochs UNION SELECT model FROM epochs UNION SELECT zones FROM epochs)
"""


def copy_scores(
    taken: sqlite3.Connection,
    into: sqlite3.Connection,
    *,
    site_rooms: Sequence[str],
    streams: Mapping[int, int],
) -> int:
    """Copy epochs and alerts in one transaction; how many lessons have some."""
    lessons = _lessons(taken, site_rooms, streams)
    with transaction(into):
        for lesson in lessons:
            for stream, *place, model, zones, levels in taken.execute(_EPOCHS, (lesson,)):
                if stream not in streams:
                    continue  # another site's room was in the same lesson once
                words = [(word,) for word in (lesson, model, zones)]
                into.executemany("INSERT OR IGNORE INTO words(word) VALUES(?)", words)
                row = lesson, streams[stream], *place, model, zones, levels
                into.execute(_PUT_EPOCH, row)
            for table, columns in (("alerts", 9), ("written", 3), ("again", 1)):
                into.executemany(
                    f"INSERT OR IGNORE INTO {table} VALUES({', '.join('?' * columns)})",
                    taken.execute(f"SELECT * FROM {table} WHERE lesson = ?", (lesson,)),  # noqa: S608
                )
    return len(lessons)


def remove_scores(
    database: sqlite3.Connection, *, site_rooms: Sequence[str], streams: Mapping[int, int]
) -> None:
    """Remove the same, and leave no copy of it on a page."""
    lessons = [(lesson,) for lesson in _lessons(database, site_rooms, streams)]
    with transaction(database):
        database.executemany(
            "DELETE FROM epochs WHERE lesson = (SELECT id FROM words WHERE word = ?1) "
            "AND stream IN (SELECT value FROM json_each(?2))",
            [(lesson, json.dumps(list(streams))) for (lesson,) in lessons],
        )
        for table in ("alerts", "written", "again"):
            database.executemany(f"DELETE FROM {table} WHERE lesson = ?", lessons)  # noqa: S608
        database.execute(_UNUSED_WORDS)
    database.execute("VACUUM")
    emptied_log(database)


def _lessons(
    database: sqlite3.Connection, rooms: Sequence[str], streams: Mapping[int, int]
) -> list[str]:
    rows = database.execute(_LESSONS, (json.dumps(list(streams)), json.dumps(list(rooms))))
    return sorted(lesson for (lesson,) in rows)
