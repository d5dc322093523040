"""What each person has of a teacher now: what they lose if the teacher ends all of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from school.clips.tables import clip_viewers, clips
from school.lessons.records import Lesson
from school.lessons.rows import LESSON_COLUMNS, lesson_of
from school.observing.tables import observers
from school.schema import hidden_lessons, lesson_owners, lessons, shares

__all__ = ["Given", "given_by"]


@dataclass(slots=True, kw_only=True)
class Given:
    """What one person has; nobody sees hidden lessons."""

    lessons: list[tuple[Lesson, int]] = field(default_factory=list)
    """Those that are shared, or parts of them, each with its end; the latest first."""
    asked: list[Lesson] = field(default_factory=list)
    """Those that they are asked to observe, the latest first."""
    clips: int = 0
    """How many the teacher chose them for."""


def given_by(connection: Connection, teacher: str, utc_ns: int) -> dict[str, Given]:
    """By the id of the person; `utc_ns` is the present by the lessons' clock."""
    found: dict[str, Given] = {}
    own = (
        select(*LESSON_COLUMNS)
        .join(lesson_owners, lesson_owners.c.lesson == lessons.c.id)
        .where(
            lesson_owners.c.person == teacher,
            lessons.c.id.not_in(select(hidden_lessons.c.lesson)),
        )
        .order_by(lessons.c.starts_utc_ns.desc(), lessons.c.id)
    )
    shared = (
        own.add_columns(shares.c.person, shares.c.until_utc_ns)
        .join(shares, shares.c.lesson == lessons.c.id)
        .where(shares.c.until_utc_ns > utc_ns)
    )
    for row in connection.execute(shared):
        given = found.setdefault(row.person, Given())
        given.lessons.append((lesson_of(row), row.until_utc_ns))
    asked = (
        own.add_columns(observers.c.person)
        .join(observers, observers.c.lesson == lessons.c.id)
        .where(observers.c.asked_by == teacher)
    )
    for row in connection.execute(asked):
        found.setdefault(row.person, Given()).asked.append(lesson_of(row))
    shown = (
        select(clip_viewers.c.person)
        .join(clips, clips.c.id == clip_viewers.c.clip)
        .where(clips.c.person == teacher, clips.c.until_utc_ns > utc_ns)
    )
    for person in connection.scalars(shown):
        found.setdefault(person, Given()).clips += 1
    return found
