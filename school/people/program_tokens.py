"""Tokens for programs: each opens one role of its owner's, and perhaps one lesson alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from contract.clock import SECOND_NS
from contract.errors import UsageError
from contract.language import _
from school.audit.actor import Actor
from school.database import SchoolDatabase
from school.people.records import Person, Role
from school.people.tokens import new_id, new_token, token_hash
from school.schema import program_tokens

__all__ = ["CALENDAR", "MAX_TOKENS", "TOKEN_NS", "ProgramToken", "TokenStore", "end_tokens"]

TOKEN_NS: Final = 366 * 86_400 * SECOND_NS
"""The longest that one works: until the end of a day within a year."""
MAX_TOKENS: Final = 20
"""Of one person."""
PREFIX: Final = "roomtone_"
"""Programs that search for secrets in the wrong places know it by this."""
_USED_EACH_NS: Final = 600 * SECOND_NS
_REFUSED_EACH_NS: Final = 600 * SECOND_NS
_MAX_NAME: Final = 100
TokenRole = Role | Literal["calendar"]
CALENDAR: Final = "calendar"
"""Beside the roles: what opens one's own calendar alone."""
_TOKEN: Final = select(
    program_tokens.c.id, program_tokens.c.person, program_tokens.c.name, program_tokens.c.role,
    program_tokens.c.lesson, program_tokens.c.created_utc_ns, program_tokens.c.expires_utc_ns,
    program_tokens.c.used_utc_ns,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramToken:
    """What a token opens; its text is shown once and stored nowhere."""

    id: str
    """Names it to its owner and in the audit log, and opens nothing."""
    person: str
    name: str
    role: TokenRole
    lesson: str | None
    """The only lesson that it opens; None for all that the role may see."""
    created_utc_ns: int
    expires_utc_ns: int
    used_utc_ns: int | None
    """Its last use, exact to ten minutes."""

    @property
    def is_calendar(self) -> bool:
        """Whether it opens the calendar of what its owner plans, and nothing else."""
        return self.role == CALENDAR

    def narrowed(self, owner: Person) -> Person | None:
        """The owner with the token's role alone; None if they do not have it any more."""
        if self.role == CALENDAR or self.role not in owner.roles:
            return None
        return replace(owner, roles=frozenset({self.role}))


class TokenStore:
    """Any number of programs may use it, each change in a transaction of its own."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def make(
        self, owner: Person, name: str, role: Role, lesson: str | None, by: Actor, *, until_ns: int
    ) -> str:
        """Make a token and return its text; raises UsageError."""
        name = " ".join(name.split())[:_MAX_NAME]
        if not name:
            raise UsageError(_("Give the token a name that says what it is for."))
        if role not in owner.roles:
            raise UsageError(_("A token can have one of your own roles only."))
        return self._make(owner, name, role, lesson, by, until_ns=until_ns)

    def make_calendar(self, owner: Person, name: str, by: Actor, *, until_ns: int) -> str:
        """Make the secret of a calendar's address, which ends the one before; raises UsageError.

        It has no role, so that it opens no page and no part of the interface. Like a token of a
        role that somebody has no more, it ends when their roles change.
        """
        with self._database.writing() as connection:
            _end(
                connection, by, program_tokens.c.person == owner.id,
                program_tokens.c.role == CALENDAR,
            )  # fmt: skip
        return self._make(owner, name, CALENDAR, None, by, until_ns=until_ns)

    def _make(
        self, owner: Person, name: str, role: TokenRole, lesson: str | None, by: Actor, *,
        until_ns: int,
    ) -> str:  # fmt: skip
        if not by.utc_ns < until_ns <= by.utc_ns + TOKEN_NS:
            raise UsageError(_("A token works until a day within a year."))
        text = PREFIX + new_token()
        token_id = new_id()
        with self._database.writing() as connection:
            own = select(func.count()).where(program_tokens.c.person == owner.id)
            if int(connection.scalars(own).one()) >= MAX_TOKENS:
                raise UsageError(
                    _("You have {n} tokens; revoke one that is not needed.", n=MAX_TOKENS)
                )
            connection.execute(
                insert(program_tokens),
                {
                    "token_hash": token_hash(text), "id": token_id, "person": owner.id,
                    "name": name, "role": role, "lesson": lesson, "created_utc_ns": by.utc_ns,
                    "expires_utc_ns": until_ns, "used_utc_ns": None,
                },
            )  # fmt: skip
            days = (until_ns - by.utc_ns) // (86_400 * SECOND_NS)
            detail = {"role": role, "days": days}
            by.record(connection, "made_token", "token", token_id, lesson=lesson, detail=detail)
        return text

    def find(self, text: str, utc_ns: int) -> ProgramToken | None:
        """The token with this text, if it still works; notes its use."""
        hashed = token_hash(text)
        with self._database.reading() as connection:
            row = connection.execute(
                _TOKEN.where(program_tokens.c.token_hash == hashed)
            ).one_or_none()
        found = None if row is None else _token_of(row)
        if found is None or found.expires_utc_ns <= utc_ns:
            return None
        if found.used_utc_ns is None or utc_ns - found.used_utc_ns >= _USED_EACH_NS:
            with self._database.recording() as connection:
                connection.execute(
                    update(program_tokens).where(program_tokens.c.token_hash == hashed),
                    {"used_utc_ns": utc_ns},
                )
        return found

    def of_person(self, person: str) -> list[ProgramToken]:
        """Someone's tokens, also those whose time is over, the latest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                _TOKEN.where(program_tokens.c.person == person).order_by(
                    program_tokens.c.created_utc_ns.desc(), program_tokens.c.id
                )
            ).all()
        return [_token_of(row) for row in rows]

    def revoke(self, person: str, token_id: str, by: Actor) -> None:
        """End one of someone's own tokens."""
        with self._database.writing() as connection:
            _end(connection, by, program_tokens.c.person == person, program_tokens.c.id == token_id)

    def record_refusal(self, token: ProgramToken | None, by: Actor) -> None:
        """Record that a token was refused; often in ten minutes is one entry."""
        with self._database.recording() as connection:
            by.record_refusal(
                connection, "" if token is None else token.id, within_ns=_REFUSED_EACH_NS
            )


def end_tokens(connection: Connection, person: str, kept: Collection[Role], by: Actor) -> None:
    """End those of someone's tokens whose role they do not have any more."""
    of_others = program_tokens.c.role.not_in(sorted(kept))
    _end(connection, by, program_tokens.c.person == person, of_others)


def _end(connection: Connection, by: Actor, *which: Any) -> None:
    ended = connection.execute(
        select(program_tokens.c.id, program_tokens.c.lesson).where(*which)
    ).all()
    connection.execute(delete(program_tokens).where(*which))
    for token_id, lesson in ended:
        by.record(connection, "revoked_token", "token", token_id, lesson=lesson)


def _token_of(row: Row[*tuple[Any, ...]]) -> ProgramToken:
    return ProgramToken(
        id=row[0], person=row[1], name=row[2], role=row[3], lesson=row[4],
        created_utc_ns=row[5], expires_utc_ns=row[6], used_utc_ns=row[7],
    )  # fmt: skip
