"""The tables of the ledger, beside those in `school/schema.py`; importing `school` adds them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table

from school.column_types import COUNT as _COUNT
from school.column_types import FLAG as _FLAG
from school.column_types import REAL_NUMBER as _REAL
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = ["class_outcomes", "ledger_costs", "ledger_weeks", "worth_sheets"]

ledger_weeks: Final = Table(
    "ledger_weeks", METADATA,
    Column("person", _TEXT, ForeignKey("people.id", name="ledger_weeks_person_fkey",
                                       ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("monday", _TEXT, primary_key=True),
    Column("preparing", Integer, nullable=False),
    Column("visiting", Integer, nullable=False),
    Column("travelling", Integer, nullable=False),
    Column("debriefing", Integer, nullable=False),
    Column("travel_saved", Integer, nullable=False),
    Column("written_utc_ns", _COUNT, nullable=False),
    Index("ledger_weeks_written", "written_utc_ns"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""A week (ISO 8601 of its Monday) as its owner says it was, in minutes."""

ledger_costs: Final = Table(
    "ledger_costs", METADATA,
    Column("id", Integer, CheckConstraint("id = 0", name="ledger_costs_are_one"), primary_key=True,
           autoincrement=False),
    Column("starts_on", _TEXT),
    Column("hour_cost", _REAL, nullable=False),
    Column("kit_cost", _REAL, nullable=False),
    Column("kit_years", _REAL, nullable=False),
    Column("school_weeks", Integer, nullable=False),
    Column("comparison", _REAL, nullable=False),
    sqlite_strict=True,
)  # fmt: skip
"""One row: when the programme begins, and what its parts cost."""

class_outcomes: Final = Table(
    "class_outcomes", METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("site", _TEXT, ForeignKey("sites.name", name="class_outcomes_site_fkey",
                                     ondelete="CASCADE"), nullable=False),
    Column("teacher", Integer, nullable=False),
    Column("is_coached", _FLAG, nullable=False),
    Column("class_size", Integer, nullable=False),
    Column("before_score", _REAL, nullable=False),
    Column("after_score", _REAL, nullable=False),
    Column("imported_utc_ns", _COUNT, nullable=False, server_default="0"),
    Index("class_outcomes_site", "site"),
    sqlite_strict=True,
)  # fmt: skip
"""A class of the last import, without its name, and with a number in the place of its teacher."""

worth_sheets: Final = Table(
    "worth_sheets", METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("starts_on", _TEXT, nullable=False),
    Column("first_week", _TEXT, nullable=False),
    Column("last_week", _TEXT, nullable=False),
    Column("body", _TEXT, nullable=False),
    Column("counted_utc_ns", _COUNT, nullable=False),
    Column("outcomes_utc_ns", _COUNT),
    Column("outcome_marks", _TEXT, nullable=False, server_default=""),
    sqlite_strict=True,
)  # fmt: skip
"""What the programme was worth in a span of weeks, as it was counted once, in figures of ten or more.

`outcomes_utc_ns` is when the outcomes were read in that were there then: they are in no later sheet.
`outcome_marks` are of the classes that its gains are of: see `counted.py`.
"""
