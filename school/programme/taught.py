"""Which lessons count in figures of a programme: those of a span that nobody has hidden. One rule for all."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, bindparam, select

from school.schema import hidden_lessons, lessons

__all__ = ["TAUGHT"]

TAUGHT: Final[tuple[ColumnElement[bool], ...]] = (
    lessons.c.starts_utc_ns >= bindparam("low"),
    lessons.c.starts_utc_ns < bindparam("high"),
    lessons.c.id.not_in(select(hidden_lessons.c.lesson)),
)
"""Of `lessons`, those that began in [low, high)."""
