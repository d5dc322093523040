"""What later versions of school.db have more for debriefs: see `sqlite.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["ACTION_STEPS", "DISMISSALS", "GUESSES", "REFLECTIONS"]

DISMISSALS: Final = """;
CREATE TABLE dismissals (
    lesson TEXT NOT NULL,
    moment TEXT NOT NULL,
    said_by TEXT NOT NULL,
    role TEXT NOT NULL,
    reason TEXT NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (lesson, moment, said_by, role),
    CONSTRAINT dismissals_verdict_fkey
        FOREIGN KEY(lesson, moment, said_by, role)
        REFERENCES verdicts (lesson, moment, said_by, role) ON DELETE CASCADE
) WITHOUT ROWID, STRICT
"""

ACTION_STEPS: Final = """;
CREATE TABLE action_steps (
    id TEXT NOT NULL,
    person TEXT NOT NULL,
    lesson TEXT,
    state TEXT NOT NULL,
    what TEXT NOT NULL,
    when_words TEXT NOT NULL,
    part TEXT NOT NULL,
    shows TEXT NOT NULL,
    shows_zone TEXT NOT NULL,
    shows_minutes INTEGER,
    shows_words TEXT NOT NULL,
    moment TEXT NOT NULL,
    author TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    revision INTEGER NOT NULL,
    written_utc_ns INTEGER NOT NULL,
    changed_utc_ns INTEGER NOT NULL,
    went TEXT NOT NULL,
    went_words TEXT NOT NULL,
    went_lesson TEXT,
    PRIMARY KEY (id),
    CONSTRAINT action_steps_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE,
    CONSTRAINT action_steps_lesson_fkey
        FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE SET NULL,
    CONSTRAINT action_steps_went_lesson_fkey
        FOREIGN KEY(went_lesson) REFERENCES lessons (id) ON DELETE SET NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX action_steps_person ON action_steps (person, state);
CREATE INDEX action_steps_lesson ON action_steps (lesson);
CREATE INDEX action_steps_went_lesson ON action_steps (went_lesson)
"""

GUESSES: Final = """;
CREATE TABLE guesses (
    lesson TEXT NOT NULL,
    person TEXT NOT NULL,
    spans TEXT NOT NULL,
    settling_s INTEGER,
    is_shown INTEGER NOT NULL,
    written_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (lesson, person),
    CONSTRAINT guesses_lesson_fkey FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE,
    CONSTRAINT guesses_person_fkey FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX guesses_person ON guesses (person);
CREATE TABLE guess_choices (
    person TEXT NOT NULL,
    PRIMARY KEY (person),
    CONSTRAINT guess_choices_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT
"""

REFLECTIONS: Final = """;
CREATE TABLE reflections (
    lesson TEXT NOT NULL,
    person TEXT NOT NULL,
    keep TEXT NOT NULL,
    surprise TEXT NOT NULL,
    watch TEXT NOT NULL,
    revision INTEGER NOT NULL,
    written_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (lesson, person),
    CONSTRAINT reflections_lesson_fkey FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE,
    CONSTRAINT reflections_person_fkey FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX reflections_person ON reflections (person)
"""
