"""The table of school.db that says from which file a lesson was imported.

The store in `sqlite_lessons.py` owns the connection, the lock and the transactions.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict
from typing import Final

from ingest.stores import sqlite_verdicts
from ingest.stores.origins import Origin, Reschedule
from ingest.stores.records import Lesson

__all__ = ["TABLE", "apply", "forget", "origins"]

TABLE: Final = """CREATE TABLE imported(
    lesson TEXT PRIMARY KEY, source TEXT NOT NULL, event TEXT NOT NULL,
    occurrence TEXT NOT NULL) STRICT, WITHOUT ROWID"""


def origins(connection: sqlite3.Connection) -> dict[str, Origin]:
    rows = connection.execute("SELECT lesson, source, event, occurrence FROM imported")
    return {
        lesson: Origin(source=source, event=event, occurrence=occurrence)
        for lesson, source, event, occurrence in rows
    }


def apply(connection: sqlite3.Connection, change: Reschedule) -> None:
    for removed in change.removed:
        connection.execute("DELETE FROM moments WHERE lesson = ?", (removed,))
        sqlite_verdicts.remove_said(connection, "lesson", removed)
        connection.execute("DELETE FROM lessons WHERE id = ?", (removed,))
        forget(connection, removed)
    for lesson, origin in change.put:
        _put(connection, lesson)
        connection.execute(
            "INSERT OR REPLACE INTO imported(lesson, source, event, occurrence) VALUES(?, ?, ?, ?)",
            (lesson.id, origin.source, origin.event, origin.occurrence),
        )


def forget(connection: sqlite3.Connection, lesson: str) -> None:
    connection.execute("DELETE FROM imported WHERE lesson = ?", (lesson,))


def _put(connection: sqlite3.Connection, lesson: Lesson) -> None:
    """Add a lesson, or change of a known one what a timetable may change and nothing else."""
    values = {
        "id": lesson.id,
        "room": lesson.room,
        "teacher": lesson.teacher,
        "title": lesson.title,
        "starts": lesson.starts_utc_ns,
        "ends": lesson.ends_utc_ns,
        "source": lesson.source,
        "activities": json.dumps([asdict(activity) for activity in lesson.activities]),
        "zones": json.dumps([asdict(zone) for zone in lesson.zones]),
        "video": lesson.video,
        "offset": lesson.video_offset_s,
    }
    changed = connection.execute(
        "UPDATE lessons SET room = :room, teacher = :teacher, title = :title, "
        "starts_utc_ns = :starts, ends_utc_ns = :ends, activities = :activities WHERE id = :id",
        values,
    ).rowcount
    if not changed:
        connection.execute(
            "INSERT INTO lessons(id, room, teacher, title, starts_utc_ns, ends_utc_ns, source, "
            "activities, zones, video, video_offset_s) VALUES(:id, :room, :teacher, :title, "
            ":starts, :ends, :source, :activities, :zones, :video, :offset)",
            values,
        )
