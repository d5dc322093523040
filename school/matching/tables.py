"""The tables of topics by which colleagues find each other, and of what a next coach gets."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table

from school.column_types import COUNT as _COUNT
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = ["colleague_tags", "passed_steps"]

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

passed_steps: Final = Table(
    "passed_steps", METADATA,
    Column("step", _TEXT, ForeignKey("action_steps.id", name="passed_steps_step_fkey",
                                     ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("person", _TEXT, ForeignKey("people.id", name="passed_steps_person_fkey",
                                       ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("until_utc_ns", _COUNT, nullable=False),
    Index("passed_steps_person", "person"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""A next step that its teacher handed to a coach, who reads it until then; by the lessons' clock."""
