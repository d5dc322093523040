"""Clips of lessons, and whom they are shown to."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_REAL: Final[sa.types.TypeEngine[float]] = sa.Double().with_variant(sa.REAL(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "clips",
        sa.Column("id", _TEXT, primary_key=True, nullable=False),
        sa.Column(
            "lesson", _TEXT,
            sa.ForeignKey("lessons.id", name="clips_lesson_fkey", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column(
            "person", _TEXT,
            sa.ForeignKey("people.id", name="clips_person_fkey", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("title", _TEXT, nullable=False),
        sa.Column("video", _TEXT, nullable=False),
        sa.Column("start_s", _REAL, nullable=False),
        sa.Column("end_s", _REAL, nullable=False),
        sa.Column("shows", _TEXT, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("file", _TEXT, nullable=False),
        sa.Column("size", _COUNT, nullable=False),
        sa.Column("refusal", _TEXT, nullable=False),
        sa.Column("consent", _TEXT, nullable=False),
        sa.Column("until_utc_ns", _COUNT, nullable=False),
        sa.Column("created_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("clips_lesson", "clips", ["lesson"])
    op.create_index("clips_person", "clips", ["person"])
    op.create_table(
        "clip_viewers",
        sa.Column(
            "clip", _TEXT,
            sa.ForeignKey("clips.id", name="clip_viewers_clip_fkey", ondelete="CASCADE"),
            primary_key=True, nullable=False,
        ),
        sa.Column(
            "person", _TEXT,
            sa.ForeignKey("people.id", name="clip_viewers_person_fkey", ondelete="CASCADE"),
            primary_key=True, nullable=False,
        ),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("clip_viewers_person", "clip_viewers", ["person"])
