"""The steps that bring a score.db of an older schema up; `scores.py` has today's."""

from __future__ import annotations

import sqlite3
from typing import Final

from ingest.stores.migrations.migrate import Migrations

__all__ = ["SCORE_MIGRATIONS"]


def _from_2(database: sqlite3.Connection) -> None:
    """When a lesson's scores were written is noted: what is there goes by its own time alone."""
    database.execute(
        "CREATE TABLE written(lesson TEXT PRIMARY KEY, utc_ns INTEGER NOT NULL) STRICT, WITHOUT ROWID"
    )


SCORE_MIGRATIONS: Final[Migrations] = {2: _from_2}
