"""Lessons as rows: what is selected of the table, and both ways between a row and a lesson.

The statements are made once: to make one takes longer than to run it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, bindparam, func, select

from contract.lesson import Activity, Zone
from school.lessons.records import Lesson
from school.schema import lessons

__all__ = [
    "CHANGED",
    "COUNT_WITHIN",
    "EVERY",
    "LAST",
    "LESSON_COLUMNS",
    "ONE",
    "PAGE",
    "WITHIN",
    "bounds",
    "lesson_of",
    "lesson_values",
]

LESSON_COLUMNS: Final = (
    lessons.c.id, lessons.c.room, lessons.c.teacher, lessons.c.title, lessons.c.starts_utc_ns,
    lessons.c.ends_utc_ns, lessons.c.source, lessons.c.activities, lessons.c.zones,
    lessons.c.video,
)  # fmt: skip
_LATEST_FIRST: Final = lessons.c.starts_utc_ns.desc(), lessons.c.id
_FIRST: Final = -(1 << 63)
LAST: Final = (1 << 63) - 1
"""The largest number of a database."""

EVERY: Final = select(*LESSON_COLUMNS).order_by(*_LATEST_FIRST)
ONE: Final = EVERY.where(lessons.c.id == bindparam("lesson"))
_STARTS: Final = (
    lessons.c.starts_utc_ns >= bindparam("low"),
    lessons.c.starts_utc_ns < bindparam("high"),
)
_IN_ROOM: Final = (*_STARTS, lessons.c.room == bindparam("room"))
CHANGED: Final = select(*LESSON_COLUMNS).where(*_STARTS, lessons.c.revision > bindparam("since"))
COUNT_WITHIN: Final = select(func.count()).select_from(lessons).where(*_STARTS)


def _page(which: tuple[ColumnElement[bool], ...]) -> Select[Any]:
    # The index holds the ids: rows that the offset passes over are never read.
    ids = select(lessons.c.id).where(*which).order_by(*_LATEST_FIRST)
    ids = ids.limit(bindparam("limit")).offset(bindparam("offset"))
    return EVERY.where(lessons.c.id.in_(ids))


WITHIN: Final = {False: EVERY.where(*_STARTS), True: EVERY.where(*_IN_ROOM)}
PAGE: Final = {False: _page(_STARTS), True: _page(_IN_ROOM)}
"""Those of a span, and some of them; whether of one room → the statement."""


def bounds(from_utc_ns: int | None, to_utc_ns: int | None) -> dict[str, int]:
    """The values for a span [from, to); None where it has no bound."""
    return {
        "low": _FIRST if from_utc_ns is None else max(from_utc_ns, _FIRST),
        "high": LAST if to_utc_ns is None else min(to_utc_ns, LAST),
    }


def lesson_values(lesson: Lesson) -> dict[str, Any]:
    values = asdict(lesson)
    values["activities"] = json.dumps(values["activities"])
    values["zones"] = json.dumps(values["zones"])
    return values


def lesson_of(row: Row[*tuple[Any, ...]]) -> Lesson:
    # By their places: a list of lessons takes a fifth longer to make by the names of its columns.
    return Lesson(
        id=row[0], room=row[1], teacher=row[2], title=row[3], starts_utc_ns=row[4],
        ends_utc_ns=row[5], source=row[6],
        activities=tuple(Activity(**fields) for fields in json.loads(row[7])),
        zones=tuple(
            Zone(name=fields["name"], seats=tuple(fields["seats"])) for fields in json.loads(row[8])
        ),
        video=row[9],
    )  # fmt: skip
