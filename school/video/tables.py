"""The table of videos, beside those in `school/schema.py`; importing `school` adds it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table

from school.column_types import COUNT as _COUNT
from school.column_types import REAL_NUMBER as _REAL
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = ["videos"]

videos: Final = Table(
    "videos", METADATA,
    Column("id", _TEXT, primary_key=True),
    Column("lesson", _TEXT, ForeignKey("lessons.id", name="videos_lesson_fkey", ondelete="CASCADE"),
           nullable=False),
    Column("state", _TEXT, nullable=False),
    Column("file", _TEXT, nullable=False),
    Column("spare", _TEXT, nullable=False),
    Column("size", _COUNT, nullable=False),
    Column("container", _TEXT, nullable=False),
    Column("duration_s", _REAL, nullable=False),
    Column("refusal", _TEXT, nullable=False),
    Column("fingerprint", _TEXT, nullable=False),
    Column("added_by", _TEXT, nullable=False),
    Column("consent", _TEXT, nullable=False),
    Column("created_utc_ns", _COUNT, nullable=False),
    Column("changed_utc_ns", _COUNT, nullable=False),
    Index("videos_lesson", "lesson"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""What is known of sealed videos. The videos and their keys are elsewhere: see `video/files.py`."""
