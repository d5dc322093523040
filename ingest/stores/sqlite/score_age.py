"""How old the oldest score is, read without a change to the file, whatever its schema."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from contract.files.sqlite_file import store_errors

__all__ = ["oldest_epoch_utc_ns"]

# Every schema has these columns and this index; it leaps from lesson to lesson in it.
_OLDEST: Final = """
WITH RECURSIVE known(lesson) AS (
    SELECT min(lesson) FROM epochs UNION ALL
    SELECT (SELECT min(lesson) FROM epochs WHERE lesson > known.lesson) FROM known
    WHERE known.lesson IS NOT NULL)
SELECT min((SELECT min(utc_ns) FROM epochs WHERE lesson = known.lesson)) FROM known
"""


def oldest_epoch_utc_ns(directory: Path) -> int | None:
    """The time of the oldest epoch in a data directory; None if there is none. Raises StoreError."""
    path = directory / "score.db"
    if not path.exists():
        return None
    with (
        store_errors(path),
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database,
    ):
        found: int | None = database.execute(_OLDEST).fetchone()[0]
    return found
