"""The tables of short questions, beside those in `school/schema.py`; importing `school` adds them.

Who has answered and what was answered stand in two tables with nothing in common but the week, in
the order of their keys, and without a time.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, Table

from school.column_types import COUNT as _COUNT
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = ["pulse_counts", "pulse_deeds", "pulse_off", "pulse_settled", "pulse_words"]


def _person(table: str, column: str, *, is_key: bool = False) -> Column[str]:
    key = ForeignKey("people.id", name=f"{table}_{column}_fkey", ondelete="CASCADE")
    return Column(column, _TEXT, key, primary_key=is_key, nullable=False)


pulse_off: Final = Table(
    "pulse_off", METADATA,
    _person("pulse_off", "person", is_key=True),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Who wants no questions."""

pulse_settled: Final = Table(
    "pulse_settled", METADATA,
    _person("pulse_settled", "person", is_key=True),
    Column("kind", _TEXT, primary_key=True),
    Column("week", _TEXT, primary_key=True),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Who is not asked any more in a week, named by its Monday: they answered or skipped, nobody knows
which. Rows of the weeks before the last one are removed."""

pulse_counts: Final = Table(
    "pulse_counts", METADATA,
    Column("week", _TEXT, primary_key=True),
    Column("site", _TEXT, primary_key=True),
    Column("question", _TEXT, primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("n", Integer, nullable=False),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""How often a step was tapped in a week of a school. Those of a week that is over and had too few
answers are removed."""

pulse_deeds: Final = Table(
    "pulse_deeds", METADATA,
    Column("id", _TEXT, primary_key=True),
    Column("site", _TEXT, nullable=False),
    Column("day", _TEXT, nullable=False),
    Column("said", _TEXT, nullable=False),
    Column("did", _TEXT, nullable=False),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""What was said, and what was done about it; the audit log has who wrote it."""

pulse_words: Final = Table(
    "pulse_words", METADATA,
    Column("id", _TEXT, primary_key=True),
    _person("pulse_words", "person"),
    _person("pulse_words", "reader"),
    Column("text", _TEXT, nullable=False),
    Column("written_utc_ns", _COUNT, nullable=False),
    Index("pulse_words_person", "person"),
    Index("pulse_words_reader", "reader"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""What a teacher wrote to the one reader whom they chose."""
