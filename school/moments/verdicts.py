"""The statements for what people said of moments; `lessons/store.py` owns the transactions."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, case, delete, func, insert, or_, select, update

from school.moments.records import Speaker, Verdict, VerdictCount
from school.schema import lessons, verdicts

__all__ = [
    "count_by_lesson",
    "put_verdict",
    "remove_verdict",
    "remove_verdicts_of_lesson",
    "remove_verdicts_of_moment",
    "verdicts_of",
]

_KEY: Final = and_(
    verdicts.c.lesson == bindparam("of_lesson"),
    verdicts.c.moment == bindparam("of_moment"),
    verdicts.c.said_by == bindparam("of_speaker"),
)
_IS_THERE: Final = select(lessons.c.id).where(lessons.c.id == bindparam("lesson"))
_INSERT: Final = insert(verdicts)
_UPDATE: Final = update(verdicts).where(_KEY)
_DELETE: Final = delete(verdicts).where(_KEY)
_DELETE_OF_LESSON: Final = delete(verdicts).where(verdicts.c.lesson == bindparam("lesson"))
_DELETE_OF_MOMENT: Final = delete(verdicts).where(verdicts.c.moment == bindparam("moment"))
_OF_LESSON: Final = (
    select(
        verdicts.c.lesson, verdicts.c.moment, verdicts.c.said_by, verdicts.c.is_confirmed,
        verdicts.c.kind, verdicts.c.zone, verdicts.c.start_s, verdicts.c.end_s,
    )
    .where(verdicts.c.lesson == bindparam("lesson"))
    .order_by(verdicts.c.start_s, verdicts.c.moment, verdicts.c.said_by)
)  # fmt: skip
_TEACHERS: Final = verdicts.alias("teachers")
_COUNT: Final = (
    select(
        verdicts.c.lesson,
        func.sum(case((verdicts.c.is_confirmed, 1), else_=0)),
        func.count(),
    )
    .where(
        verdicts.c.kind == "lively",
        or_(
            verdicts.c.said_by == "teacher",
            ~select(1)
            .where(
                _TEACHERS.c.lesson == verdicts.c.lesson,
                _TEACHERS.c.moment == verdicts.c.moment,
                _TEACHERS.c.said_by == "teacher",
            )
            .correlate(verdicts)
            .exists(),
        ),
    )
    .group_by(verdicts.c.lesson)
)


def put_verdict(connection: Connection, verdict: Verdict) -> bool:
    """Keep it in the place of what this speaker said before; whether there is such a lesson."""
    if connection.execute(_IS_THERE, {"lesson": verdict.lesson}).first() is None:
        return False
    key = _key(verdict.lesson, verdict.moment, verdict.by)
    values = {
        "is_confirmed": verdict.is_confirmed,
        "kind": verdict.kind,
        "zone": verdict.zone,
        "start_s": verdict.start_s,
        "end_s": verdict.end_s,
    }
    if not connection.execute(_UPDATE.values(values), key).rowcount:
        named = {"lesson": verdict.lesson, "moment": verdict.moment, "said_by": verdict.by}
        connection.execute(_INSERT, {**named, **values})
    return True


def remove_verdict(connection: Connection, lesson: str, moment: str, by: Speaker) -> None:
    connection.execute(_DELETE, _key(lesson, moment, by))


def remove_verdicts_of_lesson(connection: Connection, lesson: str) -> int:
    """Remove what was said of a lesson's moments; how many answers there were."""
    return connection.execute(_DELETE_OF_LESSON, {"lesson": lesson}).rowcount


def remove_verdicts_of_moment(connection: Connection, moment: str) -> int:
    """Likewise of one moment."""
    return connection.execute(_DELETE_OF_MOMENT, {"moment": moment}).rowcount


def verdicts_of(connection: Connection, lesson: str) -> list[Verdict]:
    return [
        Verdict(
            lesson=row[0], moment=row[1], by=row[2], is_confirmed=bool(row[3]), kind=row[4],
            zone=row[5], start_s=row[6], end_s=row[7],
        )
        for row in connection.execute(_OF_LESSON, {"lesson": lesson}).all()
    ]  # fmt: skip


def count_by_lesson(connection: Connection) -> dict[str, VerdictCount]:
    """Of the lessons in which a suggested lively moment was judged."""
    return {
        lesson: VerdictCount(confirmed=int(confirmed), dismissed=n - int(confirmed))
        for lesson, confirmed, n in connection.execute(_COUNT).all()
    }


def _key(lesson: str, moment: str, by: Speaker) -> dict[str, Any]:
    return {"of_lesson": lesson, "of_moment": moment, "of_speaker": by}
