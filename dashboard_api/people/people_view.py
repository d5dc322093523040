"""The list of people: what there is to say of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from contract.language import _, ngettext
from dashboard_api.language.dates import local_time_text
from school.people.records import Person
from school.people.ways_in import WaysIn

__all__ = ["AccountLine", "PersonLine", "person_line", "waits_for_link", "way_in_text"]


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
    in_roster: bool | None
    """Whether a roster names them; None if none ever did."""
    waits: bool
    """Whether they came by a roster, and nobody has invited them."""


def person_line(
    person: Person,
    names: list[str],
    ways: WaysIn,
    utc_ns: int,
    zone: tzinfo | None,
    *,
    in_roster: bool | None,
) -> PersonLine:
    has_way_in = person.has_password or bool(ways.accounts)
    waits = waits_for_link(person, ways, utc_ns, in_roster=in_roster)
    return PersonLine(
        person=person,
        names=names,
        way_in=_("not invited yet")
        if waits and ways.link is None
        else way_in_text(person, ways, utc_ns, zone),
        accounts=tuple(
            AccountLine(
                id=each.id, issuer=each.issuer, since=local_time_text(each.created_utc_ns, zone)
            )
            for each in ways.accounts
        ),
        has_way_in=has_way_in,
        in_roster=in_roster,
        waits=waits,
    )


def waits_for_link(person: Person, ways: WaysIn, utc_ns: int, *, in_roster: bool | None) -> bool:
    """Whether they came by a roster, and nobody has invited them."""
    has_way_in = person.has_password or bool(ways.accounts)
    return bool(in_roster) and not has_way_in and ways.open_until(utc_ns) is None


def way_in_text(person: Person, ways: WaysIn, utc_ns: int, zone: tzinfo | None) -> str:
    """How they sign in, or what has become of their invitation."""
    until = ways.open_until(utc_ns)
    at = None if until is None else local_time_text(until, zone)
    n = len(ways.accounts)
    if not person.has_password and not n:
        if at is not None:
            return _("invited; the link works until {at}", at=at)
        link = ways.link
        if link is not None and link.used_utc_ns is None:
            ended = local_time_text(link.expires_utc_ns, zone)
            return _("invited; the link ended on {at}", at=ended)
        return _("can't sign in; a new link is needed")
    words = _way_in(n, has_password=person.has_password)
    if at is None:
        return words
    return _("{way_in}; a link for a new password works until {at}", way_in=words, at=at)


def _way_in(accounts: int, *, has_password: bool) -> str:
    if not accounts:
        return _("has a password")
    if has_password:
        return ngettext(
            "has a password, and signs in with a school account too",
            "has a password, and signs in with {n} school accounts too",
            accounts,
        )
    return ngettext(
        "signs in with a school account, without a password",
        "signs in with {n} school accounts, without a password",
        accounts,
    )
