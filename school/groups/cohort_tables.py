"""The tables of cohorts, beside those in `school/schema.py`; importing `school` adds them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table

from school.column_types import COUNT as _COUNT
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = ["cohort_answers", "cohort_members", "cohort_tasks", "cohorts"]


def _of(table: str, column: str, other: str, *, is_key: bool = False) -> Column[str]:
    key = ForeignKey(other, name=f"{table}_{column}_fkey", ondelete="CASCADE")
    return Column(column, _TEXT, key, primary_key=is_key, nullable=False)


cohorts: Final = Table(
    "cohorts", METADATA,
    Column("id", _TEXT, primary_key=True),
    Column("coach", _TEXT, ForeignKey("people.id", name="cohorts_coach_fkey", ondelete="SET NULL")),
    Column("title", _TEXT, nullable=False),
    Column("focus", _TEXT, nullable=False),
    Column("changed_utc_ns", _COUNT, nullable=False),
    Index("cohorts_coach", "coach"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""A group of teachers with one focus, and who leads it."""

cohort_members: Final = Table(
    "cohort_members", METADATA,
    _of("cohort_members", "cohort", "cohorts.id", is_key=True),
    _of("cohort_members", "person", "people.id", is_key=True),
    Column("state", _TEXT, nullable=False),
    Column("since_utc_ns", _COUNT, nullable=False),
    Index("cohort_members_person", "person"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Who is invited to a cohort, or in it."""

cohort_tasks: Final = Table(
    "cohort_tasks", METADATA,
    Column("id", _TEXT, primary_key=True),
    _of("cohort_tasks", "cohort", "cohorts.id"),
    Column("question", _TEXT, nullable=False),
    Column("due_on", _TEXT, nullable=False),
    Column("written_utc_ns", _COUNT, nullable=False),
    Index("cohort_tasks_cohort", "cohort"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""A question to the members, about a span of a lesson of their own."""

cohort_answers: Final = Table(
    "cohort_answers", METADATA,
    _of("cohort_answers", "task", "cohort_tasks.id", is_key=True),
    _of("cohort_answers", "person", "people.id", is_key=True),
    _of("cohort_answers", "lesson", "lessons.id"),
    Column("start_s", _COUNT, nullable=False),
    Column("end_s", _COUNT, nullable=False),
    Column("words", _TEXT, nullable=False),
    Column("handed_utc_ns", _COUNT),
    Column("changed_utc_ns", _COUNT, nullable=False),
    Index("cohort_answers_person", "person"),
    Index("cohort_answers_lesson", "lesson"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""What a member says of a span of a lesson of theirs: theirs alone until they hand it to the cohort."""
