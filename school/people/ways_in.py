"""How people can sign in: by a password, a school account, or a link that waits for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from school.database import SchoolDatabase
from school.people.identities import all_identities
from school.people.invitation_rows import last_invitations
from school.people.records import Identity, Invitation
from school.people.tokens import AHEAD_NS

__all__ = ["NO_WAY", "WaysIn", "WaysInStore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaysIn:
    """What someone has beside a password."""

    accounts: tuple[Identity, ...] = ()
    """Their linked school accounts, the oldest first."""
    link: Invitation | None = None
    """The latest link that was made for them."""

    def open_until(self, utc_ns: int) -> int | None:
        """Until when a link works that nobody has used; None if there is none."""
        link = self.link
        if link is None or link.used_utc_ns is not None:
            return None
        is_open = link.created_utc_ns - AHEAD_NS <= utc_ns < link.expires_utc_ns
        return link.expires_utc_ns if is_open else None


NO_WAY: Final = WaysIn()


class WaysInStore:
    """Any number of programs may read it."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def of_all(self) -> dict[str, WaysIn]:
        """By person; those who have nothing of it are not there."""
        with self._database.reading() as connection:
            accounts, links = all_identities(connection), last_invitations(connection)
        return {
            person: WaysIn(accounts=tuple(accounts.get(person, ())), link=links.get(person))
            for person in {*accounts, *links}
        }
