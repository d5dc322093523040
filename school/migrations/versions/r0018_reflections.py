"""What teachers write for themselves at the end of looking at a lesson."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of(column: str, other: str) -> sa.Column[str]:
    key = sa.ForeignKey(f"{other}.id", name=f"reflections_{column}_fkey", ondelete="CASCADE")
    return sa.Column(column, _TEXT, key, primary_key=True, nullable=False)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "reflections",
        _of("lesson", "lessons"),
        _of("person", "people"),
        sa.Column("keep", _TEXT, nullable=False),
        sa.Column("surprise", _TEXT, nullable=False),
        sa.Column("watch", _TEXT, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("written_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("reflections_person", "reflections", ["person"])
