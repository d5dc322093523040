"""What a school.db of schema 15 has more than one of schema 14: see `sqlite.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["OBSERVING"]

OBSERVING: Final = """;
CREATE TABLE observers (
    lesson TEXT NOT NULL,
    person TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    created_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (lesson, person),
    CONSTRAINT observers_lesson_fkey FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE,
    CONSTRAINT observers_person_fkey FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE,
    CONSTRAINT observers_asked_by_fkey
        FOREIGN KEY(asked_by) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX observers_person ON observers (person);
CREATE INDEX observers_asked_by ON observers (asked_by);
CREATE TABLE coding_plans (
    lesson TEXT NOT NULL,
    zones TEXT NOT NULL,
    PRIMARY KEY (lesson),
    CONSTRAINT coding_plans_lesson_fkey
        FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE TABLE looks (
    lesson TEXT NOT NULL,
    person TEXT NOT NULL,
    start_s INTEGER NOT NULL,
    end_s INTEGER NOT NULL,
    zone TEXT NOT NULL,
    answer TEXT,
    id TEXT NOT NULL,
    said_ms INTEGER NOT NULL,
    received_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (lesson, person, start_s),
    CONSTRAINT looks_lesson_fkey FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE,
    CONSTRAINT looks_person_fkey FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX looks_person ON looks (person);
CREATE INDEX looks_received ON looks (received_utc_ns)
"""
