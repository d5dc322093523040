"""The tables of the school's data, as today's code reads and writes them.

`migrations/` makes them, and a test holds that both say the same. Times are nanoseconds of UTC.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    select,
)

from school.column_types import COUNT as _COUNT
from school.column_types import FLAG as _FLAG
from school.column_types import REAL_NUMBER as _REAL
from school.column_types import TEXT as _TEXT

__all__ = [
    "METADATA", "audit_events", "audit_head", "audit_names", "exclusions", "former_people",
    "hidden_lessons", "identities", "imported", "invitations", "label_opt_ins", "labels", "lesson_owners", "lessons",
    "moments", "notices", "offers", "opted_out", "people", "program_tokens", "revision", "roles",
    "seat_row_choices", "session_factors", "sessions", "share_spans", "shares", "teacher_names", "verdicts",
]  # fmt: skip

METADATA: Final = MetaData()


def _of_lesson(table: str, *, is_key: bool = False) -> Column[str]:
    """What hangs on a lesson goes with it."""
    lesson = ForeignKey("lessons.id", name=f"{table}_lesson_fkey", ondelete="CASCADE")
    return Column("lesson", _TEXT, lesson, primary_key=is_key, nullable=False)


def _of_person(table: str, column: str = "person", *, is_key: bool = False) -> Column[str]:
    """What belongs to a person goes with them."""
    person = ForeignKey("people.id", name=f"{table}_{column}_fkey", ondelete="CASCADE")
    return Column(column, _TEXT, person, primary_key=is_key, nullable=False)


revision: Final = Table(
    "revision", METADATA,
    Column("id", Integer, CheckConstraint("id = 0", name="revision_is_one"), primary_key=True,
           autoincrement=False),
    Column("value", _COUNT, nullable=False),
    sqlite_strict=True,
)  # fmt: skip
"""One row, raised in each transaction that writes: followers poll it."""
_REVISION: Final = select(revision.c.value).scalar_subquery()

lessons: Final = Table(
    "lessons", METADATA,
    Column("id", _TEXT, primary_key=True),
    Column("room", _TEXT, nullable=False),
    Column("teacher", _TEXT, nullable=False),
    Column("title", _TEXT, nullable=False),
    Column("starts_utc_ns", _COUNT, nullable=False),
    Column("ends_utc_ns", _COUNT),
    Column("source", _TEXT, nullable=False),
    Column("activities", _TEXT, nullable=False),
    Column("zones", _TEXT, nullable=False),
    Column("video", _TEXT),
    Column("revision", _COUNT, nullable=False, server_default="0", default=_REVISION,
           onupdate=_REVISION),
    Index("lessons_revision", "revision"),
    Index("lessons_room", "room", "starts_utc_ns", "id"),
    Index("lessons_start", "starts_utc_ns", "id"),
    sqlite_strict=True,
)  # fmt: skip
"""Activities and zones are JSON; `revision` is that of the lesson's last change."""

imported: Final = Table(
    "imported", METADATA,
    _of_lesson("imported", is_key=True),
    Column("source", _TEXT, nullable=False),
    Column("event", _TEXT, nullable=False),
    Column("occurrence", _TEXT, nullable=False),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""From which timetable a lesson came, and what its calendar calls it."""

opted_out: Final = Table(
    "opted_out", METADATA,
    Column("room", _TEXT, primary_key=True),
    Column("seat", Integer, primary_key=True, autoincrement=False),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Seats that are not to be sensed."""

moments: Final = Table(
    "moments", METADATA,
    Column("id", _TEXT, primary_key=True),
    _of_lesson("moments"),
    Column("start_s", _REAL, nullable=False),
    Column("end_s", _REAL, nullable=False),
    Column("note", _TEXT, nullable=False),
    Column("author", _TEXT, nullable=False),
    Column("role", _TEXT, nullable=False),
    Column("kind", _TEXT, nullable=False, server_default="observation"),
    Column("tags", _TEXT, nullable=False, server_default="[]"),
    Column("revision", _COUNT, nullable=False, server_default="1"),
    Column("began_utc_ns", _COUNT),
    Column("written_utc_ns", _COUNT),
    Index("moments_lesson", "lesson", "start_s"),
    Index("moments_author", "author"),
    sqlite_strict=True,
)  # fmt: skip
"""Spans that a person marked. The author is their id, also after they left, or empty if unknown.
Tags are JSON."""

verdicts: Final = Table(
    "verdicts", METADATA,
    _of_lesson("verdicts", is_key=True),
    Column("moment", _TEXT, primary_key=True),
    Column("said_by", _TEXT, key="by", primary_key=True),
    Column("role", _TEXT, primary_key=True),
    Column("is_confirmed", _FLAG, nullable=False),
    Column("kind", _TEXT, nullable=False),
    Column("zone", _TEXT, nullable=False),
    Column("start_s", _REAL, nullable=False),
    Column("end_s", _REAL, nullable=False),
    Index("verdicts_moment", "moment"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""What people said of a moment, marked or suggested, and as whom; `said_by` is as an author is."""

labels: Final = Table(
    "labels", METADATA,
    _of_lesson("labels", is_key=True),
    Column("moment", _TEXT, primary_key=True),
    Column("said_by", _TEXT, key="by", primary_key=True),
    Column("role", _TEXT, primary_key=True),
    Column("is_room", _FLAG, nullable=False),
    Column("utc_ns", _COUNT, nullable=False),
    Column("model", _TEXT, nullable=False),
    Column("features_version", _TEXT, nullable=False),
    Column("features", Integer, nullable=False),
    Column("rows", LargeBinary, nullable=False),
    Column("written_utc_ns", _COUNT, nullable=False),
    Index("labels_time", "utc_ns"),
    sqlite_strict=True,
)  # fmt: skip
"""What is kept of a verdict to learn from; `rows` are float64 (epochs, features), little-endian."""

label_opt_ins: Final = Table(
    "label_opt_ins", METADATA,
    Column("teacher", _TEXT, primary_key=True),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Teachers who agree that answers of their lessons are kept to learn from."""

people: Final = Table(
    "people", METADATA,
    Column("id", _TEXT, primary_key=True),
    Column("name", _TEXT, nullable=False),
    Column("sign_in_name", _TEXT, nullable=False),
    Column("password", _TEXT),
    Column("second_factor", _TEXT),
    Column("second_factor_step", _COUNT, nullable=False),
    Column("created_utc_ns", _COUNT, nullable=False),
    Index("people_sign_in_name", "sign_in_name", unique=True),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Who may sign in. The password is an Argon2id hash, the second factor a TOTP key."""

former_people: Final = Table(
    "former_people", METADATA,
    _of_person("former_people", is_key=True),
    Column("left_utc_ns", _COUNT, nullable=False),
    Column("deletes_lessons", _FLAG, nullable=False),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""People who left: their row stays without a name; whether their lessons are to be deleted."""

roles: Final = Table(
    "roles", METADATA,
    _of_person("roles", is_key=True),
    Column("role", _TEXT, primary_key=True),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip

sessions: Final = Table(
    "sessions", METADATA,
    Column("token_hash", _TEXT, primary_key=True),
    Column("id", _TEXT, nullable=False),
    _of_person("sessions"),
    Column("created_utc_ns", _COUNT, nullable=False),
    Column("seen_utc_ns", _COUNT, nullable=False),
    Column("expires_utc_ns", _COUNT, nullable=False),
    Column("browser", _TEXT, nullable=False),
    Index("sessions_person", "person"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Who is signed in; `id` names a session to its owner and opens nothing."""

program_tokens: Final = Table(
    "program_tokens", METADATA,
    Column("token_hash", _TEXT, primary_key=True),
    Column("id", _TEXT, nullable=False),
    _of_person("program_tokens"),
    Column("name", _TEXT, nullable=False),
    Column("role", _TEXT, nullable=False),
    Column("lesson", _TEXT,
           ForeignKey("lessons.id", name="program_tokens_lesson_fkey", ondelete="CASCADE")),
    Column("created_utc_ns", _COUNT, nullable=False),
    Column("expires_utc_ns", _COUNT, nullable=False),
    Column("used_utc_ns", _COUNT),
    Index("program_tokens_person", "person"),
    Index("program_tokens_lesson", "lesson"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""With what programs come in; without a lesson, to all that the role of the person may see."""

session_factors: Final = Table(
    "session_factors", METADATA,
    Column("token_hash", _TEXT,
           ForeignKey("sessions.token_hash", name="session_factors_token_hash_fkey",
                      ondelete="CASCADE"), primary_key=True),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Sessions whose identity provider says that it used more than one factor."""

identities: Final = Table(
    "identities", METADATA,
    Column("issuer", _TEXT, primary_key=True),
    Column("subject", _TEXT, primary_key=True),
    Column("id", _TEXT, nullable=False),
    _of_person("identities"),
    Column("created_utc_ns", _COUNT, nullable=False),
    Index("identities_person", "person"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""School accounts with which a person signs in; `id` names one to its owner."""

invitations: Final = Table(
    "invitations", METADATA,
    Column("token_hash", _TEXT, primary_key=True),
    _of_person("invitations"),
    Column("made_by", _TEXT),
    Column("created_utc_ns", _COUNT, nullable=False),
    Column("expires_utc_ns", _COUNT, nullable=False),
    Column("used_utc_ns", _COUNT),
    Index("invitations_person", "person"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Links with which a person chooses a password, once; `made_by` is the name of who made it."""

teacher_names: Final = Table(
    "teacher_names", METADATA,
    Column("name", _TEXT, primary_key=True),
    _of_person("teacher_names"),
    Index("teacher_names_person", "person"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Which person a timetable means by a name."""

lesson_owners: Final = Table(
    "lesson_owners", METADATA,
    _of_lesson("lesson_owners", is_key=True),
    _of_person("lesson_owners"),
    Index("lesson_owners_person", "person"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Whose a lesson is; a lesson without a row is nobody's, and nobody sees it."""

shares: Final = Table(
    "shares", METADATA,
    _of_lesson("shares", is_key=True),
    _of_person("shares", is_key=True),
    Column("until_utc_ns", _COUNT, nullable=False),
    Column("created_utc_ns", _COUNT, nullable=False),
    Index("shares_person", "person"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""With whom a lesson's owner shares it, and until when."""

share_spans: Final = Table(
    "share_spans", METADATA,
    Column("lesson", _TEXT, primary_key=True),
    Column("person", _TEXT, primary_key=True),
    Column("start_s", Integer, primary_key=True),
    Column("end_s", Integer, nullable=False),
    ForeignKeyConstraint(
        ["lesson", "person"], ["shares.lesson", "shares.person"], name="share_spans_share_fkey",
        ondelete="CASCADE",
    ),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""The parts of a lesson that are shared with someone; a share without a row is of the whole."""

exclusions: Final = Table(
    "exclusions", METADATA,
    Column("id", _TEXT, primary_key=True),
    _of_lesson("exclusions"),
    Column("start_s", Integer, nullable=False),
    Column("end_s", Integer, nullable=False),
    Column("reason", _TEXT, nullable=False),
    Column("note", _TEXT, nullable=False),
    Index("exclusions_lesson", "lesson", "start_s"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Spans that a teacher leaves out, in seconds since the lesson's start, and why."""

hidden_lessons: Final = Table(
    "hidden_lessons", METADATA,
    _of_lesson("hidden_lessons", is_key=True),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Lessons that are in no list, and that only their owner sees."""

offers: Final = Table(
    "offers", METADATA,
    _of_lesson("offers", is_key=True),
    _of_person("offers"),
    Column("created_utc_ns", _COUNT, nullable=False),
    Index("offers_person", "person"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""To whom the owner offers a lesson; it is theirs once they accept."""

notices: Final = Table(
    "notices", METADATA,
    Column("id", _TEXT, primary_key=True),
    _of_person("notices"),
    Column("by_name", _TEXT, nullable=False),
    Column("lesson_utc_ns", _COUNT, nullable=False),
    Column("created_utc_ns", _COUNT, nullable=False),
    Index("notices_person", "person"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""For people with whom a lesson was shared that is deleted: by whom, until they have read it."""

seat_row_choices: Final = Table(
    "seat_row_choices", METADATA,
    _of_person("seat_row_choices", is_key=True),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""People who have switched on the pages of seat rows of their own lessons."""

audit_events: Final = Table(
    "audit_events", METADATA,
    Column("number", _COUNT, primary_key=True, autoincrement=False),
    Column("at_utc_ns", _COUNT, nullable=False),
    Column("actor", _TEXT, nullable=False),
    Column("action", _TEXT, nullable=False),
    Column("thing", _TEXT, nullable=False),
    Column("thing_id", _TEXT, nullable=False),
    Column("lesson", _TEXT),
    Column("detail", _TEXT, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("audit_events_lesson", "lesson", "number"),
    Index("audit_events_actor", "actor", "number"),
    Index("audit_events_thing", "thing_id", "thing", "action", "number"),
    sqlite_strict=True,
)  # fmt: skip
"""The audit log: who did what, chained (`audit/chain.py`); it refers to no other table."""

audit_names: Final = Table(
    "audit_names", METADATA,
    Column("actor", _TEXT, primary_key=True),
    Column("person", _TEXT),
    Column("name", _TEXT, nullable=False),
    Index("audit_names_person", "person", unique=True),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Whose token stands in the audit log; a program has no person."""

audit_head: Final = Table(
    "audit_head", METADATA,
    Column("id", Integer, CheckConstraint("id = 0", name="audit_head_is_one"), primary_key=True,
           autoincrement=False),
    Column("number", _COUNT, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("at_utc_ns", _COUNT, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    sqlite_strict=True,
)  # fmt: skip
"""One row, once retention has removed entries: the last of them, signed."""
