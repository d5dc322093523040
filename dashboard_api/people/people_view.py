"""The list of people: what there is to say of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from dashboard_api.views.text import local_time_text
from school.people.records import Person
from school.people.ways_in import WaysIn

__all__ = ["AccountLine", "PersonLine", "person_line", "way_in_text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLine:
    """A linked school account."""

    id: str
    issuer: str
    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLine:
    """A person, as administrators see them."""

    person: Person
    names: list[str]
    """Of timetables, which mean them."""
    way_in: str
    accounts: tuple[AccountLine, ...]
    has_way_in: bool
    """Whether they can sign in already, so that a link is for a new password."""


def person_line(
    person: Person, names: list[str], ways: WaysIn, utc_ns: int, zone: tzinfo | None
) -> PersonLine:
    return PersonLine(
        person=person,
        names=names,
        way_in=way_in_text(person, ways, utc_ns, zone),
        accounts=tuple(
            AccountLine(
                id=each.id, issuer=each.issuer, since=local_time_text(each.created_utc_ns, zone)
            )
            for each in ways.accounts
        ),
        has_way_in=person.has_password or bool(ways.accounts),
    )


def way_in_text(person: Person, ways: WaysIn, utc_ns: int, zone: tzinfo | None) -> str:
    """How they sign in, or what has become of their invitation."""
    until = ways.open_until(utc_ns)
    at = None if until is None else local_time_text(until, zone)
    n = len(ways.accounts)
    accounts = "a school account" if n == 1 else f"{n} school accounts"
    if not person.has_password and not n:
        if at is not None:
            return f"invited; the link works until {at}"
        link = ways.link
        if link is not None and link.used_utc_ns is None:
            return f"invited; the link ended on {local_time_text(link.expires_utc_ns, zone)}"
        return "can't sign in; a new link is needed"
    if person.has_password:
        words = f"has a password, and signs in with {accounts} too" if n else "has a password"
    else:
        words = f"signs in with {accounts}, without a password"
    return words if at is None else f"{words}; a link for a new password works until {at}"
