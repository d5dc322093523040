"""The tables of replies and of deleted notes, beside those in `school/schema.py`.

Importing `school` adds them.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table

from school.column_types import COUNT as _COUNT
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = ["deleted_notes", "replies"]


def _of(column: str, other: str) -> Column[str]:
    """What goes with a note, and with its lesson."""
    key = ForeignKey(f"{other}.id", name=f"replies_{column}_fkey", ondelete="CASCADE")
    return Column(column, _TEXT, key, nullable=False)


replies: Final = Table(
    "replies", METADATA,
    Column("id", _TEXT, primary_key=True),
    _of("lesson", "lessons"),
    _of("moment", "moments"),
    Column("author", _TEXT, nullable=False),
    Column("role", _TEXT, nullable=False),
    Column("text", _TEXT, nullable=False),
    Column("written_utc_ns", _COUNT, nullable=False),
    Index("replies_lesson", "lesson", "written_utc_ns"),
    Index("replies_moment", "moment"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""What people say below a note; the author is as in `moments`."""

deleted_notes: Final = Table(
    "deleted_notes", METADATA,
    Column("id", _TEXT, primary_key=True),
    Column("lesson", _TEXT, ForeignKey("lessons.id", name="deleted_notes_lesson_fkey",
                                       ondelete="CASCADE"), nullable=False),
    Index("deleted_notes_lesson", "lesson"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Ids of notes and replies that were deleted, and nothing else of them: what is sent once more after
a lost answer does not bring them back."""
