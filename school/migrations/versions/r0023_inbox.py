"""When people looked at what is new to them, and who gets it by mail."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of(table: str, column: str, other: str) -> sa.Column[str]:
    key = sa.ForeignKey(f"{other}.id", name=f"{table}_{column}_fkey", ondelete="CASCADE")
    return sa.Column(column, _TEXT, key, primary_key=True, nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "lesson_looks",
        _of("lesson_looks", "person", "people"),
        _of("lesson_looks", "lesson", "lessons"),
        sa.Column("looked_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("lesson_looks_lesson", "lesson_looks", ["lesson"])
    op.create_table(
        "digests",
        _of("digests", "person", "people"),
        sa.Column("sent_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
