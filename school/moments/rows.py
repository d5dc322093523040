"""The statements for moments that people mark; `lessons/store.py` owns the transactions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from school.moments.records import Moment
from school.schema import lessons, moments

__all__ = ["count_moments", "moments_of", "put_moment", "remove_moment", "remove_moments_of_lesson"]

_IS_THERE: Final = select(lessons.c.id).where(lessons.c.id == bindparam("lesson"))
_OF_LESSON: Final = (
    select(
        moments.c.id, moments.c.lesson, moments.c.start_s, moments.c.end_s, moments.c.note,
        moments.c.author,
    )
    .where(moments.c.lesson == bindparam("lesson"))
    .order_by(moments.c.start_s, moments.c.id)
)  # fmt: skip
_COUNTS: Final = (
    select(moments.c.lesson, func.count())
    .where(moments.c.lesson.in_(bindparam("lessons", expanding=True)))
    .group_by(moments.c.lesson)
)
_INSERT: Final = insert(moments)
_UPDATE: Final = update(moments).where(moments.c.id == bindparam("moment"))
_DELETE: Final = delete(moments).where(moments.c.id == bindparam("moment"))
_DELETE_OF_LESSON: Final = delete(moments).where(moments.c.lesson == bindparam("lesson"))


def put_moment(connection: Connection, moment: Moment) -> bool:
    """Add a moment or change the one with its id; whether there is such a lesson."""
    if connection.execute(_IS_THERE, {"lesson": moment.lesson}).first() is None:
        return False
    values = {
        "lesson": moment.lesson,
        "start_s": moment.start_s,
        "end_s": moment.end_s,
        "note": moment.note,
        "author": moment.author,
    }
    if not connection.execute(_UPDATE.values(values), {"moment": moment.id}).rowcount:
        connection.execute(_INSERT, {"id": moment.id, **values})
    return True


def remove_moment(connection: Connection, moment: str) -> int:
    """How many there were: one or none."""
    return connection.execute(_DELETE, {"moment": moment}).rowcount


def remove_moments_of_lesson(connection: Connection, lesson: str) -> int:
    """How many there were."""
    return connection.execute(_DELETE_OF_LESSON, {"lesson": lesson}).rowcount


def count_moments(connection: Connection, lessons: Sequence[str]) -> dict[str, int]:
    """Of the lessons that have any."""
    rows = connection.execute(_COUNTS, {"lessons": list(lessons)}).all()
    return {lesson: int(n) for lesson, n in rows}


def moments_of(connection: Connection, lesson: str) -> list[Moment]:
    return [
        Moment(id=id_, lesson=of, start_s=start, end_s=end, note=note, author=author)
        for id_, of, start, end, note, author in connection.execute(
            _OF_LESSON, {"lesson": lesson}
        ).all()
    ]
