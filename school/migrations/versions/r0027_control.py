"""What people ask of kits: paused lessons, settings, commands."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_FLAG: Final = sa.Boolean().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "paused_lessons",
        sa.Column(
            "lesson", _TEXT,
            sa.ForeignKey("lessons.id", name="paused_lessons_lesson_fkey", ondelete="CASCADE"),
            primary_key=True, nullable=False,
        ),
        sa.Column("since_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "kit_settings",
        sa.Column("room", _TEXT, primary_key=True, nullable=False),
        sa.Column("node", _TEXT, primary_key=True, nullable=False),
        sa.Column("settings", _TEXT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "kit_requests",
        sa.Column("room", _TEXT, primary_key=True, nullable=False),
        sa.Column("node", _TEXT, primary_key=True, nullable=False),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("command", _TEXT, nullable=False),
        sa.Column("hub", _TEXT),
        sa.Column("asked_utc_ns", _COUNT, nullable=False),
        sa.Column("is_done", _FLAG),
        sa.Column("why", _TEXT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
