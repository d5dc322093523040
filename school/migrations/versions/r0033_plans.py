"""What teachers plan for lessons, and the standards that plans name."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "plans",
        sa.Column(
            "lesson", _TEXT,
            sa.ForeignKey("lessons.id", name="plans_lesson_fkey", ondelete="CASCADE"),
            primary_key=True, nullable=False,
        ),
        sa.Column(
            "person", _TEXT,
            sa.ForeignKey("people.id", name="plans_person_fkey", ondelete="CASCADE"),
            primary_key=True, nullable=False,
        ),
        sa.Column("phases", _TEXT, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("written_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("plans_person", "plans", ["person"])
    op.create_table(
        "standards",
        sa.Column("framework", _TEXT, primary_key=True, nullable=False),
        sa.Column("code", _TEXT, primary_key=True, nullable=False),
        sa.Column("folded", _TEXT, nullable=False),
        sa.Column("words", _TEXT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("standards_folded", "standards", ["folded"])
