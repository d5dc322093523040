"""What later versions of school.db have more for the inbox: see `later.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["INBOX"]

INBOX: Final = """;
CREATE TABLE lesson_looks (
    person TEXT NOT NULL,
    lesson TEXT NOT NULL,
    looked_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (person, lesson),
    CONSTRAINT lesson_looks_person_fkey FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE,
    CONSTRAINT lesson_looks_lesson_fkey FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX lesson_looks_lesson ON lesson_looks (lesson);
CREATE TABLE digests (
    person TEXT NOT NULL,
    sent_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (person),
    CONSTRAINT digests_person_fkey FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT
"""
