"""The statements for what is kept of answers to learn from, with the teacher's agreement."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from sqlalchemy import (
    Connection,
    Row,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    tuple_,
)

from school.moments.records import Label, Speaker
from school.schema import label_opt_ins, labels, lessons, verdicts

__all__ = [
    "add_opt_in",
    "all_labels",
    "count_all",
    "count_labels_of",
    "has_old",
    "has_opted_in",
    "put_label",
    "remove_label",
    "remove_labels_of_lesson",
    "remove_labels_of_moment",
    "remove_old",
    "remove_opt_in",
    "remove_stale_opt_ins",
    "remove_unwanted",
]

_OPTED_IN: Final = select(label_opt_ins.c.teacher)
_HAS_OPTED_IN: Final = _OPTED_IN.where(label_opt_ins.c.teacher == bindparam("teacher"))
_WANTED: Final = select(lessons.c.id).where(lessons.c.teacher.in_(_OPTED_IN))
_INSERT: Final = insert(labels)
_DELETE: Final = delete(labels).where(
    labels.c.lesson == bindparam("of_lesson"),
    labels.c.moment == bindparam("of_moment"),
    labels.c.said_by == bindparam("of_speaker"),
)
_DELETE_OF_LESSON: Final = delete(labels).where(labels.c.lesson == bindparam("lesson"))
_DELETE_OF_MOMENT: Final = delete(labels).where(labels.c.moment == bindparam("moment"))
_DELETE_UNWANTED: Final = delete(labels).where(labels.c.lesson.not_in(_WANTED))
_KEY: Final = labels.c.lesson, labels.c.moment, labels.c.said_by
_OLD: Final = (
    select(*_KEY)
    .where(labels.c.utc_ns < bindparam("before"), labels.c.written_utc_ns < bindparam("before"))
    .order_by(labels.c.utc_ns)
    .limit(bindparam("most"))
)
_IS_ANY_OLD: Final = _OLD.with_only_columns(labels.c.utc_ns).order_by(None)
_DELETE_OLD: Final = delete(labels).where(tuple_(*_KEY).in_(_OLD))
_COUNT: Final = select(func.count()).select_from(labels)
_COUNT_OF: Final = (
    select(func.count())
    .select_from(labels.join(lessons, lessons.c.id == labels.c.lesson))
    .where(lessons.c.teacher == bindparam("teacher"))
)
_OF_VERDICT: Final = and_(
    labels.c.lesson == verdicts.c.lesson,
    labels.c.moment == verdicts.c.moment,
    labels.c.said_by == verdicts.c.said_by,
)
_ALL: Final = (
    select(
        *_KEY, verdicts.c.is_confirmed, verdicts.c.kind, labels.c.is_room, labels.c.utc_ns,
        labels.c.model, labels.c.features_version, labels.c.features, labels.c.rows,
    )
    .select_from(labels.join(verdicts, _OF_VERDICT))
    .order_by(labels.c.utc_ns, *_KEY)
)  # fmt: skip


def put_label(connection: Connection, label: Label, written_utc_ns: int) -> None:
    """Keep a label, in a place that is free, if the lesson's teacher has agreed to that by now."""
    wanted = _WANTED.where(lessons.c.id == label.lesson)
    if connection.execute(wanted).first() is None:
        return
    rows = np.ascontiguousarray(label.rows, "<f8")
    values = {
        "lesson": label.lesson,
        "moment": label.moment,
        "said_by": label.by,
        "is_room": label.is_room,
        "utc_ns": label.utc_ns,
        "model": label.model,
        "features_version": label.features_version,
        "features": rows.shape[1],
        "rows": rows.tobytes(),
        "written_utc_ns": written_utc_ns,
    }
    connection.execute(_INSERT, values)


def remove_label(connection: Connection, lesson: str, moment: str, by: Speaker) -> None:
    key = {"of_lesson": lesson, "of_moment": moment, "of_speaker": by}
    connection.execute(_DELETE, key)


def remove_labels_of_lesson(connection: Connection, lesson: str) -> None:
    connection.execute(_DELETE_OF_LESSON, {"lesson": lesson})


def remove_labels_of_moment(connection: Connection, moment: str) -> None:
    connection.execute(_DELETE_OF_MOMENT, {"moment": moment})


def remove_unwanted(connection: Connection) -> int:
    """Remove what is kept of lessons whose teacher does not agree (any more); how many."""
    return connection.execute(_DELETE_UNWANTED).rowcount


def has_old(connection: Connection, *, before_utc_ns: int) -> bool:
    """Whether `remove_old` would remove any."""
    return connection.execute(_IS_ANY_OLD, {"before": before_utc_ns, "most": 1}).first() is not None


def remove_old(connection: Connection, *, before_utc_ns: int, most: int) -> int:
    """Remove labels of moments from before a time, and written before it, at most so many."""
    return connection.execute(_DELETE_OLD, {"before": before_utc_ns, "most": most}).rowcount


def all_labels(connection: Connection) -> list[Label]:
    return [_label(row) for row in connection.execute(_ALL).all()]


def count_all(connection: Connection) -> int:
    return int(connection.scalars(_COUNT).one())


def count_labels_of(connection: Connection, teacher: str) -> int:
    return int(connection.scalars(_COUNT_OF, {"teacher": teacher}).one())


def has_opted_in(connection: Connection, teacher: str) -> bool:
    return connection.execute(_HAS_OPTED_IN, {"teacher": teacher}).first() is not None


def add_opt_in(connection: Connection, teacher: str) -> None:
    if not has_opted_in(connection, teacher):
        connection.execute(insert(label_opt_ins), {"teacher": teacher})


def remove_opt_in(connection: Connection, teacher: str) -> None:
    connection.execute(delete(label_opt_ins).where(label_opt_ins.c.teacher == teacher))


def remove_stale_opt_ins(connection: Connection) -> None:
    """Forget teachers who have no lesson left."""
    teachers = select(lessons.c.teacher)
    connection.execute(delete(label_opt_ins).where(label_opt_ins.c.teacher.not_in(teachers)))


def _label(row: Row[*tuple[Any, ...]]) -> Label:
    return Label(
        lesson=row[0], moment=row[1], by=row[2], is_confirmed=bool(row[3]), kind=row[4],
        is_room=bool(row[5]), utc_ns=row[6], model=row[7], features_version=row[8],
        rows=np.frombuffer(row[10], "<f8").reshape(-1, row[9]).astype(np.float64),
    )  # fmt: skip
