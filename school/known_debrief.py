"""What later versions of school.db have more for debriefs: see `known_sqlite.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["DISMISSALS"]

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
