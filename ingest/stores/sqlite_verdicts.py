"""The tables of school.db for what people said of moments, and of what is kept to learn from it.

The store in `sqlite_lessons.py` owns the connection, the lock and the transactions; this file
holds the statements, and turns rows into records.
"""

from __future__ import annotations

import sqlite3
from typing import Any, Final

import numpy as np

from ingest.stores.records import Label, Verdict, VerdictCount

__all__ = [
    "TABLES",
    "clear_labels",
    "insert_label",
    "insert_verdict",
    "labels",
    "remove_said",
    "verdicts",
    "verdicts_by_lesson",
]

TABLES: Final = (
    """CREATE TABLE verdicts(
        lesson TEXT NOT NULL, moment TEXT NOT NULL, said_by TEXT NOT NULL,
        is_confirmed INTEGER NOT NULL, kind TEXT NOT NULL, zone TEXT NOT NULL,
        start_s REAL NOT NULL, end_s REAL NOT NULL,
        PRIMARY KEY(lesson, moment, said_by)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX verdicts_moment ON verdicts(moment)",
    """CREATE TABLE labels(
        lesson TEXT NOT NULL, moment TEXT NOT NULL, said_by TEXT NOT NULL,
        is_room INTEGER NOT NULL, utc_ns INTEGER NOT NULL, model TEXT NOT NULL,
        features_version TEXT NOT NULL, features INTEGER NOT NULL, rows BLOB NOT NULL,
        written_utc_ns INTEGER NOT NULL,
        PRIMARY KEY(lesson, moment, said_by)) STRICT""",
    "CREATE INDEX labels_time ON labels(utc_ns)",
    "CREATE TABLE label_opt_ins(teacher TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
)
"""Rows of `labels` are float64 (epochs, features), little-endian. A teacher who keeps no answers
to learn from is not in `label_opt_ins`."""

_PUT_VERDICT: Final = """
INSERT OR REPLACE INTO verdicts(
    lesson, moment, said_by, is_confirmed, kind, zone, start_s, end_s)
SELECT id, ?, ?, ?, ?, ?, ?, ? FROM lessons WHERE id = ?
"""
# Only while the lesson's teacher wants it: a withdrawal that came a moment before holds.
_PUT_LABEL: Final = """
INSERT OR REPLACE INTO labels(
    lesson, moment, said_by, is_room, utc_ns, model, features_version, features, rows,
    written_utc_ns)
SELECT id, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM lessons JOIN label_opt_ins USING(teacher) WHERE id = ?
"""
_COUNT: Final = """
SELECT lesson, sum(is_confirmed), sum(1 - is_confirmed) FROM verdicts AS said
WHERE kind = 'lively' AND (said_by = 'teacher' OR NOT EXISTS(
    SELECT 1 FROM verdicts WHERE lesson = said.lesson AND moment = said.moment
    AND said_by = 'teacher'))
GROUP BY lesson
"""
_LABELS: Final = """
SELECT lesson, moment, said_by, is_confirmed, kind, is_room, utc_ns, model, features_version,
    features, rows
FROM labels JOIN verdicts USING(lesson, moment, said_by) ORDER BY utc_ns, lesson, moment, said_by
"""
_CLEAR: Final = """
DELETE FROM labels WHERE lesson NOT IN (SELECT id FROM lessons JOIN label_opt_ins USING(teacher))
"""


def insert_verdict(connection: sqlite3.Connection, verdict: Verdict) -> bool:
    """Whether there is such a lesson; what was kept of an earlier answer goes."""
    connection.execute(
        "DELETE FROM labels WHERE lesson = ? AND moment = ? AND said_by = ?",
        (verdict.lesson, verdict.moment, verdict.by),
    )
    values = (
        verdict.moment, verdict.by, verdict.is_confirmed, verdict.kind, verdict.zone,
        verdict.start_s, verdict.end_s, verdict.lesson,
    )  # fmt: skip
    return connection.execute(_PUT_VERDICT, values).rowcount > 0


def insert_label(connection: sqlite3.Connection, label: Label, written_utc_ns: int) -> None:
    rows = np.ascontiguousarray(label.rows, "<f8")
    connection.execute(
        _PUT_LABEL,
        (
            label.moment, label.by, label.is_room, label.utc_ns, label.model,
            label.features_version, rows.shape[1], rows.tobytes(), written_utc_ns, label.lesson,
        ),
    )  # fmt: skip


def verdicts(connection: sqlite3.Connection, lesson: str) -> list[Verdict]:
    rows = connection.execute(
        "SELECT lesson, moment, said_by, is_confirmed, kind, zone, start_s, end_s FROM verdicts "
        "WHERE lesson = ? ORDER BY start_s, moment, said_by",
        (lesson,),
    ).fetchall()
    return [
        Verdict(
            lesson=row[0], moment=row[1], by=row[2], is_confirmed=bool(row[3]), kind=row[4],
            zone=row[5], start_s=row[6], end_s=row[7],
        )
        for row in rows
    ]  # fmt: skip


def verdicts_by_lesson(connection: sqlite3.Connection) -> dict[str, VerdictCount]:
    return {
        lesson: VerdictCount(confirmed=confirmed, dismissed=dismissed)
        for lesson, confirmed, dismissed in connection.execute(_COUNT)
    }


def labels(connection: sqlite3.Connection) -> list[Label]:
    return [_label(row) for row in connection.execute(_LABELS)]


def remove_said(connection: sqlite3.Connection, column: str, value: str) -> int:
    """Remove what was said, and kept, of a `lesson` or a `moment`; how many answers there were."""
    assert column in {"lesson", "moment"}
    connection.execute(f"DELETE FROM labels WHERE {column} = ?", (value,))  # noqa: S608
    return connection.execute(
        f"DELETE FROM verdicts WHERE {column} = ?",  # noqa: S608
        (value,),
    ).rowcount


def clear_labels(connection: sqlite3.Connection) -> int:
    """Remove what is kept of lessons whose teacher does not want it (any more); how many."""
    return connection.execute(_CLEAR).rowcount


def _label(row: tuple[Any, ...]) -> Label:
    return Label(
        lesson=row[0], moment=row[1], by=row[2], is_confirmed=bool(row[3]), kind=row[4],
        is_room=bool(row[5]), utc_ns=row[6], model=row[7], features_version=row[8],
        rows=np.frombuffer(row[10], "<f8").reshape(-1, row[9]).astype(np.float64),
    )  # fmt: skip
