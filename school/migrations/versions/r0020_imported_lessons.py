"""What people read back from bundles of lessons."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    key = sa.ForeignKey("people.id", name="imported_lessons_person_fkey", ondelete="CASCADE")
    op.create_table(
        "imported_lessons",
        sa.Column("id", _TEXT, primary_key=True, nullable=False),
        sa.Column("person", _TEXT, key, nullable=False),
        sa.Column("imported_utc_ns", _COUNT, nullable=False),
        sa.Column("title", _TEXT, nullable=False),
        sa.Column("room", _TEXT, nullable=False),
        sa.Column("starts_utc_ns", _COUNT, nullable=False),
        sa.Column("content", _TEXT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("imported_lessons_person", "imported_lessons", ["person", "imported_utc_ns"])
