"""The table of topics by which colleagues find each other; importing `school` adds it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table

from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = ["colleague_tags"]

colleague_tags: Final = Table(
    "colleague_tags", METADATA,
    Column("person", _TEXT, ForeignKey("people.id", name="colleague_tags_person_fkey",
                                       ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("kind", _TEXT, primary_key=True),
    Column("topic", _TEXT, primary_key=True),
    Column("audience", _TEXT, nullable=False),
    Column("cycle", _TEXT, ForeignKey("cycles.id", name="colleague_tags_cycle_fkey",
                                      ondelete="CASCADE")),
    Index("colleague_tags_cycle", "cycle"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""What somebody says of themselves, and to whom it is shown. What a cycle is about counts while the
cycle is open."""
