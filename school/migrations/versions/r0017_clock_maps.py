"""Clock maps: which second of a video is which of its lesson, instead of one number a lesson."""

from __future__ import annotations

import json
from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_HAND_S: Final = 0.5
"""How right a number is that a person set by eye."""


def upgrade() -> None:
    """Make the table; what somebody set by hand becomes the first map of its lesson."""
    lesson = sa.ForeignKey("lessons.id", name="clock_maps_lesson_fkey", ondelete="CASCADE")
    maps = op.create_table(
        "clock_maps",
        sa.Column("lesson", _TEXT, lesson, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("video", _TEXT, nullable=False),
        sa.Column("method", _TEXT, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("segments", _TEXT, nullable=False),
        sa.Column("made_by", _TEXT, nullable=False),
        sa.Column("made_utc_ns", _COUNT, nullable=False),
        sqlite_strict=True, sqlite_with_rowid=False,
    )  # fmt: skip
    lessons = sa.table(
        "lessons", sa.column("id"), sa.column("starts_utc_ns"), sa.column("video_offset_s")
    )
    set_by_hand = sa.select(lessons).where(lessons.c.video_offset_s != 0.0)
    rows = [
        {
            "lesson": row.id, "version": 1, "video": "", "method": "hand", "state": "accepted",
            "segments": json.dumps([_segment(row.video_offset_s)]), "made_by": "",
            "made_utc_ns": row.starts_utc_ns,
        }
        for row in op.get_bind().execute(set_by_hand)
    ]  # fmt: skip
    op.bulk_insert(maps, rows)
    op.drop_column("lessons", "video_offset_s")


def _segment(offset_s: float) -> dict[str, float | None]:
    return {
        "start_s": None, "end_s": None, "offset_s": offset_s, "rate": 1.0, "plus_minus_s": _HAND_S,
        "correlation": None, "peak_ratio": None,
    }  # fmt: skip
