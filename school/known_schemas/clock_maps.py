"""What a school.db with clock maps has more than the version before: see `later.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["CLOCK_MAPS"]

CLOCK_MAPS: Final = """;
CREATE TABLE clock_maps (
    lesson TEXT NOT NULL,
    version INTEGER NOT NULL,
    video TEXT NOT NULL,
    method TEXT NOT NULL,
    state TEXT NOT NULL,
    segments TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (lesson, version),
    CONSTRAINT clock_maps_lesson_fkey FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
ALTER TABLE lessons DROP COLUMN video_offset_s
"""
