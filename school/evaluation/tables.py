"""The table of plans, beside those in `school/schema.py`; importing `school` adds it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Integer, Table

from school.column_types import COUNT as _COUNT
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = ["evaluation_plans"]

evaluation_plans: Final = Table(
    "evaluation_plans", METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("body", _TEXT, nullable=False),
    Column("sha256", _TEXT, nullable=False),
    Column("because", _TEXT, nullable=False),
    Column("outcomes", Integer, nullable=False),
    Column("fixed_utc_ns", _COUNT, nullable=False),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""How the programme is to be evaluated, as it was fixed; no program changes a row. `because` says why
it follows the one before, `outcomes` of how many classes outcomes were there already."""
