"""The tables of the inbox, beside those in `school/schema.py`; importing `school` adds them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table

from school.column_types import COUNT as _COUNT
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = ["digests", "lesson_looks"]


def _of(table: str, column: str, other: str) -> Column[str]:
    key = ForeignKey(f"{other}.id", name=f"{table}_{column}_fkey", ondelete="CASCADE")
    return Column(column, _TEXT, key, primary_key=True)


lesson_looks: Final = Table(
    "lesson_looks", METADATA,
    _of("lesson_looks", "person", "people"),
    _of("lesson_looks", "lesson", "lessons"),
    Column("looked_utc_ns", _COUNT, nullable=False),
    Index("lesson_looks_lesson", "lesson"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""When someone last opened a lesson with something new in it."""

digests: Final = Table(
    "digests", METADATA,
    _of("digests", "person", "people"),
    Column("sent_utc_ns", _COUNT, nullable=False),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Who gets what waits for them by mail, and when that was written last."""
