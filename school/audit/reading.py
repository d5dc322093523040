"""The audit log as people read it: the newest first, with the names that are still known."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select

from school.audit.entries import SOMEONE_GONE, Entry
from school.audit.names import token_of
from school.audit.records import Action, Detail
from school.schema import audit_events, audit_names

__all__ = [
    "about",
    "done_to",
    "events_of_actors",
    "events_of_lesson",
    "first_look",
    "latest",
    "of_actions",
    "own",
]

_EVENTS: Final = audit_events.c
_THINGS: Final = audit_names.alias("things")
_ALL: Final = (
    select(
        _EVENTS.number, _EVENTS.at_utc_ns, audit_names.c.name, audit_names.c.person, _EVENTS.action,
        _EVENTS.thing, _EVENTS.thing_id, _EVENTS.actor, _THINGS.c.name.label("thing_name"),
        _EVENTS.lesson, _EVENTS.detail,
    )
    .select_from(audit_events)
    .outerjoin(audit_names, audit_names.c.actor == _EVENTS.actor)
    .outerjoin(
        _THINGS, and_(_EVENTS.thing == "person", _THINGS.c.actor == _EVENTS.thing_id)
    )
    .order_by(_EVENTS.number.desc())
)  # fmt: skip
_PAGE: Final = 100


def events_of_lesson(
    connection: Connection, lesson: str, *, limit: int = _PAGE, before: int | None = None
) -> list[Entry]:
    """Who did what to a lesson: at most `limit` entries, those with numbers below `before`."""
    return _some(connection, limit, before, _EVENTS.lesson == lesson)


def first_look(connection: Connection, lesson: str, person: str, since_utc_ns: int) -> int | None:
    """When someone opened a lesson or its video, first after a time."""
    found = select(func.min(_EVENTS.at_utc_ns)).where(
        _EVENTS.lesson == lesson, _EVENTS.action == "saw", _EVENTS.at_utc_ns >= since_utc_ns,
        _EVENTS.thing.in_(("lesson", "video")), _EVENTS.actor == token_of(connection, person),
    )  # fmt: skip
    at: int | None = connection.scalar(found)
    return at


def latest(
    connection: Connection, limit: int = _PAGE, before: int | None = None
) -> list[Entry]:  # fmt: skip
    """The newest entries of all."""
    return _some(connection, limit, before)


def of_actions(
    connection: Connection,
    actions: Collection[Action],
    limit: int = _PAGE,
    before: int | None = None,
) -> list[Entry]:
    """The newest entries in which one of these was done."""
    return _some(connection, limit, before, _EVENTS.action.in_(sorted(actions)))


def own(
    connection: Connection, person_id: str, *, limit: int = _PAGE, before: int | None = None
) -> list[Entry]:
    """What a person did."""
    actor = token_of(connection, person_id)
    return [] if actor is None else _some(connection, limit, before, _EVENTS.actor == actor)


def about(
    connection: Connection, person_id: str, *, limit: int = _PAGE, before: int | None = None
) -> list[Entry]:
    """What was done to a person, such as a link to set a new password."""
    actor = token_of(connection, person_id)
    if actor is None:
        return []
    return _some(connection, limit, before, _EVENTS.thing_id == actor, _EVENTS.thing == "person")


def done_to(
    connection: Connection,
    person_id: str,
    actions: Collection[Action],
    since_utc_ns: int,
    limit: int = _PAGE,
) -> list[Entry]:
    """What others did to a person of these actions, since a time."""
    actor = token_of(connection, person_id)
    if actor is None:
        return []
    return _some(
        connection, limit, None,
        _EVENTS.thing_id == actor, _EVENTS.thing == "person", _EVENTS.actor != actor,
        _EVENTS.action.in_(sorted(actions)), _EVENTS.at_utc_ns >= since_utc_ns,
    )  # fmt: skip


def events_of_actors(
    connection: Connection,
    actors: Sequence[str],
    limit: int = _PAGE,
    before: int | None = None,
    *,
    lesson: str | None = None,
) -> list[Entry]:
    """What some did or what was done to them, also of one lesson alone."""
    of_person = or_(
        _EVENTS.actor.in_(actors), and_(_EVENTS.thing_id.in_(actors), _EVENTS.thing == "person")
    )
    of_lesson = () if lesson is None else (_EVENTS.lesson == lesson,)
    return _some(connection, limit, before, of_person, *of_lesson)


def _some(
    connection: Connection, limit: int, before: int | None, *which: ColumnElement[bool]
) -> list[Entry]:
    wanted = _ALL.where(*which).limit(limit)
    if before is not None:
        wanted = wanted.where(_EVENTS.number < before)
    return [_entry(row) for row in connection.execute(wanted).all()]


def _entry(row: Row[*tuple[Any, ...]]) -> Entry:
    is_person = row.thing == "person"
    return Entry(
        number=row.number, at_utc_ns=row.at_utc_ns, who=row.name or SOMEONE_GONE,
        action=row.action, thing=row.thing, thing_id=row.thing_id,
        thing_name=(row.thing_name or SOMEONE_GONE) if is_person else row.thing_id,
        lesson=row.lesson, detail=_detail(row.detail),
        is_program=row.name is not None and row.person is None,
        is_own=is_person and row.actor == row.thing_id,
    )  # fmt: skip


def _detail(text: str) -> Detail:
    try:
        detail = json.loads(text)
    except ValueError:
        return {}  # `roomtone audit verify` says that it was changed
    return detail if isinstance(detail, dict) else {}
