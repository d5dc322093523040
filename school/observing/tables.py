"""The tables of observers, beside those in `school/schema.py`; importing `school` adds them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, Table

from school.column_types import COUNT as _COUNT
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = ["coding_plans", "looks", "observers"]


def _of(table: str, column: str, other: str, *, is_key: bool = False) -> Column[str]:
    """What goes with a lesson or a person."""
    key = ForeignKey(f"{other}.id", name=f"{table}_{column}_fkey", ondelete="CASCADE")
    return Column(column, _TEXT, key, primary_key=is_key, nullable=False)


observers: Final = Table(
    "observers", METADATA,
    _of("observers", "lesson", "lessons", is_key=True),
    _of("observers", "person", "people", is_key=True),
    _of("observers", "asked_by", "people"),
    Column("created_utc_ns", _COUNT, nullable=False),
    Index("observers_person", "person"),
    Index("observers_asked_by", "asked_by"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Whom a lesson's owner asks to observe it; a row counts while who asked is its owner."""

coding_plans: Final = Table(
    "coding_plans", METADATA,
    _of("coding_plans", "lesson", "lessons", is_key=True),
    Column("zones", _TEXT, nullable=False),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Round which zones the observers of a lesson go: JSON, kept when the first one opens the sheet."""

looks: Final = Table(
    "looks", METADATA,
    _of("looks", "lesson", "lessons", is_key=True),
    _of("looks", "person", "people", is_key=True),
    Column("start_s", Integer, primary_key=True, autoincrement=False),
    Column("end_s", Integer, nullable=False),
    Column("zone", _TEXT, nullable=False),
    Column("answer", _TEXT),
    Column("id", _TEXT, nullable=False),
    Column("said_ms", _COUNT, nullable=False),
    Column("received_utc_ns", _COUNT, nullable=False),
    Index("looks_person", "person"),
    Index("looks_received", "received_utc_ns"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""What observers saw; without an answer, a look that its observer has undone."""
