"""The tables of clips, beside those in `school/schema.py`; importing `school` adds them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table

from school.column_types import COUNT as _COUNT
from school.column_types import REAL_NUMBER as _REAL
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = ["clip_viewers", "clips"]

clips: Final = Table(
    "clips", METADATA,
    Column("id", _TEXT, primary_key=True),
    Column("lesson", _TEXT, ForeignKey("lessons.id", name="clips_lesson_fkey", ondelete="CASCADE"),
           nullable=False),
    Column("person", _TEXT, ForeignKey("people.id", name="clips_person_fkey", ondelete="CASCADE"),
           nullable=False),
    Column("title", _TEXT, nullable=False),
    Column("video", _TEXT, nullable=False),
    Column("start_s", _REAL, nullable=False),
    Column("end_s", _REAL, nullable=False),
    Column("shows", _TEXT, nullable=False),
    Column("state", _TEXT, nullable=False),
    Column("file", _TEXT, nullable=False),
    Column("size", _COUNT, nullable=False),
    Column("refusal", _TEXT, nullable=False),
    Column("consent", _TEXT, nullable=False),
    Column("until_utc_ns", _COUNT, nullable=False),
    Column("created_utc_ns", _COUNT, nullable=False),
    Index("clips_lesson", "lesson"),
    Index("clips_person", "person"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""What is known of sealed clips. The clips and their keys are where videos are."""

clip_viewers: Final = Table(
    "clip_viewers", METADATA,
    Column("clip", _TEXT, ForeignKey("clips.id", name="clip_viewers_clip_fkey", ondelete="CASCADE"),
           primary_key=True, nullable=False),
    Column("person", _TEXT,
           ForeignKey("people.id", name="clip_viewers_person_fkey", ondelete="CASCADE"),
           primary_key=True, nullable=False),
    Index("clip_viewers_person", "person"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Whom a clip's teacher shows it to."""
