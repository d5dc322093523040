"""The schemas of score.db and school.db that were in use before today's: see `known_schemas.py`.

Those of main.db stand beside its steps, because a damaged file of one of them is saved into it.
"""

from __future__ import annotations

from typing import Final

__all__ = ["SCHOOL_3", "SCORE_2", "SCORE_3"]

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

SCHOOL_3: Final = """
CREATE TABLE lessons(
    id TEXT PRIMARY KEY, room TEXT NOT NULL, teacher TEXT NOT NULL, title TEXT NOT NULL,
    starts_utc_ns INTEGER NOT NULL, ends_utc_ns INTEGER, source TEXT NOT NULL,
    activities TEXT NOT NULL, zones TEXT NOT NULL, video TEXT, video_offset_s REAL NOT NULL) STRICT;
CREATE INDEX lessons_room ON lessons(room, starts_utc_ns);
CREATE TABLE moments(
    id TEXT PRIMARY KEY, lesson TEXT NOT NULL, start_s REAL NOT NULL, end_s REAL NOT NULL,
    note TEXT NOT NULL, author TEXT NOT NULL) STRICT;
CREATE INDEX moments_lesson ON moments(lesson, start_s);
CREATE TABLE opted_out(room TEXT NOT NULL, seat INTEGER NOT NULL, PRIMARY KEY(room, seat)) STRICT;
CREATE TABLE verdicts(
        lesson TEXT NOT NULL, moment TEXT NOT NULL, said_by TEXT NOT NULL,
        is_confirmed INTEGER NOT NULL, kind TEXT NOT NULL, zone TEXT NOT NULL,
        start_s REAL NOT NULL, end_s REAL NOT NULL,
        PRIMARY KEY(lesson, moment, said_by)) STRICT, WITHOUT ROWID;CREATE INDEX verdicts_moment ON verdicts(moment);CREATE TABLE labels(
        lesson TEXT NOT NULL, moment TEXT NOT NULL, said_by TEXT NOT NULL,
        is_room INTEGER NOT NULL, utc_ns INTEGER NOT NULL, model TEXT NOT NULL,
        features_version TEXT NOT NULL, features INTEGER NOT NULL, rows BLOB NOT NULL,
        PRIMARY KEY(lesson, moment, said_by)) STRICT;CREATE INDEX labels_time ON labels(utc_ns);CREATE TABLE label_opt_ins(teacher TEXT PRIMARY KEY) STRICT, WITHOUT ROWID"""
