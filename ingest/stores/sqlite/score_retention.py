"""When a lesson's scores were written and how old they are: what their retention asks.

A lesson's row knows the time before which nothing of it is due, so that a round with nothing to
remove is one look into an index, however many lessons have scores.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final

__all__ = ["note_written", "retire"]

_NOTE: Final = """
INSERT INTO written VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET
utc_ns = max(utc_ns, excluded.utc_ns),
oldest_utc_ns = min(coalesce(oldest_utc_ns, excluded.oldest_utc_ns), excluded.oldest_utc_ns)
"""
_DUE: Final = "SELECT lesson FROM written WHERE max(utc_ns, oldest_utc_ns) < ?1"
_RETIRE_EPOCHS: Final = """
DELETE FROM epochs WHERE (lesson, stream, first_seq) IN (
    SELECT lesson, stream, first_seq FROM epochs
    WHERE lesson = (SELECT id FROM words WHERE word = ?) AND utc_ns < ? LIMIT ?)
"""
_RETIRE_ALERTS: Final = f"""
DELETE FROM alerts WHERE raised_utc_ns < ?1 AND lesson IN ({_DUE})
"""  # noqa: S608 - our own words alone
_LOOK_AGAIN: Final = """
UPDATE written SET oldest_utc_ns = (SELECT min(utc_ns) FROM (
    SELECT min(utc_ns) AS utc_ns FROM epochs
    WHERE lesson = (SELECT id FROM words WHERE word = written.lesson)
    UNION ALL SELECT min(raised_utc_ns) FROM alerts WHERE lesson = written.lesson))
WHERE lesson = ?
"""


def note_written(
    database: sqlite3.Connection, times: Iterable[tuple[str, int]], *, written_utc_ns: int
) -> None:
    """Note the (lesson, UTC) of epochs and alerts that are being written."""
    oldest: dict[str, int] = {}
    for lesson, utc_ns in times:
        oldest[lesson] = min(utc_ns, oldest.get(lesson, utc_ns))
    database.executemany(
        _NOTE, [(lesson, written_utc_ns, utc_ns) for lesson, utc_ns in oldest.items()]
    )


def retire(database: sqlite3.Connection, *, before_utc_ns: int, max_epochs: int) -> int:
    """Remove epochs, at most so many, and alerts from before a time; how many went."""
    removed = 0
    looked: list[tuple[str]] = []
    for (lesson,) in database.execute(_DUE, (before_utc_ns,)).fetchall():
        looked.append((lesson,))
        limits = lesson, before_utc_ns, max_epochs - removed
        removed += database.execute(_RETIRE_EPOCHS, limits).rowcount
        if removed >= max_epochs:
            break
    if looked:
        removed += database.execute(_RETIRE_ALERTS, (before_utc_ns,)).rowcount
        database.executemany(_LOOK_AGAIN, looked)
    return removed
