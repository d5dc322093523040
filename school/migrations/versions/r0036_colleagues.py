"""What people look for and offer, by which colleagues find each other."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "colleague_tags",
        sa.Column(
            "person", _TEXT,
            sa.ForeignKey("people.id", name="colleague_tags_person_fkey", ondelete="CASCADE"),
            primary_key=True, nullable=False,
        ),
        sa.Column("kind", _TEXT, primary_key=True, nullable=False),
        sa.Column("topic", _TEXT, primary_key=True, nullable=False),
        sa.Column("audience", _TEXT, nullable=False),
        sa.Column(
            "cycle", _TEXT,
            sa.ForeignKey("cycles.id", name="colleague_tags_cycle_fkey", ondelete="CASCADE"),
        ),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("colleague_tags_cycle", "colleague_tags", ["cycle"])
