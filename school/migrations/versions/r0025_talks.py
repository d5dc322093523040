"""How long two talked about a lesson, and when a note was written."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of(column: str, other: str) -> sa.Column[str]:
    key = sa.ForeignKey(f"{other}.id", name=f"talks_{column}_fkey", ondelete="CASCADE")
    return sa.Column(column, _TEXT, key, primary_key=True, nullable=False)


def upgrade() -> None:
    """Make the table; when older notes were written is not known."""
    op.create_table(
        "talks",
        _of("lesson", "lessons"),
        _of("teacher", "people"),
        _of("person", "people"),
        sa.Column("day", _TEXT, primary_key=True, nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("talks_teacher", "talks", ["teacher"])
    op.create_index("talks_person", "talks", ["person"])
    op.add_column("moments", sa.Column("written_utc_ns", _COUNT))
