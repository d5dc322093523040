"""The steps that bring a score.db of an older schema up; `score_schema.py` has their tables."""

from __future__ import annotations

import sqlite3
from typing import Final

from ingest.stores.format.score_schema import NEW_IN_4, WRITTEN_3
from ingest.stores.migrations.migrate import Migrations

__all__ = ["SCORE_MIGRATIONS"]

# Of lessons from before schema 3 nothing says when they were written.
_FILL_4: Final = """
INSERT INTO written SELECT lesson, max(utc_ns), min(oldest_utc_ns) FROM (
    SELECT lesson, utc_ns, NULL AS oldest_utc_ns FROM written_3
    UNION ALL SELECT word, 0, (SELECT min(utc_ns) FROM epochs WHERE lesson = words.id) FROM words
        WHERE EXISTS(SELECT 1 FROM epochs WHERE lesson = words.id)
    UNION ALL SELECT lesson, 0, min(raised_utc_ns) FROM alerts GROUP BY lesson)
GROUP BY lesson
"""


def _from_2(database: sqlite3.Connection) -> None:
    """When a lesson's scores were written is noted: what is there goes by its own time alone."""
    database.execute(WRITTEN_3)


def _from_3(database: sqlite3.Connection) -> None:
    """Schema 4 finds what is due for its age, and alerts that are not cleared, by an index."""
    database.execute("ALTER TABLE written RENAME TO written_3")
    for statement in NEW_IN_4.split(";"):
        database.execute(statement)
    database.execute(_FILL_4)
    database.execute("DROP TABLE written_3")


SCORE_MIGRATIONS: Final[Migrations] = {2: _from_2, 3: _from_3}
