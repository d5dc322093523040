"""What a main.db notes of its keeping: a few named values that outlive the program."""

from __future__ import annotations

import sqlite3

__all__ = ["noted", "put_note"]


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
