"""The tables of plans and standards, beside those in `school/schema.py`; importing `school` adds them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, Table

from school.column_types import COUNT as _COUNT
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = ["plans", "standards"]

plans: Final = Table(
    "plans", METADATA,
    Column("lesson", _TEXT, ForeignKey("lessons.id", name="plans_lesson_fkey",
                                       ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("person", _TEXT, ForeignKey("people.id", name="plans_person_fkey",
                                       ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("phases", _TEXT, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("written_utc_ns", _COUNT, nullable=False),
    Index("plans_person", "person"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""What a teacher plans for a lesson: a list of phases in JSON, each with its minutes, its standards,
and what the teacher said of when it began."""

standards: Final = Table(
    "standards", METADATA,
    Column("framework", _TEXT, primary_key=True, nullable=False),
    Column("code", _TEXT, primary_key=True, nullable=False),
    Column("folded", _TEXT, nullable=False),
    Column("words", _TEXT, nullable=False),
    Index("standards_folded", "folded"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""What a school's plans may name, by framework; `folded` is the code without upper case, to find it by."""
