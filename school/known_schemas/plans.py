"""What later versions of school.db have more for plans and standards: see `sqlite.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["PLANS"]

PLANS: Final = """;
CREATE TABLE plans (
    lesson TEXT NOT NULL,
    person TEXT NOT NULL,
    phases TEXT NOT NULL,
    revision INTEGER NOT NULL,
    written_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (lesson, person),
    CONSTRAINT plans_lesson_fkey
        FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE,
    CONSTRAINT plans_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX plans_person ON plans (person);
CREATE TABLE standards (
    framework TEXT NOT NULL,
    code TEXT NOT NULL,
    folded TEXT NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (framework, code)
) WITHOUT ROWID, STRICT;
CREATE INDEX standards_folded ON standards (folded)
"""
