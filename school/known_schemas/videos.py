"""What a school.db has more since lessons have videos of their own: see `later.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["VIDEOS"]

VIDEOS: Final = """;
CREATE TABLE videos (
    id TEXT NOT NULL,
    lesson TEXT NOT NULL,
    state TEXT NOT NULL,
    file TEXT NOT NULL,
    spare TEXT NOT NULL,
    size INTEGER NOT NULL,
    container TEXT NOT NULL,
    duration_s REAL NOT NULL,
    refusal TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    added_by TEXT NOT NULL,
    consent TEXT NOT NULL,
    created_utc_ns INTEGER NOT NULL,
    changed_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT videos_lesson_fkey FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX videos_lesson ON videos (lesson)
"""
