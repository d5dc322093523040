"""The tables of debriefs, beside those in `school/schema.py`; importing `school` adds them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, Table

from school.column_types import COUNT as _COUNT
from school.column_types import FLAG as _FLAG
from school.column_types import TEXT as _TEXT
from school.schema import METADATA

__all__ = ["action_steps", "guess_choices", "guesses", "reflections", "talks"]


def _lesson(column: str) -> Column[str]:
    """A step outlives the lessons that it names."""
    lesson = ForeignKey("lessons.id", name=f"action_steps_{column}_fkey", ondelete="SET NULL")
    return Column(column, _TEXT, lesson)


action_steps: Final = Table(
    "action_steps", METADATA,
    Column("id", _TEXT, primary_key=True),
    Column("person", _TEXT, ForeignKey("people.id", name="action_steps_person_fkey",
                                       ondelete="CASCADE"), nullable=False),
    _lesson("lesson"),
    Column("state", _TEXT, nullable=False),
    Column("what", _TEXT, nullable=False),
    Column("when_words", _TEXT, nullable=False),
    Column("part", _TEXT, nullable=False),
    Column("shows", _TEXT, nullable=False),
    Column("shows_zone", _TEXT, nullable=False),
    Column("shows_minutes", Integer),
    Column("shows_words", _TEXT, nullable=False),
    Column("moment", _TEXT, nullable=False),
    Column("author", _TEXT, nullable=False),
    Column("changed_by", _TEXT, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("written_utc_ns", _COUNT, nullable=False),
    Column("changed_utc_ns", _COUNT, nullable=False),
    Column("went", _TEXT, nullable=False),
    Column("went_words", _TEXT, nullable=False),
    _lesson("went_lesson"),
    Index("action_steps_person", "person", "state"),
    Index("action_steps_lesson", "lesson"),
    Index("action_steps_went_lesson", "went_lesson"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""What a teacher tries next, or what a coach proposes to them. The lesson is the one that it comes
from; `author` and `changed_by` are ids of people, also after they left."""

guesses: Final = Table(
    "guesses", METADATA,
    Column("lesson", _TEXT, ForeignKey("lessons.id", name="guesses_lesson_fkey",
                                       ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("person", _TEXT, ForeignKey("people.id", name="guesses_person_fkey",
                                       ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("spans", _TEXT, nullable=False),
    Column("settling_s", Integer),
    Column("is_shown", _FLAG, nullable=False),
    Column("written_utc_ns", _COUNT, nullable=False),
    Index("guesses_person", "person"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Where a teacher guessed that the room drifted: pairs of seconds in JSON; how long settling in took;
and whether those see it with whom the lesson is shared."""

guess_choices: Final = Table(
    "guess_choices", METADATA,
    Column("person", _TEXT, ForeignKey("people.id", name="guess_choices_person_fkey",
                                       ondelete="CASCADE"), primary_key=True, nullable=False),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Teachers who begin each lesson with a guess."""

reflections: Final = Table(
    "reflections", METADATA,
    Column("lesson", _TEXT, ForeignKey("lessons.id", name="reflections_lesson_fkey",
                                       ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("person", _TEXT, ForeignKey("people.id", name="reflections_person_fkey",
                                       ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("keep", _TEXT, nullable=False),
    Column("surprise", _TEXT, nullable=False),
    Column("watch", _TEXT, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("written_utc_ns", _COUNT, nullable=False),
    Index("reflections_person", "person"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""What a teacher writes for themselves at the end; nobody else ever sees it."""


def _of_talk(column: str, other: str) -> Column[str]:
    key = ForeignKey(f"{other}.id", name=f"talks_{column}_fkey", ondelete="CASCADE")
    return Column(column, _TEXT, key, primary_key=True, nullable=False)


talks: Final = Table(
    "talks", METADATA,
    _of_talk("lesson", "lessons"),
    _of_talk("teacher", "people"),
    _of_talk("person", "people"),
    Column("day", _TEXT, primary_key=True, nullable=False),
    Column("minutes", Integer, nullable=False),
    Index("talks_teacher", "teacher"),
    Index("talks_person", "person"),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""How many minutes of a day (ISO 8601) a teacher and a coach were in the debrief of a lesson together."""
