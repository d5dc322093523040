"""What a request proves itself with: a session's cookie, or a program's token."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from dashboard_api.web.store_thread import Stores
from school.people.program_tokens import ProgramToken
from school.people.records import Person, Session

__all__ = ["Holder", "Secret"]

_BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose a secret is, with the roles that it opens."""

    person: Person
    session: Session | None
    token: ProgramToken | None


@dataclass(frozen=True, slots=True)
class Secret:
    """The secret itself; never printed."""

    text: str = field(repr=False)
    is_token: bool = False

    @classmethod
    def of(cls, connection: HTTPConnection, cookie: str) -> Secret:
        """That of a request; with a token, cookies mean nothing."""
        given = connection.headers.get("authorization", "")
        if given[: len(_BEARER)].lower() == _BEARER:
            return cls(given[len(_BEARER) :].strip(), is_token=True)
        return cls(connection.cookies.get(cookie, ""))

    def holder(self, stores: Stores, utc_ns: int) -> Holder | None:
        """Whose it is now; None if it opens nothing, or not any more."""
        if not self.is_token:
            found = stores.people.session(self.text, utc_ns) if self.text else None
            return None if found is None else Holder(found[1], found[0], None)
        token = stores.people.tokens.find(self.text, utc_ns)
        owner = None if token is None else stores.people.person(token.person)
        person = None if token is None or owner is None else token.narrowed(owner)
        return None if person is None else Holder(person, None, token)
