"""The entries of the audit log: appended, read as they are hashed, and removed at their age.

Each function runs in its caller's transaction, so that what is done and its record are committed
together. Writers take turns (`SchoolDatabase.writing`, `recording`), so they keep one chain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    bindparam,
    cast,
    delete,
    insert,
    select,
    update,
)

from school.audit.chain import START, ChainRow, entry_hash
from school.audit.records import Event, detail_text
from school.schema import audit_events, audit_head

__all__ = [
    "HashedRow",
    "SignedHead",
    "Tip",
    "append",
    "append_unless_recent",
    "last_removable",
    "remove_up_to",
    "rows_after",
    "signed_head",
    "tip",
]

_EVENTS: Final = audit_events.c
_INSERT: Final = insert(audit_events)
_LAST: Final = select(_EVENTS.number, _EVENTS.hash).order_by(_EVENTS.number.desc()).limit(1)
_HEAD: Final = select(
    audit_head.c.number, audit_head.c.hash, audit_head.c.at_utc_ns, audit_head.c.signature
)
_RECENT: Final = (
    select(_EVENTS.number)
    .where(
        _EVENTS.actor == bindparam("actor"), _EVENTS.action == bindparam("action"),
        _EVENTS.thing == bindparam("thing"), _EVENTS.thing_id == bindparam("thing_id"),
        _EVENTS.at_utc_ns > bindparam("since"),
    )
    .limit(1)
)  # fmt: skip
_FIRST: Final = (
    select(_EVENTS.number, _EVENTS.hash, _EVENTS.at_utc_ns)
    .order_by(_EVENTS.number)
    .limit(bindparam("most"))
)
_DELETE: Final = delete(audit_events).where(_EVENTS.number <= bindparam("last"))


class Tip(NamedTuple):
    """An entry's number and hash; the next one follows it. 0 and `START` before there is any."""

    number: int
    hash: bytes


class HashedRow(NamedTuple):
    """An entry as it is in the database, with the hash beside it."""

    row: ChainRow
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHead:
    """An entry's number and hash, as they were at a time; `heads.py` has what is signed."""

    at_utc_ns: int
    number: int
    hash: bytes
    signature: bytes


def append(connection: Connection, event: Event) -> int:
    """Append an event; its number."""
    before = tip(connection)
    detail = detail_text(event.detail)
    row = ChainRow(
        number=before.number + 1, at_utc_ns=event.at_utc_ns, actor=event.actor.encode(),
        action=event.action.encode(), thing=event.thing.encode(), thing_id=event.thing_id.encode(),
        lesson=None if event.lesson is None else event.lesson.encode(), detail=detail.encode(),
    )  # fmt: skip
    values = {
        "number": row.number, "at_utc_ns": event.at_utc_ns, "actor": event.actor,
        "action": event.action, "thing": event.thing, "thing_id": event.thing_id,
        "lesson": event.lesson, "detail": detail, "hash": entry_hash(before.hash, row),
    }  # fmt: skip
    connection.execute(_INSERT, values)
    return row.number


def append_unless_recent(connection: Connection, event: Event, within_ns: int) -> int | None:
    """Append it, unless the same person did the same to the same thing a moment before.

    For a page that asks again each second, so that a look at it is one entry.
    """
    same = {
        "actor": event.actor, "action": event.action, "thing": event.thing,
        "thing_id": event.thing_id, "since": event.at_utc_ns - within_ns,
    }  # fmt: skip
    if connection.execute(_RECENT, same).first() is not None:
        return None
    return append(connection, event)


def tip(connection: Connection) -> Tip:
    """The newest entry; where retention has removed all, the last one that it removed."""
    last = connection.execute(_LAST).first()
    if last is not None:
        return Tip(last.number, last.hash)
    head = signed_head(connection)
    return Tip(0, START) if head is None else Tip(head.number, head.hash)


def signed_head(connection: Connection) -> SignedHead | None:
    """The last entry that retention removed; None if it has removed none."""
    found = connection.execute(_HEAD).first()
    if found is None:
        return None
    return SignedHead(
        at_utc_ns=found.at_utc_ns, number=found.number, hash=found.hash, signature=found.signature
    )


def rows_after(connection: Connection, number: int, most: int) -> Iterator[HashedRow]:
    """The next entries after a number, at most so many, as bytes: they may be damaged."""
    columns = [*_as_bytes(connection), _EVENTS.hash]
    some = (
        select(_EVENTS.number, _EVENTS.at_utc_ns, *columns)
        .where(_EVENTS.number > number)
        .order_by(_EVENTS.number)
        .limit(most)
    )
    for row in connection.execute(some).all():
        words = [_bytes(each) for each in row[2:8]]
        actor, action, thing, thing_id, lesson, detail = words
        yield HashedRow(
            ChainRow(
                row[0], row[1], actor or b"", action or b"", thing or b"", thing_id or b"", lesson,
                detail or b"",
            ),
            row[8],
        )  # fmt: skip


def last_removable(
    connection: Connection, covered: int, before_utc_ns: int, most: int
) -> Tip | None:
    """The last of the oldest entries that can go, at most so many; None if none can.

    All of them are from before a time and have numbers up to `covered`. An entry that a clock dated
    too late keeps those behind it: they stay too long, and none too short.
    """
    last = None
    for number, found, at_utc_ns in connection.execute(_FIRST, {"most": most}).all():
        if at_utc_ns >= before_utc_ns or number > covered:
            break
        last = Tip(number, found)
    return last


def remove_up_to(connection: Connection, head: SignedHead) -> int:
    """Keep a signed head and remove the entries up to it; how many they were."""
    values = {
        "number": head.number, "hash": head.hash, "at_utc_ns": head.at_utc_ns,
        "signature": head.signature,
    }  # fmt: skip
    if not connection.execute(update(audit_head).values(values)).rowcount:
        connection.execute(insert(audit_head), {"id": 0, **values})
    return connection.execute(_DELETE, {"last": head.number}).rowcount


def _as_bytes(connection: Connection) -> list[ColumnElement[Any]]:
    columns = (
        _EVENTS.actor, _EVENTS.action, _EVENTS.thing, _EVENTS.thing_id, _EVENTS.lesson,
        _EVENTS.detail,
    )  # fmt: skip
    if connection.dialect.name != "sqlite":
        return list(columns)  # PostgreSQL holds no text that is not UTF-8
    return [cast(each, LargeBinary) for each in columns]


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
