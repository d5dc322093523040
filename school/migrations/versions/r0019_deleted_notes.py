"""The ids of notes and replies that were deleted."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table."""
    key = sa.ForeignKey("lessons.id", name="deleted_notes_lesson_fkey", ondelete="CASCADE")
    op.create_table(
        "deleted_notes",
        sa.Column("id", _TEXT, primary_key=True, nullable=False),
        sa.Column("lesson", _TEXT, key, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("deleted_notes_lesson", "deleted_notes", ["lesson"])
