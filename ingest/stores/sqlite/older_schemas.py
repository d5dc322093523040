"""The schema of score.db that was in use before today's: see `known_schemas.py`.

Those of main.db stand beside its steps, because a damaged file of one of them is saved into it.
"""

from __future__ import annotations

from typing import Final

__all__ = ["SCORE_2", "SCORE_3"]

SCORE_2: Final = """
CREATE TABLE cursor(id INTEGER PRIMARY KEY CHECK(id = 0), cursor INTEGER NOT NULL) STRICT;
INSERT INTO cursor VALUES(0, 0);
CREATE TABLE words(id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE epochs(
    lesson INTEGER NOT NULL, stream INTEGER NOT NULL, first_seq INTEGER NOT NULL,
    utc_ns INTEGER NOT NULL, model INTEGER NOT NULL, zones INTEGER NOT NULL, levels BLOB NOT NULL,
    PRIMARY KEY(lesson, stream, first_seq)) STRICT, WITHOUT ROWID;
CREATE INDEX epochs_time ON epochs(lesson, utc_ns);
CREATE TABLE alerts(
    id TEXT PRIMARY KEY, lesson TEXT NOT NULL, room TEXT NOT NULL, zone TEXT NOT NULL,
    raised_utc_ns INTEGER NOT NULL, cleared_utc_ns INTEGER, because TEXT NOT NULL,
    off_task REAL, model TEXT NOT NULL) STRICT;
CREATE INDEX alerts_lesson ON alerts(lesson, raised_utc_ns);
CREATE TABLE again(lesson TEXT PRIMARY KEY) STRICT, WITHOUT ROWID
"""

SCORE_3: Final = f"""{SCORE_2.rstrip()};
CREATE TABLE written(lesson TEXT PRIMARY KEY, utc_ns INTEGER NOT NULL) STRICT, WITHOUT ROWID
"""
