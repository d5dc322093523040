"""The tables of score.db: those of its oldest schema, and what came since."""

from __future__ import annotations

from typing import Final

__all__ = ["NEW_IN_4", "SCHEMA", "SCHEMA_2", "VERSION", "WRITTEN_3"]

VERSION: Final = 4
# `zones` names what the rows of `levels` are, `levels` is float64 (zones, 9) in the order of
# ZoneEpoch's fields: a lesson's zones and models are few, so both are kept once, by number.
SCHEMA_2: Final = """
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
CREATE TABLE again(lesson TEXT PRIMARY KEY) STRICT, WITHOUT ROWID"""
WRITTEN_3: Final = """
CREATE TABLE written(lesson TEXT PRIMARY KEY, utc_ns INTEGER NOT NULL) STRICT, WITHOUT ROWID"""
# `written.utc_ns`: when scores of a lesson were last written. `oldest_utc_ns`: no epoch and no alert
# of it is from before this time; NULL if it has none. The oldest may have gone by a purge, or have
# got a later time since: retirement looks again.
NEW_IN_4: Final = """
CREATE INDEX alerts_open ON alerts(raised_utc_ns, id) WHERE cleared_utc_ns IS NULL;
CREATE TABLE written(
    lesson TEXT PRIMARY KEY, utc_ns INTEGER NOT NULL, oldest_utc_ns INTEGER) STRICT, WITHOUT ROWID;
CREATE INDEX written_due ON written(max(utc_ns, oldest_utc_ns))"""
SCHEMA: Final = f"{SCHEMA_2};{NEW_IN_4}"
