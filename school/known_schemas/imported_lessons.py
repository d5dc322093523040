"""What later versions of school.db have more for imported lessons: see `sqlite.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["IMPORTED_LESSONS"]

IMPORTED_LESSONS: Final = """;
CREATE TABLE imported_lessons (
    id TEXT NOT NULL,
    person TEXT NOT NULL,
    imported_utc_ns INTEGER NOT NULL,
    title TEXT NOT NULL,
    room TEXT NOT NULL,
    starts_utc_ns INTEGER NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT imported_lessons_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX imported_lessons_person ON imported_lessons (person, imported_utc_ns)
"""
