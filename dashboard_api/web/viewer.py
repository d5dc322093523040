"""The person whose request is being answered."""

from __future__ import annotations

from dataclasses import dataclass, replace

from school.audit.actor import Actor
from school.people.program_tokens import ProgramToken
from school.people.records import Person, Session
from school.sharing.policy import Action

__all__ = ["Viewer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who asks, and what for."""

    person: Person
    session: Session | None
    """None for a program with a token."""
    action: Action | None
    """What the route does; None for pages about oneself."""
    utc_ns: int
    """When the request came, by the lessons' clock."""
    people_utc_ns: int
    """The same by the clock of those who look at the pages."""
    token: ProgramToken | None = None
    """With what a program came; the person then has its role alone."""

    @property
    def actor(self) -> Actor:
        """The person at the moment of the request, for the audit log."""
        person = self.person
        return Actor(name=person.name, utc_ns=self.people_utc_ns, person=person.id)

    def may_open(self, lesson_id: str) -> bool:
        """Whether a token's only lesson is this one; a person may open every lesson of theirs."""
        return self.token is None or self.token.lesson in (None, lesson_id)

    def acting(self, action: Action) -> Viewer:
        """The same person, about to do something else."""
        return replace(self, action=action)
