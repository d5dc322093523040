"""The tables of what people ask of kits; importing `school` adds them to those in `school/schema.py`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Table

from school.column_types import COUNT as _COUNT
from school.column_types import FLAG as _FLAG
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = ["kit_requests", "kit_settings", "paused_lessons"]

paused_lessons: Final = Table(
    "paused_lessons", METADATA,
    Column(
        "lesson", _TEXT,
        ForeignKey("lessons.id", name="paused_lessons_lesson_fkey", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("since_utc_ns", _COUNT, nullable=False),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""A lesson that is not to be sensed for now; the audit log has who paused it."""

kit_settings: Final = Table(
    "kit_settings", METADATA,
    Column("room", _TEXT, primary_key=True),
    Column("node", _TEXT, primary_key=True),
    Column("settings", _TEXT, nullable=False),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""What a kit is to have otherwise than in its own file: JSON by the keys' names."""

kit_requests: Final = Table(
    "kit_requests", METADATA,
    Column("room", _TEXT, primary_key=True),
    Column("node", _TEXT, primary_key=True),
    Column("id", _TEXT, nullable=False),
    Column("command", _TEXT, nullable=False),
    Column("hub", _TEXT),
    Column("asked_utc_ns", _COUNT, nullable=False),
    Column("is_done", _FLAG),
    Column("why", _TEXT, nullable=False),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""The last command to a kit, and its answer; no answer is NULL."""
