"""What a school.db has more since teachers show clips of lessons: see `later.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["CLIPS"]

CLIPS: Final = """;
CREATE TABLE clips (
    id TEXT NOT NULL,
    lesson TEXT NOT NULL,
    person TEXT NOT NULL,
    title TEXT NOT NULL,
    video TEXT NOT NULL,
    start_s REAL NOT NULL,
    end_s REAL NOT NULL,
    shows TEXT NOT NULL,
    state TEXT NOT NULL,
    file TEXT NOT NULL,
    size INTEGER NOT NULL,
    refusal TEXT NOT NULL,
    consent TEXT NOT NULL,
    until_utc_ns INTEGER NOT NULL,
    created_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT clips_lesson_fkey FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE,
    CONSTRAINT clips_person_fkey FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX clips_lesson ON clips (lesson);
CREATE INDEX clips_person ON clips (person);
CREATE TABLE clip_viewers (
    clip TEXT NOT NULL,
    person TEXT NOT NULL,
    PRIMARY KEY (clip, person),
    CONSTRAINT clip_viewers_clip_fkey FOREIGN KEY(clip) REFERENCES clips (id) ON DELETE CASCADE,
    CONSTRAINT clip_viewers_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX clip_viewers_person ON clip_viewers (person)
"""
