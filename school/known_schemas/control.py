"""What later versions of school.db have more for what people ask of kits: see `later.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["CONTROL"]

CONTROL: Final = """;
CREATE TABLE paused_lessons (
    lesson TEXT NOT NULL,
    since_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (lesson),
    CONSTRAINT paused_lessons_lesson_fkey
        FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE TABLE kit_settings (
    room TEXT NOT NULL,
    node TEXT NOT NULL,
    settings TEXT NOT NULL,
    PRIMARY KEY (room, node)
) WITHOUT ROWID, STRICT;
CREATE TABLE kit_requests (
    room TEXT NOT NULL,
    node TEXT NOT NULL,
    id TEXT NOT NULL,
    command TEXT NOT NULL,
    hub TEXT,
    asked_utc_ns INTEGER NOT NULL,
    is_done INTEGER,
    why TEXT NOT NULL,
    PRIMARY KEY (room, node)
) WITHOUT ROWID, STRICT
"""
