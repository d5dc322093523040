"""What later versions of school.db have more for talks, and for when notes were written: see `later.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["TALKS"]

TALKS: Final = """;
CREATE TABLE talks (
    lesson TEXT NOT NULL,
    teacher TEXT NOT NULL,
    person TEXT NOT NULL,
    day TEXT NOT NULL,
    minutes INTEGER NOT NULL,
    PRIMARY KEY (lesson, teacher, person, day),
    CONSTRAINT talks_lesson_fkey FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE,
    CONSTRAINT talks_teacher_fkey FOREIGN KEY(teacher) REFERENCES people (id) ON DELETE CASCADE,
    CONSTRAINT talks_person_fkey FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX talks_teacher ON talks (teacher);
CREATE INDEX talks_person ON talks (person);
ALTER TABLE moments ADD COLUMN written_utc_ns INTEGER
"""
