"""What a school.db has more since colleagues find each other: see `later.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["COLLEAGUES"]

COLLEAGUES: Final = """;
CREATE TABLE colleague_tags (
    person TEXT NOT NULL,
    kind TEXT NOT NULL,
    topic TEXT NOT NULL,
    audience TEXT NOT NULL,
    cycle TEXT,
    PRIMARY KEY (person, kind, topic),
    CONSTRAINT colleague_tags_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE,
    CONSTRAINT colleague_tags_cycle_fkey
        FOREIGN KEY(cycle) REFERENCES cycles (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX colleague_tags_cycle ON colleague_tags (cycle);
CREATE TABLE passed_steps (
    step TEXT NOT NULL,
    person TEXT NOT NULL,
    until_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (step, person),
    CONSTRAINT passed_steps_step_fkey
        FOREIGN KEY(step) REFERENCES action_steps (id) ON DELETE CASCADE,
    CONSTRAINT passed_steps_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX passed_steps_person ON passed_steps (person)
"""
