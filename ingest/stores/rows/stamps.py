"""The stamps of main.db's rows by the server's clock, and what is noted of that clock."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict
from typing import Final

from ingest.stores.clock_records import ClockNote
from ingest.stores.rows.notes import noted, put_note

__all__ = ["put_clock_note", "read_clock_note", "stamp_again"]

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
    """What was noted last of the server's clock."""
    text = noted(database, _CLOCK)
    return None if text is None else ClockNote(**json.loads(str(text)))


def put_clock_note(database: sqlite3.Connection, note: ClockNote) -> None:
    """Note it, inside the transaction that is open."""
    put_note(database, _CLOCK, json.dumps(asdict(note)))
