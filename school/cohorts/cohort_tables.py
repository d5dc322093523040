"""The tables of cohorts, beside those in `school/schema.py`; importing `school` adds them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Table

from school.column_types import COUNT as _COUNT
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = [
    "cohort_answers",
    "cohort_clips",
    "cohort_members",
    "cohort_offers",
    "cohort_replies",
    "cohort_tasks",
    "cohort_visits",
    "cohorts",
]


def _of(table: str, column: str, other: str, *, is_key: bool = False) -> Column[str]:
    key = ForeignKey(other, name=f"{table}_{column}_fkey", ondelete="CASCADE")
    return Column(column, _TEXT, key, primary_key=is_key, nullable=False)


cohorts: Final = Table(
    "cohorts", METADATA,
    Column("id", _TEXT, primary_key=True),
    Column("coach", _TEXT, ForeignKey("people.id", name="cohorts_coach_fkey", ondelete="SET NULL")),
    Column("title", _TEXT, nullable=False),
    Column("focus", _TEXT, nullable=False),
    Column("changed_utc_ns", _COUNT, nullable=False),  # since when this coach leads it
    Index("cohorts_coach", "coach"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""A group of teachers with one focus, and who leads it."""

cohort_members: Final = Table(
    "cohort_members", METADATA,
    _of("cohort_members", "cohort", "cohorts.id", is_key=True),
    _of("cohort_members", "person", "people.id", is_key=True),
    Column("state", _TEXT, nullable=False),
    Column("since_utc_ns", _COUNT, nullable=False),
    Index("cohort_members_person", "person"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Who is invited to a cohort, or in it."""

cohort_tasks: Final = Table(
    "cohort_tasks", METADATA,
    Column("id", _TEXT, primary_key=True),
    _of("cohort_tasks", "cohort", "cohorts.id"),
    Column("question", _TEXT, nullable=False),
    Column("due_on", _TEXT, nullable=False),
    Column("written_utc_ns", _COUNT, nullable=False),
    Index("cohort_tasks_cohort", "cohort"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""A question to the members, about a span of a lesson of their own."""

cohort_answers: Final = Table(
    "cohort_answers", METADATA,
    _of("cohort_answers", "task", "cohort_tasks.id", is_key=True),
    _of("cohort_answers", "person", "people.id", is_key=True),
    _of("cohort_answers", "lesson", "lessons.id"),
    Column("start_s", _COUNT, nullable=False),
    Column("end_s", _COUNT, nullable=False),
    Column("words", _TEXT, nullable=False),
    Column("handed_utc_ns", _COUNT),
    Column("changed_utc_ns", _COUNT, nullable=False),
    Column("activity", _TEXT),
    Column("third", _COUNT),
    Column("counted_in", _COUNT),
    Index("cohort_answers_person", "person"),
    Index("cohort_answers_lesson", "lesson"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""What a member says of a span of a lesson of theirs: theirs alone until they hand it to the cohort.

Activity and third are what is counted of it, in the group of this number; see `pattern_store.py`.
"""

cohort_offers: Final = Table(
    "cohort_offers", METADATA,
    _of("cohort_offers", "cohort", "cohorts.id", is_key=True),
    _of("cohort_offers", "person", "people.id"),
    Column("since_utc_ns", _COUNT, nullable=False),
    Index("cohort_offers_person", "person"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Which coach is asked to lead a cohort from now on."""

cohort_clips: Final = Table(
    "cohort_clips", METADATA,
    _of("cohort_clips", "cohort", "cohorts.id", is_key=True),
    _of("cohort_clips", "clip", "clips.id", is_key=True),
    _of("cohort_clips", "person", "people.id"),
    Column("since_utc_ns", _COUNT, nullable=False),
    Index("cohort_clips_clip", "clip"),
    Index("cohort_clips_person", "person"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""A clip that its teacher shows to those who were in a cohort then."""

cohort_replies: Final = Table(
    "cohort_replies", METADATA,
    Column("id", _TEXT, primary_key=True),
    _of("cohort_replies", "cohort", "cohorts.id"),
    _of("cohort_replies", "person", "people.id"),
    Column("clip", _TEXT),
    Column("task", _TEXT),
    Column("writer", _TEXT),
    Column("kind", _TEXT, nullable=False),
    Column("words", _TEXT, nullable=False),
    Column("written_utc_ns", _COUNT, nullable=False),
    ForeignKeyConstraint(
        ["cohort", "clip"], ["cohort_clips.cohort", "cohort_clips.clip"],
        name="cohort_replies_clip_fkey", ondelete="CASCADE",
    ),
    ForeignKeyConstraint(
        ["task", "writer"], ["cohort_answers.task", "cohort_answers.person"],
        name="cohort_replies_answer_fkey", ondelete="CASCADE",
    ),
    Index("cohort_replies_cohort", "cohort", "clip"),
    Index("cohort_replies_person", "person"),
    Index("cohort_replies_answer", "task", "writer"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""What somebody in a cohort says to a clip there, or to what a member handed to it."""

cohort_visits: Final = Table(
    "cohort_visits", METADATA,
    Column("id", _TEXT, primary_key=True),
    _of("cohort_visits", "cohort", "cohorts.id"),
    _of("cohort_visits", "person", "people.id"),
    _of("cohort_visits", "other", "people.id"),
    Column("is_agreed", _COUNT, nullable=False),
    Column("person_on", _TEXT, nullable=False),
    Column("person_lesson", _TEXT, ForeignKey(
        "lessons.id", name="cohort_visits_person_lesson_fkey", ondelete="SET NULL")),
    Column("other_on", _TEXT, nullable=False),
    Column("other_lesson", _TEXT, ForeignKey(
        "lessons.id", name="cohort_visits_other_lesson_fkey", ondelete="SET NULL")),
    Column("changed_utc_ns", _COUNT, nullable=False),
    Index("cohort_visits_cohort", "cohort"),
    Index("cohort_visits_person", "person"),
    Index("cohort_visits_other", "other"),
    Index("cohort_visits_person_lesson", "person_lesson"),
    Index("cohort_visits_other_lesson", "other_lesson"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""That two members see a lesson of each other's; where each of them is the host, and on which day or empty."""
