"""Videos of lessons: in what state each is, and which sealed file it has."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_REAL: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    lesson = sa.ForeignKey("lessons.id", name="videos_lesson_fkey", ondelete="CASCADE")
    op.create_table(
        "videos",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("lesson", _TEXT, lesson, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("file", _TEXT, nullable=False),
        sa.Column("spare", _TEXT, nullable=False),
        sa.Column("size", _COUNT, nullable=False),
        sa.Column("container", _TEXT, nullable=False),
        sa.Column("duration_s", _REAL, nullable=False),
        sa.Column("refusal", _TEXT, nullable=False),
        sa.Column("fingerprint", _TEXT, nullable=False),
        sa.Column("added_by", _TEXT, nullable=False),
        sa.Column("consent", _TEXT, nullable=False),
        sa.Column("created_utc_ns", _COUNT, nullable=False),
        sa.Column("changed_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("videos_lesson", "videos", ["lesson"])
