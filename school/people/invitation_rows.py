"""Queries on invitations."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, Select, delete, select

from school.people.records import Invitation
from school.people.tokens import AHEAD_NS, token_hash
from school.schema import invitations

__all__ = ["end_unused", "invitations_of", "last_invitations", "open_invitation"]

_INVITATIONS: Final = select(
    invitations.c.person, invitations.c.made_by, invitations.c.created_utc_ns,
    invitations.c.expires_utc_ns, invitations.c.used_utc_ns,
).order_by(invitations.c.created_utc_ns.desc(), invitations.c.token_hash)  # fmt: skip


def open_invitation(token: str, utc_ns: int) -> Select[Any]:
    """Whose invitation a token is, if it still works."""
    return select(invitations.c.person).where(
        invitations.c.token_hash == token_hash(token),
        invitations.c.used_utc_ns.is_(None),
        invitations.c.expires_utc_ns > utc_ns,
        invitations.c.created_utc_ns <= utc_ns + AHEAD_NS,
    )


def end_unused(connection: Connection, person: str) -> None:
    """End someone's links that nobody has used."""
    unused = invitations.c.used_utc_ns.is_(None)
    connection.execute(delete(invitations).where(invitations.c.person == person, unused))


def invitations_of(connection: Connection, person: str, since_utc_ns: int) -> list[Invitation]:
    """Those made for someone since a time, the latest first."""
    rows = connection.execute(
        _INVITATIONS.where(
            invitations.c.person == person, invitations.c.created_utc_ns >= since_utc_ns
        )
    ).all()
    return [_invitation_of(row) for row in rows]


def last_invitations(connection: Connection) -> dict[str, Invitation]:
    """The latest one of each person."""
    found: dict[str, Invitation] = {}
    for row in connection.execute(_INVITATIONS).all():
        found.setdefault(row[0], _invitation_of(row))
    return found


def _invitation_of(row: Row[*tuple[Any, ...]]) -> Invitation:
    return Invitation(
        person=row[0], made_by=row[1], created_utc_ns=row[2], expires_utc_ns=row[3],
        used_utc_ns=row[4],
    )  # fmt: skip
