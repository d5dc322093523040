"""The tables of filled forms, beside those in `school/schema.py`; importing `school` adds them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Integer, Table

from school.column_types import COUNT as _COUNT
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = ["form_answers", "form_sheets"]

form_sheets: Final = Table(
    "form_sheets", METADATA,
    Column("lesson", _TEXT, ForeignKey("lessons.id", name="form_sheets_lesson_fkey",
                                       ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("person", _TEXT, ForeignKey("people.id", name="form_sheets_person_fkey",
                                       ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("form", _TEXT, primary_key=True, nullable=False),
    Column("teacher", _TEXT, nullable=False),
    Column("name", _TEXT, nullable=False),
    Column("version", _TEXT, nullable=False),
    Column("written_utc_ns", _COUNT, nullable=False),
    Column("done_utc_ns", _COUNT),
    Index("form_sheets_person", "person"),
    Index("form_sheets_teacher", "teacher", "form"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""A form that someone fills about a lesson. `teacher` is the id of whose lesson it was then: both
views are for that teacher and who fills it."""

form_answers: Final = Table(
    "form_answers", METADATA,
    Column("lesson", _TEXT, primary_key=True, nullable=False),
    Column("person", _TEXT, primary_key=True, nullable=False),
    Column("form", _TEXT, primary_key=True, nullable=False),
    Column("item", _TEXT, primary_key=True, nullable=False),
    Column("label", _TEXT, nullable=False),
    Column("choice", _TEXT, nullable=False),
    Column("choice_label", _TEXT, nullable=False),
    Column("words", _TEXT, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("written_utc_ns", _COUNT, nullable=False),
    ForeignKeyConstraint(
        ["lesson", "person", "form"],
        ["form_sheets.lesson", "form_sheets.person", "form_sheets.form"],
        name="form_answers_sheet_fkey", ondelete="CASCADE",
    ),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""What someone says of one item, with the item's and the choice's words of then."""
