"""The table of imported lessons, beside those in `school/schema.py`; importing `school` adds it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table

from school.column_types import COUNT as _COUNT
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = ["imported_lessons"]

imported_lessons: Final = Table(
    "imported_lessons", METADATA,
    Column("id", _TEXT, primary_key=True),
    Column("person", _TEXT, ForeignKey("people.id", name="imported_lessons_person_fkey",
                                       ondelete="CASCADE"), nullable=False),
    Column("imported_utc_ns", _COUNT, nullable=False),
    Column("title", _TEXT, nullable=False),
    Column("room", _TEXT, nullable=False),
    Column("starts_utc_ns", _COUNT, nullable=False),
    Column("content", _TEXT, nullable=False),
    Index("imported_lessons_person", "person", "imported_utc_ns"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""What somebody read back from a bundle: JSON as in `records.py`, without names, and what a list shows of it. It is a document of
theirs, and no lesson: nothing else refers to it."""
