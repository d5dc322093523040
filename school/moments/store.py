"""Moments, what people say of them, and what is kept of that to learn from, in the database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, Final

import numpy as np
from sqlalchemy import (
    Connection,
    Delete,
    Executable,
    Row,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from contract.errors import StoreError
from school.moments.dismissals import dismissals
from school.moments.records import Label, Moment, NoteTag, Reply, Verdict, VerdictCount
from school.moments.tables import deleted_notes, replies
from school.schema import exclusions, label_opt_ins, labels, lessons, moments, verdicts
from school.sql_store import SqlStore, put_row

__all__ = ["SqlMomentStore", "remove_moment_rows", "remove_unwanted_labels"]

_MOMENTS: Final = (
    select(moments)
    .where(moments.c.lesson == bindparam("lesson"))
    .order_by(moments.c.start_s, moments.c.id)
)
_MOMENT: Final = select(moments).where(moments.c.id == bindparam("moment"))
_REPLIES: Final = (
    select(replies)
    .where(replies.c.lesson == bindparam("lesson"))
    .order_by(replies.c.written_utc_ns, replies.c.id)
)
_REPLY: Final = select(replies.c.id).where(replies.c.id == bindparam("reply"))
_DELETED: Final = select(deleted_notes.c.id).where(deleted_notes.c.id == bindparam("note"))
_MOMENT_COUNTS: Final = (
    select(moments.c.lesson, func.count())
    .where(moments.c.lesson.in_(bindparam("lessons", expanding=True)))
    .group_by(moments.c.lesson)
)
_VERDICTS: Final = (
    select(
        *(column.label(column.key) for column in verdicts.c),
        dismissals.c.reason,
        func.coalesce(dismissals.c.words, "").label("words"),
    )
    .outerjoin(
        dismissals,
        and_(*(dismissals.c[key.key] == key for key in verdicts.primary_key)),
    )
    .where(verdicts.c.lesson == bindparam("lesson"))
    .order_by(verdicts.c.start_s, verdicts.c.moment, verdicts.c.by, verdicts.c.role)
)
_IS_LEFT_OUT: Final = (
    select(1)
    .where(
        exclusions.c.lesson == verdicts.c.lesson,
        exclusions.c.start_s < verdicts.c.end_s,
        exclusions.c.end_s > verdicts.c.start_s,
    )
    .correlate(verdicts)
    .exists()
)
"""The moment reaches into a span that the teacher leaves out: it counts nowhere meanwhile."""
_VOTE: Final = case((verdicts.c.is_confirmed, 1), else_=-1)
_IS_TEACHERS: Final = verdicts.c.role == "teacher"
_JUDGED: Final = (
    select(
        verdicts.c.lesson,
        case(
            (
                func.sum(case((_IS_TEACHERS, 1), else_=0)) > 0,
                func.sum(case((_IS_TEACHERS, _VOTE), else_=0)),
            ),
            else_=func.sum(_VOTE),
        ).label("balance"),
    )
    .where(verdicts.c.kind == "lively", ~_IS_LEFT_OUT)
    .group_by(verdicts.c.lesson, verdicts.c.moment)
    .subquery("judged")
)
"""Each moment once, as `records.agreed` has it: above 0 it is confirmed, below dismissed."""
_VERDICT_COUNTS: Final = select(
    _JUDGED.c.lesson,
    func.sum(case((_JUDGED.c.balance > 0, 1), else_=0)),
    func.sum(case((_JUDGED.c.balance < 0, 1), else_=0)),
).group_by(_JUDGED.c.lesson)
_OPTED_IN: Final = select(label_opt_ins).where(label_opt_ins.c.teacher == bindparam("teacher"))
_WANTED: Final = select(lessons.c.id).where(lessons.c.teacher.in_(select(label_opt_ins.c.teacher)))
"""The lessons whose teacher agrees that labels of them are kept."""
_LESSON: Final = select(lessons.c.id).where(lessons.c.id == bindparam("lesson"))
_IS_WANTED: Final = _WANTED.where(lessons.c.id == bindparam("lesson"))
_KEY: Final = labels.c.lesson, labels.c.moment, labels.c.by, labels.c.role
_LABELS: Final = (
    select(labels, verdicts.c.is_confirmed, verdicts.c.kind)
    .join_from(
        labels,
        verdicts,
        and_(
            labels.c.lesson == verdicts.c.lesson,
            labels.c.moment == verdicts.c.moment,
            labels.c.by == verdicts.c.by,
            labels.c.role == verdicts.c.role,
        ),
    )
    .where(~_IS_LEFT_OUT)
    .order_by(labels.c.utc_ns, *_KEY)
)


class SqlMomentStore(SqlStore):
    """`MomentStore` and `LabelStore` in a `SchoolDatabase`."""

    def put_moment(self, moment: Moment) -> None:
        """Mark a moment; raises StoreError where there is no such lesson."""
        with self._database.writing() as connection:
            _require_lesson(connection, moment.lesson, "mark a moment in")
            put_row(connection, moments, _moment_values(moment))

    def add_moment(self, moment: Moment) -> Moment | None:
        """Mark a moment once; see `MomentStore.add_moment`. Raises StoreError without a lesson."""
        with self._database.writing() as connection:
            _require_lesson(connection, moment.lesson, "mark a moment in")
            found = connection.execute(_MOMENT, {"moment": moment.id}).one_or_none()
            if found is not None:
                return _moment(found)
            if _is_deleted(connection, moment.id):
                return None
            connection.execute(insert(moments), _moment_values(moment))
        return moment

    def change_moment(self, moment: Moment) -> Moment | None:
        """Change a moment that is as it was read; see `MomentStore.change_moment`."""
        changed = replace(moment, revision=moment.revision + 1)
        with self._database.writing() as connection:
            is_same = moments.c.id == moment.id, moments.c.revision == moment.revision
            done = connection.execute(update(moments).where(*is_same), _moment_values(changed))
        return changed if done.rowcount else None

    def remove_moment(self, moment: str) -> None:
        with self._database.writing() as connection:
            remove_moment_rows(connection, moment)

    def moments(self, lesson: str) -> list[Moment]:
        return [_moment(row) for row in self._read(_MOMENTS, lesson=lesson)]

    def count_moments(self, lessons: Sequence[str]) -> dict[str, int]:
        counts = self._read(_MOMENT_COUNTS, lessons=list(lessons))
        return {lesson: int(n) for lesson, n in counts}

    def add_reply(self, reply: Reply) -> bool:
        with self._database.writing() as connection:
            if connection.execute(_MOMENT, {"moment": reply.moment}).first() is None:
                return False
            if _is_deleted(connection, reply.id):
                return False
            if connection.execute(_REPLY, {"reply": reply.id}).first() is None:
                connection.execute(insert(replies), asdict(reply))
        return True

    def remove_reply(self, reply: str) -> None:
        with self._database.writing() as connection:
            _remember(connection, replies, reply)
            connection.execute(delete(replies).where(replies.c.id == reply))

    def replies(self, lesson: str) -> list[Reply]:
        return [Reply(**row._asdict()) for row in self._read(_REPLIES, lesson=lesson)]

    def put_verdict(
        self, verdict: Verdict, label: Label | None = None, *, written_utc_ns: int = 0
    ) -> None:
        """Keep what someone said of a moment; see `MomentStore.put_verdict`."""
        with self._database.writing() as connection:
            _require_lesson(connection, verdict.lesson, "say something of")
            # An earlier answer goes with what was kept of it, also one that they gave as a coach
            # of a lesson that is theirs by now.
            which = verdict.lesson, verdict.moment, verdict.by
            for table in (labels, verdicts):
                gone = _delete(table, *which)
                if not verdict.by:  # nobody's: the teacher's and the coach's are two
                    gone = gone.where(table.c.role == verdict.role)
                connection.execute(gone)
            values = asdict(verdict)
            put_row(connection, verdicts, {name: values[name] for name in verdicts.c.keys()})  # noqa: SIM118 - no dictionary: columns are its items
            if verdict.reason is not None:
                put_row(
                    connection,
                    dismissals,
                    {name: values[name] for name in dismissals.c.keys()},  # noqa: SIM118
                )
            if label is not None and _is_there(connection, _IS_WANTED, verdict.lesson):
                put_row(connection, labels, _label_values(label, written_utc_ns))

    def remove_verdict(self, lesson: str, moment: str, by: str) -> None:
        with self._database.writing() as connection:
            connection.execute(_delete(labels, lesson, moment, by))
            connection.execute(_delete(verdicts, lesson, moment, by))

    def verdicts(self, lesson: str) -> list[Verdict]:
        return [
            Verdict(**{**row._asdict(), "is_confirmed": bool(row.is_confirmed)})
            for row in self._read(_VERDICTS, lesson=lesson)
        ]

    def count_verdicts(self) -> VerdictCount:
        return VerdictCount.sum(self.verdicts_by_lesson().values())

    def verdicts_by_lesson(self) -> dict[str, VerdictCount]:
        return {
            lesson: VerdictCount(confirmed=int(confirmed), dismissed=int(dismissed))
            for lesson, confirmed, dismissed in self._read(_VERDICT_COUNTS)
        }

    def keeps_labels(self, teacher: str) -> bool:
        return bool(self._read(_OPTED_IN, teacher=teacher))

    def keep_labels(self, teacher: str) -> None:
        with self._database.writing() as connection:
            put_row(connection, label_opt_ins, {"teacher": teacher})

    def drop_labels(self, teacher: str) -> int:
        """Forget that they agreed, and remove what is kept of their lessons for good."""
        with self._database.removing() as connection:
            connection.execute(delete(label_opt_ins).where(label_opt_ins.c.teacher == teacher))
            return remove_unwanted_labels(connection)

    def count_labels(self, teacher: str) -> int:
        of_teacher = (
            select(func.count())
            .select_from(labels.join(lessons, lessons.c.id == labels.c.lesson))
            .where(lessons.c.teacher == teacher)
        )
        return self._count(of_teacher)

    def labels(self) -> list[Label]:
        return [_label(row) for row in self._read(_LABELS)]

    def retire_labels(self, *, before_utc_ns: int, most: int) -> int:
        old = (
            select(*_KEY)
            .where(labels.c.utc_ns < before_utc_ns, labels.c.written_utc_ns < before_utc_ns)
            .order_by(labels.c.utc_ns)
        )
        # Asked each hour, and mostly for nothing: a change would have every follower look again.
        if not self._read(old.order_by(None).limit(1)):
            return 0
        with self._database.writing() as connection:
            gone = delete(labels).where(tuple_(*_KEY).in_(old.limit(most)))
            return connection.execute(gone).rowcount


def _moment(row: Row[*tuple[Any, ...]]) -> Moment:
    values = row._asdict()
    return Moment(**{**values, "tags": tuple(NoteTag(**one) for one in json.loads(row.tags))})


def _moment_values(moment: Moment) -> dict[str, Any]:
    values = asdict(moment)
    return {**values, "tags": json.dumps(values["tags"], ensure_ascii=False)}


def remove_moment_rows(connection: Connection, moment: str) -> None:
    """A moment, marked or suggested, with its replies, what was said of it and kept of that."""
    _remember(connection, moments, moment)
    connection.execute(delete(moments).where(moments.c.id == moment))
    for table in (labels, verdicts):
        connection.execute(delete(table).where(table.c.moment == moment))


def _remember(connection: Connection, table: Table, note: str) -> None:
    """Keep the id of a note or reply that is about to be removed, and nothing else of it."""
    lesson = connection.scalar(select(table.c.lesson).where(table.c.id == note))
    if lesson is not None:
        put_row(connection, deleted_notes, {"id": note, "lesson": lesson})


def _is_deleted(connection: Connection, note: str) -> bool:
    return connection.execute(_DELETED, {"note": note}).first() is not None


def remove_unwanted_labels(connection: Connection) -> int:
    """Remove what is kept of lessons whose teacher does not agree (any more); how many."""
    return connection.execute(delete(labels).where(labels.c.lesson.not_in(_WANTED))).rowcount


def _require_lesson(connection: Connection, lesson: str, what_for: str) -> None:
    if not _is_there(connection, _LESSON, lesson):
        raise StoreError(f"There is no lesson {lesson!r} to {what_for}.")


def _is_there(connection: Connection, statement: Executable, lesson: str) -> bool:
    return connection.execute(statement, {"lesson": lesson}).first() is not None


def _delete(table: Table, lesson: str, moment: str, by: str) -> Delete:
    return delete(table).where(table.c.lesson == lesson, table.c.moment == moment, table.c.by == by)


def _label_values(label: Label, written_utc_ns: int) -> dict[str, Any]:
    rows = np.ascontiguousarray(label.rows, "<f8")
    values = {
        **asdict(label),
        "features": rows.shape[1],
        "rows": rows.tobytes(),
        "written_utc_ns": written_utc_ns,
    }
    # Its verdict holds the others.
    return {name: values[name] for name in labels.c.keys()}  # noqa: SIM118 - no dictionary: columns are its items


def _label(row: Row[*tuple[Any, ...]]) -> Label:
    return Label(
        lesson=row.lesson, moment=row.moment, by=row.said_by, role=row.role,
        is_confirmed=bool(row.is_confirmed), kind=row.kind, is_room=bool(row.is_room),
        utc_ns=row.utc_ns, model=row.model, features_version=row.features_version,
        rows=np.frombuffer(row.rows, "<f8").reshape(-1, row.features).astype(np.float64),
    )  # fmt: skip
