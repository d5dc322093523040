"""Removes looks: with a span that is purged, and at their age."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, select, tuple_

from school.observing.tables import looks, observers
from school.schema import lessons

__all__ = ["LessonSpan", "has_old_looks", "remove_looks_in", "remove_old_looks"]

_KEY: Final = looks.c.lesson, looks.c.person, looks.c.start_s


class LessonSpan(NamedTuple):
    """A part of a lesson, in seconds since its start."""

    lesson: str
    start_s: float
    end_s: float


def remove_looks_in(connection: Connection, span: LessonSpan) -> int:
    """Those that touch the span, undone ones as well."""
    gone = delete(looks).where(
        looks.c.lesson == span.lesson, looks.c.start_s < span.end_s, looks.c.end_s > span.start_s
    )
    return connection.execute(gone).rowcount


def has_old_looks(connection: Connection, before_utc_ns: int) -> bool:
    """Whether there is anything for `remove_old_looks`."""
    old = select(looks.c.start_s).where(looks.c.received_utc_ns < before_utc_ns).limit(1)
    asked = select(observers.c.lesson).where(_is_asked_before(before_utc_ns)).limit(1)
    return any(connection.execute(found).first() is not None for found in (old, asked))


def remove_old_looks(connection: Connection, before_utc_ns: int, most: int) -> int:
    """Those that came before a time, at most so many, and requests to observe earlier lessons."""
    old = select(*_KEY).where(looks.c.received_utc_ns < before_utc_ns).limit(most)
    gone = connection.execute(delete(looks).where(tuple_(*_KEY).in_(old))).rowcount
    asked = connection.execute(delete(observers).where(_is_asked_before(before_utc_ns)))
    return gone or asked.rowcount


def _is_asked_before(utc_ns: int) -> ColumnElement[bool]:
    """By the lesson's start: it may be long after the request."""
    return observers.c.lesson.in_(select(lessons.c.id).where(lessons.c.starts_utc_ns < utc_ns))
