"""The table of cycles, beside those in `school/schema.py`; importing `school` adds it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, Table

from school.column_types import COUNT as _COUNT
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = ["cycles"]


def _names(column: str, other: str) -> Column[str]:
    """A cycle outlives what it names."""
    key = ForeignKey(f"{other}.id", name=f"cycles_{column}_fkey", ondelete="SET NULL")
    return Column(column, _TEXT, key)


cycles: Final = Table(
    "cycles", METADATA,
    Column("id", _TEXT, primary_key=True),
    Column("person", _TEXT, ForeignKey("people.id", name="cycles_person_fkey",
                                       ondelete="CASCADE"), nullable=False),
    _names("coach", "people"),
    Column("state", _TEXT, nullable=False),
    Column("focus", _TEXT, nullable=False),
    Column("debrief_on", _TEXT, nullable=False),
    Column("again_on", _TEXT, nullable=False),
    _names("lesson", "lessons"),
    _names("step", "action_steps"),
    Column("talked_utc_ns", _COUNT),
    Column("author", _TEXT, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("written_utc_ns", _COUNT, nullable=False),
    Column("changed_utc_ns", _COUNT, nullable=False),
    Index("cycles_person", "person", "state"),
    Index("cycles_coach", "coach", "state"),
    Index("cycles_lesson", "lesson"),
    Index("cycles_step", "step"),
    Index("cycles_changed", "changed_utc_ns"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""What a teacher works on for some weeks, or what a coach proposes to them: days are ISO 8601, empty for
none. `author` is the id of a person, also after they left."""
