"""What a main.db notes of its keeping, as of the server's clock, and the stamps by that clock.

Notes are a few named values that outlive the program.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict
from typing import Final

from ingest.stores.clock_records import ClockNote

__all__ = ["noted", "put_clock_note", "put_note", "read_clock_note", "stamp_again"]

_CLOCK: Final = "server_clock"
_STAMPS: Final = (
    ("day_files", "newest_utc_ns"),
    ("aside", "received_utc_ns"),
    ("timebases", "received_utc_ns"),
    ("streams", "first_received_utc_ns"),
)


def stamp_again(
    database: sqlite3.Connection, *, from_utc_ns: int, to_utc_ns: int, now_utc_ns: int
) -> None:
    """Give what was stamped between two times by an earlier clock the time of now."""
    for table, column in _STAMPS:
        database.execute(
            f"UPDATE {table} SET {column} = ? WHERE {column} BETWEEN ? AND ?",  # noqa: S608
            (now_utc_ns, from_utc_ns, to_utc_ns),
        )


def read_clock_note(database: sqlite3.Connection) -> ClockNote | None:
    text = noted(database, _CLOCK)
    return None if text is None else ClockNote(**json.loads(str(text)))


def put_clock_note(database: sqlite3.Connection, note: ClockNote) -> None:
    """Note it, inside the transaction that is open."""
    put_note(database, _CLOCK, json.dumps(asdict(note)))


def noted(database: sqlite3.Connection, name: str) -> int | str | None:
    """The value that was noted under a name."""
    row = database.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
    return None if row is None else row[0]


def put_note(database: sqlite3.Connection, name: str, value: int | str | None) -> None:
    """Note a value inside the transaction that is open; None removes it."""
    if value is None:
        database.execute("DELETE FROM notes WHERE name = ?", (name,))
    else:
        database.execute("INSERT OR REPLACE INTO notes VALUES(?, ?)", (name, value))
