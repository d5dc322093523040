"""Queries on invitations."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, select

from school.people.records import Invitation
from school.people.tokens import token_hash
from school.schema import invitations

__all__ = ["invitations_of", "open_invitation"]


def open_invitation(token: str, utc_ns: int) -> Select[Any]:
    """Whose invitation a token is, if it still works."""
    return select(invitations.c.person).where(
        invitations.c.token_hash == token_hash(token),
        invitations.c.used_utc_ns.is_(None),
        invitations.c.expires_utc_ns > utc_ns,
    )


def invitations_of(connection: Connection, person: str, since_utc_ns: int) -> list[Invitation]:
    """Those made for someone since a time, the latest first."""
    columns = (
        invitations.c.person, invitations.c.made_by, invitations.c.created_utc_ns,
        invitations.c.expires_utc_ns, invitations.c.used_utc_ns,
    )  # fmt: skip
    rows = connection.execute(
        select(*columns)
        .where(invitations.c.person == person, invitations.c.created_utc_ns >= since_utc_ns)
        .order_by(invitations.c.created_utc_ns.desc())
    ).all()
    return [
        Invitation(
            person=row[0], made_by=row[1], created_utc_ns=row[2], expires_utc_ns=row[3],
            used_utc_ns=row[4],
        )
        for row in rows
    ]  # fmt: skip
