"""Statements that look at the lessons of a span room by room, in the order of their index."""

from __future__ import annotations

import sqlite3
from typing import Final

__all__ = ["ROOMS", "room_marks"]

# Leaps from room to room in the index: lessons of a span are few, whatever was before.
_KNOWN: Final = """
WITH RECURSIVE known(each) AS (
    SELECT min(room) FROM lessons UNION ALL
    SELECT (SELECT min(room) FROM lessons WHERE room > known.each) FROM known
    WHERE known.each IS NOT NULL)
"""
ROOMS: Final = f"JOIN ({_KNOWN} SELECT each FROM known) ON room = each"  # noqa: S608
# Made within SQLite: to make lessons of the rows takes ten times as long. An id may be any text, so
# its length stands before it.
_MARKS: Final = f"""
{_KNOWN}
SELECT each, (
    SELECT group_concat(length(id) || ':' || id || starts_utc_ns || ',' || ifnull(ends_utc_ns, '') || zones)
    FROM lessons WHERE room = each AND starts_utc_ns >= ?1 AND starts_utc_ns < ?2) AS mark
FROM known
"""  # noqa: S608 - our own words alone


def room_marks(database: sqlite3.Connection, *, from_utc_ns: int, to_utc_ns: int) -> dict[str, str]:
    """See `LessonStore.room_marks`."""
    rows = database.execute(_MARKS, (from_utc_ns, to_utc_ns)).fetchall()
    return {room: mark for room, mark in rows if mark is not None}
