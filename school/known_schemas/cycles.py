"""What a school.db has of cycles, as SQLite writes it down: see `sqlite.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["CYCLES"]

CYCLES: Final = """;
CREATE TABLE cycles (
    id TEXT NOT NULL,
    person TEXT NOT NULL,
    coach TEXT,
    state TEXT NOT NULL,
    focus TEXT NOT NULL,
    debrief_on TEXT NOT NULL,
    again_on TEXT NOT NULL,
    lesson TEXT,
    step TEXT,
    talked_utc_ns INTEGER,
    author TEXT NOT NULL,
    revision INTEGER NOT NULL,
    written_utc_ns INTEGER NOT NULL,
    changed_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT cycles_person_fkey FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE,
    CONSTRAINT cycles_coach_fkey FOREIGN KEY(coach) REFERENCES people (id) ON DELETE SET NULL,
    CONSTRAINT cycles_lesson_fkey FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE SET NULL,
    CONSTRAINT cycles_step_fkey FOREIGN KEY(step) REFERENCES action_steps (id) ON DELETE SET NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX cycles_person ON cycles (person, state);
CREATE INDEX cycles_coach ON cycles (coach, state);
CREATE INDEX cycles_lesson ON cycles (lesson);
CREATE INDEX cycles_step ON cycles (step);
CREATE INDEX cycles_changed ON cycles (changed_utc_ns)
"""
