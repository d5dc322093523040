"""The tables of a roster, beside those in `school/schema.py`; importing `school` adds them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table

from school.column_types import FLAG as _FLAG
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = ["roster_left", "roster_people", "roster_records", "roster_sites", "roster_teachings"]


def _of(table: str, column: str, other: str) -> Column[str]:
    key = ForeignKey(other, name=f"{table}_{column}_fkey", ondelete="CASCADE")
    return Column(column, _TEXT, key, nullable=False)


roster_records: Final = Table(
    "roster_records", METADATA,
    Column("kind", _TEXT, primary_key=True),
    Column("id", _TEXT, primary_key=True),
    Column("content", _TEXT, nullable=False),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Organisations, terms, courses and classes; the content is JSON, as `records.py` has it."""

roster_sites: Final = Table(
    "roster_sites", METADATA,
    Column("org", _TEXT, primary_key=True),
    _of("roster_sites", "site", "sites.name"),
    Index("roster_sites_site", "site"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Which school here is meant by one of the roster's; it stays when the roster's goes."""

roster_people: Final = Table(
    "roster_people", METADATA,
    Column("id", _TEXT, primary_key=True),
    _of("roster_people", "person", "people.id"),
    Column("name", _TEXT, nullable=False),
    Column("sign_in_name", _TEXT, nullable=False),
    Column("orgs", _TEXT, nullable=False),
    Column("is_gone", _FLAG, nullable=False),
    Index("roster_people_person", "person"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Teachers as the roster has them, and whom it means; `orgs` is a JSON list of ids."""

roster_teachings: Final = Table(
    "roster_teachings", METADATA,
    Column("id", _TEXT, primary_key=True),
    Column("class_id", _TEXT, nullable=False),
    _of("roster_teachings", "teacher", "roster_people.id"),
    Column("is_primary", _FLAG, nullable=False),
    Index("roster_teachings_teacher", "teacher"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Who teaches a class."""

roster_left: Final = Table(
    "roster_left", METADATA,
    Column("id_hash", _TEXT, primary_key=True),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""A salted hash of the roster's id of who has left: the next sync must not add them again. The salt
stands before it, the same in all rows."""
