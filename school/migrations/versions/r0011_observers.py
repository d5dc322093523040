"""Observers of lessons: whom a teacher asks, round which zones they go, and what they saw."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of(table: str, column: str, other: str, *, is_key: bool = False) -> sa.Column[str]:
    key = sa.ForeignKey(f"{other}.id", name=f"{table}_{column}_fkey", ondelete="CASCADE")
    return sa.Column(column, _TEXT, key, primary_key=is_key, nullable=False)


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "observers",
        _of("observers", "lesson", "lessons", is_key=True),
        _of("observers", "person", "people", is_key=True),
        _of("observers", "asked_by", "people"),
        sa.Column("created_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("observers_person", "observers", ["person"])
    op.create_index("observers_asked_by", "observers", ["asked_by"])
    op.create_table(
        "coding_plans",
        _of("coding_plans", "lesson", "lessons", is_key=True),
        sa.Column("zones", _TEXT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "looks",
        _of("looks", "lesson", "lessons", is_key=True),
        _of("looks", "person", "people", is_key=True),
        sa.Column("start_s", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("end_s", sa.Integer, nullable=False),
        sa.Column("zone", _TEXT, nullable=False),
        sa.Column("answer", _TEXT),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("said_ms", _COUNT, nullable=False),
        sa.Column("received_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("looks_person", "looks", ["person"])
    op.create_index("looks_received", "looks", ["received_utc_ns"])
