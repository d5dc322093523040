"""The tables of schools' people and groups, beside those in `school/schema.py`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, Table

from school.column_types import COUNT as _COUNT
from school.column_types import REAL_NUMBER as _REAL
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = [
    "coverage_months",
    "person_sites",
    "released_reports",
    "school_group_sites",
    "school_groups",
    "wave_criteria",
    "wave_sites",
    "waves",
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

waves: Final = Table(
    "waves", METADATA,
    Column("name", _TEXT, primary_key=True),
    Column("title", _TEXT, nullable=False),
    Column("starts_on", _TEXT, nullable=False),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""A wave of a roll-out and the day (ISO 8601) on which it begins."""

wave_sites: Final = Table(
    "wave_sites", METADATA,
    _of("wave_sites", "site", "sites.name", is_key=True),
    _of("wave_sites", "wave", "waves.name"),
    Index("wave_sites_wave", "wave"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""The schools of a wave; a school is in one at most."""

wave_criteria: Final = Table(
    "wave_criteria", METADATA,
    _of("wave_criteria", "wave", "waves.name", is_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("figure", _TEXT, nullable=False),
    Column("words", _TEXT, nullable=False),
    Column("at_least", _REAL, nullable=False),
    Column("value", _REAL),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""What a wave is to reach before the next one begins; `value` is entered for the district's own."""
