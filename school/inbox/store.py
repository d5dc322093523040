"""What is new to whom, in the school's database."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Subquery,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)

from school.database import SchoolDatabase
from school.debrief.tables import action_steps
from school.inbox.records import WaitingLesson
from school.inbox.tables import digests, lesson_looks
from school.moments.tables import replies
from school.schema import hidden_lessons, lesson_owners, lessons, moments, shares
from school.sql_store import put_row

__all__ = ["InboxStore"]

_ME: Final[BindParameter[str]] = bindparam("me")
_NOW: Final[BindParameter[int]] = bindparam("now")
_OWN: Final = select(lesson_owners.c.lesson).where(lesson_owners.c.person == _ME)
_SHARED: Final = select(shares.c.lesson).where(
    shares.c.person == _ME,
    shares.c.until_utc_ns > _NOW,
    shares.c.lesson.not_in(select(hidden_lessons.c.lesson)),
)
_NEVER: Final = literal(-1)


def _events() -> Subquery:
    """One row an event: a share, a reply, a note, a proposal; with its lesson and its time."""
    shared = select(
        shares.c.lesson, shares.c.created_utc_ns.label("at"), literal("share").label("kind")
    ).where(
        shares.c.person == _ME,
        shares.c.until_utc_ns > _NOW,
        shares.c.lesson.not_in(select(hidden_lessons.c.lesson)),
    )
    replied = (
        select(replies.c.lesson, replies.c.written_utc_ns, literal("reply"))
        .join(moments, moments.c.id == replies.c.moment)
        .where(
            replies.c.author != _ME,
            or_(
                replies.c.lesson.in_(_OWN),
                and_(moments.c.author == _ME, replies.c.lesson.in_(_SHARED)),
            ),
        )
    )
    noted = select(moments.c.lesson, moments.c.written_utc_ns, literal("note")).where(
        moments.c.lesson.in_(_OWN),
        moments.c.author != _ME,
        moments.c.written_utc_ns.is_not(None),
    )
    # A proposal waits until it is answered, also after a look.
    proposed = select(
        action_steps.c.lesson, action_steps.c.changed_utc_ns, literal("proposal")
    ).where(
        action_steps.c.person == _ME,
        action_steps.c.state == "proposed",
        action_steps.c.lesson.is_not(None),
    )
    return union_all(shared, replied, noted, proposed).subquery("events")


_EVENTS: Final = _events()
_SEEN: Final[ColumnElement[int]] = func.coalesce(lesson_looks.c.looked_utc_ns, _NEVER)
_WAITING: Final = (
    select(
        _EVENTS.c.lesson,
        _EVENTS.c.kind,
        func.count().label("n"),
        func.max(_EVENTS.c.at).label("at"),
        func.max(_SEEN).label("seen"),
    )
    .join(lessons, lessons.c.id == _EVENTS.c.lesson)
    .outerjoin(
        lesson_looks,
        and_(lesson_looks.c.lesson == _EVENTS.c.lesson, lesson_looks.c.person == _ME),
    )
    .where(or_(_EVENTS.c.at > _SEEN, _EVENTS.c.kind == "proposal"))
    .group_by(_EVENTS.c.lesson, _EVENTS.c.kind)
    .order_by(func.max(_EVENTS.c.at).desc(), _EVENTS.c.lesson)
)
_WAITING_IN: Final = _WAITING.where(_EVENTS.c.lesson == bindparam("opened"))


class InboxStore:
    """Any number of programs may use it."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def waiting(self, person: str, utc_ns: int) -> list[WaitingLesson]:
        """The lessons with something that is new to someone, the newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(_WAITING, {"me": person, "now": utc_ns}).all()
        found: dict[str, dict[str, tuple[int, int, int]]] = {}
        for row in rows:
            found.setdefault(row.lesson, {})[row.kind] = row.n, row.at, row.seen
        return [
            WaitingLesson(
                lesson=lesson,
                seen_utc_ns=max(seen for _, _, seen in kinds.values()),
                shared_utc_ns=kinds["share"][1] if "share" in kinds else None,
                has_replies="reply" in kinds,
                has_notes="note" in kinds,
                proposed=kinds["proposal"][0] if "proposal" in kinds else 0,
            )
            for lesson, kinds in found.items()
        ]

    def look(self, person: str, lesson: str, utc_ns: int) -> None:
        """Someone opens a lesson: what was new in it is not new to them any more."""
        values = {"me": person, "now": utc_ns, "opened": lesson}
        with self._database.reading() as connection:
            rows = connection.execute(_WAITING_IN, values).all()
        if all(row.at <= row.seen for row in rows):
            return
        looked = {"person": person, "lesson": lesson, "looked_utc_ns": utc_ns}
        with self._database.writing() as connection:
            put_row(connection, lesson_looks, looked)

    def is_mailed(self, person: str) -> bool:
        """Whether someone gets what waits for them by mail."""
        found = select(digests.c.person).where(digests.c.person == person)
        with self._database.reading() as connection:
            return connection.execute(found).first() is not None

    def mail(self, person: str, utc_ns: int, *, is_on: bool) -> None:
        """From now on they do, or do not; what waits already is not sent."""
        mine = digests.c.person == person
        with self._database.writing() as connection:
            is_there = connection.execute(select(digests.c.person).where(mine)).first() is not None
            if is_on and not is_there:
                connection.execute(insert(digests), {"person": person, "sent_utc_ns": utc_ns})
            elif not is_on:
                connection.execute(delete(digests).where(mine))

    def due(self, before_utc_ns: int) -> list[tuple[str, int]]:
        """Who gets mail and had none since, with when they had one."""
        found = (
            select(digests.c.person, digests.c.sent_utc_ns)
            .where(digests.c.sent_utc_ns <= before_utc_ns)
            .order_by(digests.c.person)
        )
        with self._database.reading() as connection:
            return [(row.person, row.sent_utc_ns) for row in connection.execute(found).all()]

    def note_sent(self, person: str, was_utc_ns: int, utc_ns: int) -> bool:
        """Note a mail before it is sent; False if another program was first, or it is switched off."""
        mine = and_(digests.c.person == person, digests.c.sent_utc_ns == was_utc_ns)
        with self._database.writing() as connection:
            found = connection.execute(update(digests).where(mine).values(sent_utc_ns=utc_ns))
            return bool(found.rowcount)
