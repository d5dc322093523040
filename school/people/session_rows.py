"""Rows of sessions, and when a session is over."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, exists, select

from contract.clock import SECOND_NS
from school.people.records import Session
from school.people.tokens import AHEAD_NS
from school.schema import session_factors, sessions

__all__ = ["BY_TOKEN", "IDLE_NS", "SESSION", "end_sessions", "is_open", "session_of"]

IDLE_NS: Final = 86_400 * SECOND_NS
"""A session ends after this long without being used."""

SESSION: Final = select(
    sessions.c.id, sessions.c.person, sessions.c.created_utc_ns, sessions.c.seen_utc_ns,
    sessions.c.expires_utc_ns, sessions.c.browser,
    exists().where(session_factors.c.token_hash == sessions.c.token_hash),
)  # fmt: skip
BY_TOKEN: Final = SESSION.where(sessions.c.token_hash == bindparam("token_hash"))


def session_of(row: Row[*tuple[Any, ...]]) -> Session:
    return Session(
        id=row[0], person=row[1], created_utc_ns=row[2], seen_utc_ns=row[3],
        expires_utc_ns=row[4], browser=row[5], has_second_factor=bool(row[6]),
    )  # fmt: skip


def is_open(session: Session, utc_ns: int) -> bool:
    until_ns = min(session.expires_utc_ns, session.seen_utc_ns + IDLE_NS)
    return session.created_utc_ns - AHEAD_NS <= utc_ns < until_ns


def end_sessions(connection: Connection, person: str) -> None:
    """End all of a person's."""
    connection.execute(delete(sessions).where(sessions.c.person == person))
