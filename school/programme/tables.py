"""The tables of schools' people and groups, beside those in `school/schema.py`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table

from school.column_types import COUNT as _COUNT
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = [
    "coverage_months",
    "person_sites",
    "released_reports",
    "school_group_sites",
    "school_groups",
]


def _of(table: str, column: str, other: str, *, is_key: bool = False) -> Column[str]:
    key = ForeignKey(other, name=f"{table}_{column}_fkey", ondelete="CASCADE")
    return Column(column, _TEXT, key, primary_key=is_key, nullable=False)


person_sites: Final = Table(
    "person_sites", METADATA,
    _of("person_sites", "person", "people.id", is_key=True),
    _of("person_sites", "site", "sites.name"),
    Index("person_sites_site", "site"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Which school somebody belongs to; no row where nobody has said so."""

school_groups: Final = Table(
    "school_groups", METADATA,
    Column("name", _TEXT, primary_key=True),
    Column("title", _TEXT, nullable=False),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""A group of schools that the district names."""

school_group_sites: Final = Table(
    "school_group_sites", METADATA,
    _of("school_group_sites", "school_group", "school_groups.name", is_key=True),
    _of("school_group_sites", "site", "sites.name", is_key=True),
    Index("school_group_sites_site", "site"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""The schools of a group."""

released_reports: Final = Table(
    "released_reports", METADATA,
    Column("site", _TEXT, primary_key=True),
    Column("month", _TEXT, primary_key=True),
    Column("body", _TEXT, nullable=False),
    Column("collector", _TEXT, nullable=False),
    Column("released_utc_ns", _COUNT, nullable=False),
    Column("taken_utc_ns", _COUNT),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""What left for a collector: a month's figures of a site, as they were signed. Nobody is in it."""

coverage_months: Final = Table(
    "coverage_months", METADATA,
    Column("month", _TEXT, primary_key=True),
    Column("body", _TEXT, nullable=False),
    Column("counted_utc_ns", _COUNT, nullable=False),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""How far coaching reached in a month, as it was counted once: rows in JSON. Nobody is in it."""
