"""The statements that read and write lessons, and the rows of which lessons are made.

`store.py` owns the connection and the transactions.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, func, insert, select, update

from contract.lesson import Activity, Zone
from school.lessons.records import Lesson
from school.schema import lessons, revision

__all__ = [
    "all_lessons",
    "changed_since",
    "count_lessons",
    "count_within",
    "find_lesson",
    "put_lesson",
    "reschedule_lesson",
    "some",
]

_COLUMNS: Final = (
    lessons.c.id, lessons.c.room, lessons.c.teacher, lessons.c.title, lessons.c.starts_utc_ns,
    lessons.c.ends_utc_ns, lessons.c.source, lessons.c.activities, lessons.c.zones,
    lessons.c.video, lessons.c.video_offset_s,
)  # fmt: skip
_LATEST_FIRST: Final = lessons.c.starts_utc_ns.desc(), lessons.c.id
_EARLIEST: Final = -(1 << 63)
_LATEST: Final = (1 << 63) - 1

_ONE: Final = select(*_COLUMNS).where(lessons.c.id == bindparam("lesson"))
_ALL: Final = select(*_COLUMNS).order_by(*_LATEST_FIRST)
_COUNT: Final = select(func.count()).select_from(lessons)
_REVISION: Final = select(revision.c.value).scalar_subquery()
_INSERT: Final = insert(lessons).values(revision=_REVISION)
_UPDATE: Final = (
    update(lessons).where(lessons.c.id == bindparam("lesson")).values(revision=_REVISION)
)


def _which(columns: Sequence[Any], *, of_room: bool) -> Select[Any]:
    found = select(*columns).where(
        lessons.c.starts_utc_ns >= bindparam("low"), lessons.c.starts_utc_ns < bindparam("high")
    )
    return found.where(lessons.c.room == bindparam("room")) if of_room else found


def _page(*, of_room: bool) -> Select[Any]:
    # The index holds the ids: rows that the offset passes over are never read.
    ids = (
        _which([lessons.c.id], of_room=of_room)
        .order_by(*_LATEST_FIRST)
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
    )
    return select(*_COLUMNS).where(lessons.c.id.in_(ids)).order_by(*_LATEST_FIRST)


_CHANGED: Final = _which(_COLUMNS, of_room=False).where(lessons.c.revision > bindparam("since"))
_COUNT_WITHIN: Final = _which([func.count()], of_room=False)
_WITHIN: Final = {
    of_room: _which(_COLUMNS, of_room=of_room).order_by(*_LATEST_FIRST) for of_room in (False, True)
}
_PAGE: Final = {of_room: _page(of_room=of_room) for of_room in (False, True)}


def find_lesson(connection: Connection, lesson: str) -> Lesson | None:
    row = connection.execute(_ONE, {"lesson": lesson}).one_or_none()
    return None if row is None else _lesson(row)


def all_lessons(connection: Connection) -> list[Lesson]:
    return [_lesson(row) for row in connection.execute(_ALL).all()]


def some(
    connection: Connection,
    *,
    room: str | None,
    from_utc_ns: int | None,
    to_utc_ns: int | None,
    limit: int | None,
    offset: int,
) -> list[Lesson]:
    """See `LessonReader.lessons`."""
    values: dict[str, object] = {
        "low": _EARLIEST if from_utc_ns is None else max(from_utc_ns, _EARLIEST),
        "high": _LATEST if to_utc_ns is None else min(to_utc_ns, _LATEST),
    }
    of_room = room is not None
    if of_room:
        values["room"] = room
    if limit is None and not offset:
        return [_lesson(row) for row in connection.execute(_WITHIN[of_room], values).all()]
    values["limit"] = _LATEST if limit is None else limit
    values["offset"] = min(offset, _LATEST)
    return [_lesson(row) for row in connection.execute(_PAGE[of_room], values).all()]


def count_lessons(connection: Connection) -> int:
    return int(connection.scalars(_COUNT).one())


def changed_since(
    connection: Connection, since: int, *, from_utc_ns: int, to_utc_ns: int
) -> list[Lesson]:
    """See `ScoredLessons.changed_since`."""
    values = {"since": since, "low": from_utc_ns, "high": to_utc_ns}
    return [_lesson(row) for row in connection.execute(_CHANGED, values).all()]


def count_within(connection: Connection, *, from_utc_ns: int, to_utc_ns: int) -> int:
    """How many start in [from, to)."""
    values = {"low": from_utc_ns, "high": to_utc_ns}
    return int(connection.scalars(_COUNT_WITHIN, values).one())


def put_lesson(connection: Connection, lesson: Lesson) -> None:
    """Add a lesson or change the one with its id; what hangs on it stays."""
    values = _values(lesson)
    if not connection.execute(_UPDATE.values(values), {"lesson": lesson.id}).rowcount:
        connection.execute(_INSERT, {"id": lesson.id, **values})


def reschedule_lesson(connection: Connection, lesson: Lesson) -> None:
    """Add a lesson, or change of a known one what a timetable may change and nothing else."""
    values = _values(lesson)
    planned = {
        key: values[key]
        for key in ("room", "teacher", "title", "starts_utc_ns", "ends_utc_ns", "activities")
    }
    if not connection.execute(_UPDATE.values(planned), {"lesson": lesson.id}).rowcount:
        connection.execute(_INSERT, {"id": lesson.id, **values})


def _values(lesson: Lesson) -> dict[str, Any]:
    return {
        "room": lesson.room,
        "teacher": lesson.teacher,
        "title": lesson.title,
        "starts_utc_ns": lesson.starts_utc_ns,
        "ends_utc_ns": lesson.ends_utc_ns,
        "source": lesson.source,
        "activities": json.dumps([asdict(activity) for activity in lesson.activities]),
        "zones": json.dumps([asdict(zone) for zone in lesson.zones]),
        "video": lesson.video,
        "video_offset_s": lesson.video_offset_s,
    }


def _lesson(row: Row[*tuple[Any, ...]]) -> Lesson:
    return Lesson(
        id=row[0],
        room=row[1],
        teacher=row[2],
        title=row[3],
        starts_utc_ns=row[4],
        ends_utc_ns=row[5],
        source=row[6],
        activities=tuple(Activity(**fields) for fields in json.loads(row[7])),
        zones=tuple(
            Zone(name=fields["name"], seats=tuple(fields["seats"])) for fields in json.loads(row[8])
        ),
        video=row[9],
        video_offset_s=row[10],
    )
