"""Who does something, and when: what every change of people and shares is recorded with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from school.audit.log import append, append_unless_recent
from school.audit.names import actor_of, actor_of_program
from school.audit.records import Action, Event, Thing

__all__ = ["Actor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person or a program at a moment."""

    name: str
    utc_ns: int
    person: str | None = None
    """None for a program."""

    def record(
        self,
        connection: Connection,
        action: Action,
        thing: Thing,
        thing_id: str = "",
        *,
        lesson: str | None = None,
        detail: Mapping[str, int | str] | None = None,
    ) -> None:
        """Append what they do to the audit log, in the transaction in which it is done."""
        append(connection, self._event(connection, action, thing, thing_id, lesson, detail))

    def record_look(
        self,
        connection: Connection,
        thing: Thing,
        thing_id: str,
        *,
        lesson: str | None,
        within_ns: int,
    ) -> None:
        """Append that they look at something; once in a while is enough."""
        event = self._event(connection, "saw", thing, thing_id, lesson, None)
        append_unless_recent(connection, event, within_ns)

    def record_refusal(self, connection: Connection, token: str, *, within_ns: int) -> None:
        """Append that they refuse a program's token, by its id; "" means an unknown one."""
        thing: Thing = "token" if token else "unknown_token"
        event = self._event(connection, "refused_token", thing, token, None, None)
        append_unless_recent(connection, event, within_ns)

    def record_about(
        self,
        connection: Connection,
        action: Action,
        person: str,
        name: str,
        *,
        lesson: str | None = None,
        detail: Mapping[str, int | str] | None = None,
    ) -> None:
        """Append what they do to a person, who stands there by a token too."""
        token = actor_of(connection, person, name)
        self.record(connection, action, "person", token, lesson=lesson, detail=detail)

    def _event(
        self,
        connection: Connection,
        action: Action,
        thing: Thing,
        thing_id: str,
        lesson: str | None,
        detail: Mapping[str, int | str] | None,
    ) -> Event:
        if self.person is None:
            token = actor_of_program(connection, self.name)
        else:
            token = actor_of(connection, self.person, self.name)
        return Event(
            at_utc_ns=self.utc_ns, actor=token, action=action, thing=thing, thing_id=thing_id,
            lesson=lesson, detail=detail or {},
        )  # fmt: skip
