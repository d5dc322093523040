"""What a school.db of each version holds, as SQLite writes it down: for a file from outside.

Frozen texts: what a later release of SQLAlchemy or Alembic makes of the same tables is one more
text for the same version, and files that an earlier one made stay known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from school.known_schemas.later import MORE

__all__ = ["KNOWN_SCHEMAS", "SCHOOL_3", "SCHOOL_4"]

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
    PRIMARY KEY(lesson, moment, said_by)) STRICT, WITHOUT ROWID;
CREATE INDEX verdicts_moment ON verdicts(moment);
CREATE TABLE labels(
    lesson TEXT NOT NULL, moment TEXT NOT NULL, said_by TEXT NOT NULL,
    is_room INTEGER NOT NULL, utc_ns INTEGER NOT NULL, model TEXT NOT NULL,
    features_version TEXT NOT NULL, features INTEGER NOT NULL, rows BLOB NOT NULL,
    PRIMARY KEY(lesson, moment, said_by)) STRICT;
CREATE INDEX labels_time ON labels(utc_ns);
CREATE TABLE label_opt_ins(teacher TEXT PRIMARY KEY) STRICT, WITHOUT ROWID
"""

SCHOOL_4: Final = (
    SCHOOL_3.replace("rows BLOB NOT NULL,", "rows BLOB NOT NULL, written_utc_ns INTEGER NOT NULL,")
    + """;
CREATE TABLE imported(
    lesson TEXT PRIMARY KEY, source TEXT NOT NULL, event TEXT NOT NULL,
    occurrence TEXT NOT NULL) STRICT, WITHOUT ROWID
"""
)

_SCHOOL_5: Final = """
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE revision (
    id INTEGER NOT NULL CONSTRAINT revision_is_one CHECK (id = 0),
    value INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE TABLE lessons (
    id TEXT NOT NULL,
    room TEXT NOT NULL,
    teacher TEXT NOT NULL,
    title TEXT NOT NULL,
    starts_utc_ns INTEGER NOT NULL,
    ends_utc_ns INTEGER,
    source TEXT NOT NULL,
    activities TEXT NOT NULL,
    zones TEXT NOT NULL,
    video TEXT,
    video_offset_s REAL NOT NULL,
    revision INTEGER DEFAULT '0' NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE INDEX lessons_revision ON lessons (revision);
CREATE INDEX lessons_room ON lessons (room, starts_utc_ns, id);
CREATE INDEX lessons_start ON lessons (starts_utc_ns, id);
CREATE TABLE imported (
    lesson TEXT NOT NULL,
    source TEXT NOT NULL,
    event TEXT NOT NULL,
    occurrence TEXT NOT NULL,
    PRIMARY KEY (lesson),
    CONSTRAINT imported_lesson_fkey FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE TABLE opted_out (
    room TEXT NOT NULL,
    seat INTEGER NOT NULL,
    PRIMARY KEY (room, seat)
) WITHOUT ROWID, STRICT;
CREATE TABLE moments (
    id TEXT NOT NULL,
    lesson TEXT NOT NULL,
    start_s REAL NOT NULL,
    end_s REAL NOT NULL,
    note TEXT NOT NULL,
    author TEXT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT moments_lesson_fkey FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX moments_lesson ON moments (lesson, start_s);
CREATE TABLE verdicts (
    lesson TEXT NOT NULL,
    moment TEXT NOT NULL,
    said_by TEXT NOT NULL,
    is_confirmed INTEGER NOT NULL,
    kind TEXT NOT NULL,
    zone TEXT NOT NULL,
    start_s REAL NOT NULL,
    end_s REAL NOT NULL,
    PRIMARY KEY (lesson, moment, said_by),
    CONSTRAINT verdicts_lesson_fkey FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX verdicts_moment ON verdicts (moment);
CREATE TABLE labels (
    lesson TEXT NOT NULL,
    moment TEXT NOT NULL,
    said_by TEXT NOT NULL,
    is_room INTEGER NOT NULL,
    utc_ns INTEGER NOT NULL,
    model TEXT NOT NULL,
    features_version TEXT NOT NULL,
    features INTEGER NOT NULL,
    rows BLOB NOT NULL,
    written_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (lesson, moment, said_by),
    CONSTRAINT labels_lesson_fkey FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX labels_time ON labels (utc_ns);
CREATE TABLE label_opt_ins (
    teacher TEXT NOT NULL,
    PRIMARY KEY (teacher)
) WITHOUT ROWID, STRICT
"""

_PEOPLE: Final = """;
CREATE TABLE people (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    sign_in_name TEXT NOT NULL,
    password TEXT,
    second_factor TEXT,
    second_factor_step INTEGER NOT NULL,
    created_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (id)
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX people_sign_in_name ON people (sign_in_name);
CREATE TABLE roles (
    person TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (person, role),
    CONSTRAINT roles_person_fkey FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE TABLE sessions (
    token_hash TEXT NOT NULL,
    id TEXT NOT NULL,
    person TEXT NOT NULL,
    created_utc_ns INTEGER NOT NULL,
    seen_utc_ns INTEGER NOT NULL,
    expires_utc_ns INTEGER NOT NULL,
    browser TEXT NOT NULL,
    PRIMARY KEY (token_hash),
    CONSTRAINT sessions_person_fkey FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX sessions_person ON sessions (person);
CREATE TABLE invitations (
    token_hash TEXT NOT NULL,
    person TEXT NOT NULL,
    made_by TEXT,
    created_utc_ns INTEGER NOT NULL,
    expires_utc_ns INTEGER NOT NULL,
    used_utc_ns INTEGER,
    PRIMARY KEY (token_hash),
    CONSTRAINT invitations_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX invitations_person ON invitations (person);
CREATE TABLE teacher_names (
    name TEXT NOT NULL,
    person TEXT NOT NULL,
    PRIMARY KEY (name),
    CONSTRAINT teacher_names_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX teacher_names_person ON teacher_names (person);
CREATE TABLE lesson_owners (
    lesson TEXT NOT NULL,
    person TEXT NOT NULL,
    PRIMARY KEY (lesson),
    CONSTRAINT lesson_owners_lesson_fkey
        FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE,
    CONSTRAINT lesson_owners_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX lesson_owners_person ON lesson_owners (person);
CREATE TABLE shares (
    lesson TEXT NOT NULL,
    person TEXT NOT NULL,
    until_utc_ns INTEGER NOT NULL,
    created_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (lesson, person),
    CONSTRAINT shares_lesson_fkey FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE,
    CONSTRAINT shares_person_fkey FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX shares_person ON shares (person)
"""

_AUDIT: Final = """;
CREATE TABLE audit_events (
    number INTEGER NOT NULL,
    at_utc_ns INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    thing TEXT NOT NULL,
    thing_id TEXT NOT NULL,
    lesson TEXT,
    detail TEXT NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (number)
) STRICT;
CREATE INDEX audit_events_lesson ON audit_events (lesson, number);
CREATE INDEX audit_events_actor ON audit_events (actor, number);
CREATE INDEX audit_events_thing ON audit_events (thing_id, thing, number);
CREATE TABLE audit_names (
    actor TEXT NOT NULL,
    person TEXT,
    name TEXT NOT NULL,
    PRIMARY KEY (actor)
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX audit_names_person ON audit_names (person);
CREATE TABLE audit_head (
    id INTEGER NOT NULL CONSTRAINT audit_head_is_one CHECK (id = 0),
    number INTEGER NOT NULL,
    hash BLOB NOT NULL,
    at_utc_ns INTEGER NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE TRIGGER audit_events_unchanged BEFORE UPDATE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'an entry of the audit log stays as it is');
END;
CREATE TRIGGER audit_events_not_replaced BEFORE INSERT ON audit_events
WHEN EXISTS (SELECT 1 FROM audit_events WHERE number = NEW.number)
BEGIN
    SELECT RAISE(ABORT, 'an entry of the audit log stays as it is');
END;
CREATE TRIGGER audit_events_kept BEFORE DELETE ON audit_events
WHEN OLD.number > COALESCE((SELECT number FROM audit_head), 0)
BEGIN
    SELECT RAISE(ABORT, 'an entry of the audit log goes by its retention alone');
END;
CREATE TRIGGER audit_head_rises BEFORE UPDATE ON audit_head
WHEN NEW.number < OLD.number
BEGIN
    SELECT RAISE(ABORT, 'the head of the audit log only rises');
END;
CREATE TRIGGER audit_head_kept BEFORE DELETE ON audit_head
BEGIN
    SELECT RAISE(ABORT, 'the head of the audit log only rises');
END
"""

_PROGRAM_TOKENS: Final = """;
CREATE TABLE program_tokens (
    token_hash TEXT NOT NULL,
    id TEXT NOT NULL,
    person TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    lesson TEXT,
    created_utc_ns INTEGER NOT NULL,
    expires_utc_ns INTEGER NOT NULL,
    used_utc_ns INTEGER,
    PRIMARY KEY (token_hash),
    CONSTRAINT program_tokens_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE,
    CONSTRAINT program_tokens_lesson_fkey
        FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX program_tokens_person ON program_tokens (person);
CREATE INDEX program_tokens_lesson ON program_tokens (lesson)
"""

_IDENTITIES: Final = """;
CREATE TABLE identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    id TEXT NOT NULL,
    person TEXT NOT NULL,
    created_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject),
    CONSTRAINT identities_person_fkey FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX identities_person ON identities (person);
CREATE TABLE session_factors (
    token_hash TEXT NOT NULL,
    PRIMARY KEY (token_hash),
    CONSTRAINT session_factors_token_hash_fkey
        FOREIGN KEY(token_hash) REFERENCES sessions (token_hash) ON DELETE CASCADE
) WITHOUT ROWID, STRICT
"""

_TEACHER_FIRST: Final = """;
CREATE TABLE share_spans (
    lesson TEXT NOT NULL,
    person TEXT NOT NULL,
    start_s INTEGER NOT NULL,
    end_s INTEGER NOT NULL,
    PRIMARY KEY (lesson, person, start_s),
    CONSTRAINT share_spans_share_fkey
        FOREIGN KEY(lesson, person) REFERENCES shares (lesson, person) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE TABLE exclusions (
    id TEXT NOT NULL,
    lesson TEXT NOT NULL,
    start_s INTEGER NOT NULL,
    end_s INTEGER NOT NULL,
    reason TEXT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT exclusions_lesson_fkey FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX exclusions_lesson ON exclusions (lesson, start_s);
CREATE TABLE hidden_lessons (
    lesson TEXT NOT NULL,
    PRIMARY KEY (lesson),
    CONSTRAINT hidden_lessons_lesson_fkey
        FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE TABLE offers (
    lesson TEXT NOT NULL,
    person TEXT NOT NULL,
    created_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (lesson),
    CONSTRAINT offers_lesson_fkey FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE,
    CONSTRAINT offers_person_fkey FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX offers_person ON offers (person);
CREATE TABLE notices (
    id TEXT NOT NULL,
    person TEXT NOT NULL,
    by_name TEXT NOT NULL,
    lesson_utc_ns INTEGER NOT NULL,
    created_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT notices_person_fkey FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX notices_person ON notices (person)
"""

_SEAT_ROWS: Final = """;
CREATE TABLE seat_row_choices (
    person TEXT NOT NULL,
    PRIMARY KEY (person),
    CONSTRAINT seat_row_choices_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT
"""

_FORMER_PEOPLE: Final = """;
CREATE TABLE former_people (
    person TEXT NOT NULL,
    left_utc_ns INTEGER NOT NULL,
    deletes_lessons INTEGER NOT NULL,
    PRIMARY KEY (person),
    CONSTRAINT former_people_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT
"""

_ROLE: Final = "    role TEXT NOT NULL,\n"
_SCHOOL_13: Final = (
    _SCHOOL_5.replace("    author TEXT NOT NULL,\n", f"    author TEXT NOT NULL,\n{_ROLE}")
    .replace("    said_by TEXT NOT NULL,\n", f"    said_by TEXT NOT NULL,\n{_ROLE}")
    .replace("PRIMARY KEY (lesson, moment, said_by)", "PRIMARY KEY (lesson, moment, said_by, role)")
)
"""Moments, verdicts and labels name a person, and as whom they spoke."""

_AUDIT_THING: Final = "CREATE INDEX audit_events_thing ON audit_events (thing_id, thing, number)"

_WITH_10: Final = _PEOPLE + _AUDIT + _PROGRAM_TOKENS + _IDENTITIES + _TEACHER_FIRST
_WITH_12: Final = _WITH_10 + _SEAT_ROWS + _FORMER_PEOPLE
_WITH_14: Final = _WITH_12.replace(_AUDIT_THING, _AUDIT_THING.replace("number", "action, number"))

KNOWN_SCHEMAS: Final[Mapping[int, tuple[str, ...]]] = {
    3: (SCHOOL_3,), 4: (SCHOOL_4,), 5: (_SCHOOL_5,), 6: (_SCHOOL_5 + _PEOPLE,),
    7: (_SCHOOL_5 + _PEOPLE + _AUDIT,),
    8: (_SCHOOL_5 + _PEOPLE + _AUDIT + _PROGRAM_TOKENS,),
    9: (_SCHOOL_5 + _PEOPLE + _AUDIT + _PROGRAM_TOKENS + _IDENTITIES,),
    10: (_SCHOOL_5 + _WITH_10,),
    11: (_SCHOOL_5 + _WITH_10 + _SEAT_ROWS,),
    12: (_SCHOOL_5 + _WITH_12,),
    13: (_SCHOOL_13 + _WITH_12,),
    14: (_SCHOOL_13 + _WITH_14,),
    **{15 + at: (_SCHOOL_13 + _WITH_14 + "".join(MORE[: at + 1]),) for at in range(len(MORE))},
}  # fmt: skip
"""`user_version` → every schema that files of this version may have."""
