"""What later versions of school.db have more for notes: see `later.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["DELETED_NOTES", "NOTES"]

NOTES: Final = """;
ALTER TABLE moments ADD COLUMN kind TEXT DEFAULT 'observation' NOT NULL;
ALTER TABLE moments ADD COLUMN tags TEXT DEFAULT '[]' NOT NULL;
ALTER TABLE moments ADD COLUMN revision INTEGER DEFAULT '1' NOT NULL;
ALTER TABLE moments ADD COLUMN began_utc_ns INTEGER;
CREATE TABLE replies (
    id TEXT NOT NULL,
    lesson TEXT NOT NULL,
    moment TEXT NOT NULL,
    author TEXT NOT NULL,
    role TEXT NOT NULL,
    text TEXT NOT NULL,
    written_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT replies_lesson_fkey FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE,
    CONSTRAINT replies_moment_fkey FOREIGN KEY(moment) REFERENCES moments (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX replies_lesson ON replies (lesson, written_utc_ns);
CREATE INDEX replies_moment ON replies (moment)
"""

DELETED_NOTES: Final = """;
CREATE TABLE deleted_notes (
    id TEXT NOT NULL,
    lesson TEXT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT deleted_notes_lesson_fkey
        FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX deleted_notes_lesson ON deleted_notes (lesson)
"""
