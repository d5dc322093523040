"""Who wrote a moment or answered about one, as a reader of the lesson sees it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from contract.language import N_, _
from dashboard_api.web.store_thread import Stores
from school.audit.entries import SOMEONE_GONE
from school.moments.records import Speaker

__all__ = ["NOBODY", "Authors", "authors_of"]

_UNKNOWN: Final[Mapping[Speaker, str]] = {
    "teacher": N_("the teacher"), "coach": N_("a coach"),
}  # fmt: skip
"""Whose words are older than the authors' names: what they spoke as is all that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authors:
    """The people who wrote about one lesson, by name and never by id."""

    names: Mapping[str, str] = field(default_factory=dict)
    """Of those who are still there, by id."""
    reader: str = ""
    """The id of who reads."""

    def name(self, person: str, role: Speaker) -> str:
        """What someone is called who spoke in this role."""
        if not person:
            return _(_UNKNOWN[role])
        return self.names.get(person) or _(SOMEONE_GONE)

    def is_reader(self, person: str) -> bool:
        """Whether the words are the reader's own."""
        return person != "" and person == self.reader


NOBODY: Final = Authors()


def authors_of(stores: Stores, reader: str, people: Iterable[str]) -> Authors:
    """One question for all of them."""
    return Authors(names=stores.people.names({each for each in people if each}), reader=reader)
