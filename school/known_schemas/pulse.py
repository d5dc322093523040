"""What later versions of school.db have more for short questions: see `later.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["PULSE"]

PULSE: Final = """;
CREATE TABLE pulse_off (
    person TEXT NOT NULL,
    PRIMARY KEY (person),
    CONSTRAINT pulse_off_person_fkey FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE TABLE pulse_settled (
    person TEXT NOT NULL,
    kind TEXT NOT NULL,
    week TEXT NOT NULL,
    PRIMARY KEY (person, kind, week),
    CONSTRAINT pulse_settled_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE TABLE pulse_counts (
    week TEXT NOT NULL,
    site TEXT NOT NULL,
    question TEXT NOT NULL,
    step INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (week, site, question, step)
) WITHOUT ROWID, STRICT;
CREATE TABLE pulse_deeds (
    id TEXT NOT NULL,
    site TEXT NOT NULL,
    day TEXT NOT NULL,
    said TEXT NOT NULL,
    did TEXT NOT NULL,
    PRIMARY KEY (id)
) WITHOUT ROWID, STRICT;
CREATE TABLE pulse_words (
    id TEXT NOT NULL,
    person TEXT NOT NULL,
    reader TEXT NOT NULL,
    text TEXT NOT NULL,
    written_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT pulse_words_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE,
    CONSTRAINT pulse_words_reader_fkey
        FOREIGN KEY(reader) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX pulse_words_person ON pulse_words (person);
CREATE INDEX pulse_words_reader ON pulse_words (reader)
"""
