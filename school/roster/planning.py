"""What a sync changes: the difference between what is known and what a roster says. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from contract.errors import UsageError
from school.rooms.records import Site
from school.roster.forgetting import who_left
from school.roster.records import Kind, Organisation, Roster, RosterRecord, Teacher

__all__ = ["Difference", "Known", "KnownPerson", "plan_sync"]

_SCHOOL: Final = "school"
_MAX_SITE: Final = 32
_MAX_TITLE: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    """Someone who is here."""

    id: str
    name: str
    sign_in_name: str
    follows: bool
    """Whether the roster may still change their names: they are teachers alone, and can't come in yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is here before a sync."""

    roster: Roster
    """As the last sync left it, without those who are in it no more."""
    gone: Mapping[str, Teacher]
    """Teachers who were in it, by its ids."""
    links: Mapping[str, str]
    """The roster's id of a teacher → their id here."""
    people: Mapping[str, KnownPerson]
    """By id."""
    sites: Mapping[str, Site]
    site_of_org: Mapping[str, str]
    site_of_person: Mapping[str, str]
    left: Collection[str]
    """Hashes of the roster's ids of those who have left."""


@dataclass(slots=True, kw_only=True)
class Difference:
    """What a sync does, and what it only says."""

    roster: Roster
    """The state afterwards."""
    new_sites: list[Site] = field(default_factory=list)
    new_site_of_org: dict[str, str] = field(default_factory=dict)
    new_people: list[Teacher] = field(default_factory=list)
    """One for each name to sign in with."""
    linked: dict[str, str] = field(default_factory=dict)
    """The roster's id → the id of who is here already."""
    renamed: dict[str, tuple[KnownPerson, Teacher]] = field(default_factory=dict)
    """By person: they get the roster's names."""
    not_renamed: list[tuple[KnownPerson, Teacher]] = field(default_factory=list)
    """They come in already, so their names here stay."""
    changed: list[Teacher] = field(default_factory=list)
    """Those who are known, and stand in the roster otherwise than before."""
    newly_gone: list[Teacher] = field(default_factory=list)
    back: list[Teacher] = field(default_factory=list)
    still_gone: list[Teacher] = field(default_factory=list)
    left_here: int = 0
    """Those in the roster who have left Roomtone; they are not added again."""
    site_of_teacher: dict[str, str] = field(default_factory=dict)
    """The roster's id → the school where they belong, if that is to be written."""
    added: dict[Kind, list[RosterRecord]] = field(default_factory=dict)
    altered: dict[Kind, list[RosterRecord]] = field(default_factory=dict)
    removed: dict[Kind, list[RosterRecord]] = field(default_factory=dict)
    """What is no person."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be written."""
        parts = (
            self.new_site_of_org, self.new_people, self.linked, self.renamed, self.changed,
            self.newly_gone, self.back, self.site_of_teacher, self.added, self.altered, self.removed,
        )  # fmt: skip
        return not any(parts)


def plan_sync(known: Known, roster: Roster) -> Difference:
    """Compare them; people are never removed by it."""
    found = Difference(roster=_without_left(known, roster))
    found.left_here = len(roster.of("users")) - len(found.roster.of("users"))
    site_of = dict(known.site_of_org)
    _plan_sites(known, found, site_of)
    _plan_things(known, found)
    _plan_people(known, found)
    _plan_schools_of_people(known, found, site_of)
    return found


def _without_left(known: Known, roster: Roster) -> Roster:
    gone = who_left(roster.of("users"), known.left)
    if not gone:
        return roster
    users = {key: each for key, each in roster.of("users").items() if key not in gone}
    teachings = {
        key: each for key, each in roster.of("enrollments").items() if each.teacher not in gone
    }
    return Roster(records={**roster.records, "users": users, "enrollments": teachings})


def _plan_sites(known: Known, found: Difference, site_of: dict[str, str]) -> None:
    """Each school of the roster is a site: that with its title, or a new one."""
    taken = {**known.sites}
    meant = set(site_of.values())
    by_title = {site.title.casefold(): name for name, site in known.sites.items() if site.title}
    for org in sorted(found.roster.of("orgs").values(), key=lambda each: (each.name, each.id)):
        assert isinstance(org, Organisation)
        if org.kind != _SCHOOL or org.id in site_of:
            continue
        title = org.name[:_MAX_TITLE]
        name = by_title.get(title.casefold())
        if name is None or name in meant:
            name = _free_name(title, taken)
            site = Site(name=name, title=title)
            taken[name] = site
            found.new_sites.append(site)
        meant.add(name)
        site_of[org.id] = found.new_site_of_org[org.id] = name


def _free_name(title: str, taken: Collection[str]) -> str:
    """A name for MQTT made of what people call a school."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[: _MAX_SITE - 4].strip("-") or "school"
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    return name


def _plan_things(known: Known, found: Difference) -> None:
    kinds: tuple[Kind, ...] = ("orgs", "academicSessions", "courses", "classes", "enrollments")
    for kind in kinds:
        before, after = known.roster.of(kind), found.roster.of(kind)
        parts = (
            (found.added, [each for key, each in after.items() if key not in before]),
            (found.altered, [each for key, each in after.items()
                             if key in before and before[key] != each]),
            (found.removed, [each for key, each in before.items() if key not in after]),
        )  # fmt: skip
        for where, records in parts:
            if records:
                where[kind] = records


def _plan_people(known: Known, found: Difference) -> None:
    before, after = known.roster.of("users"), found.roster.of("users")
    by_name = {person.sign_in_name: person for person in known.people.values()}
    called: dict[str, str] = {}
    """Who is known by a row of this roster → their name in it."""
    wanted: dict[str, tuple[KnownPerson, Teacher]] = {}
    for key, teacher in sorted(after.items()):
        if key not in known.links:
            continue
        person = known.people[known.links[key]]
        called.setdefault(person.id, teacher.name)
        if key in known.gone:
            found.back.append(teacher)
        if before.get(key, known.gone.get(key)) != teacher:
            found.changed.append(teacher)
        if (person.name, person.sign_in_name) == (teacher.name, teacher.sign_in_name):
            continue
        if person.follows and person.id not in wanted:
            wanted[person.id] = (person, teacher)
        else:
            found.not_renamed.append((person, teacher))
    # A name to sign in with that one of them gives up is free for others.
    _plan_names(known, wanted, found)
    for person, _teacher in found.renamed.values():
        del by_name[person.sign_in_name]
    by_name |= {teacher.sign_in_name: person for person, teacher in found.renamed.values()}
    new: set[str] = set()
    for key, teacher in sorted(after.items()):
        if key in known.links:
            continue
        here = by_name.get(teacher.sign_in_name)
        if here is not None:
            _require_same(here, teacher, called.get(here.id, teacher.name))
            found.linked[key] = here.id
        elif teacher.sign_in_name not in new:
            found.new_people.append(teacher)
            new.add(teacher.sign_in_name)
    found.newly_gone = [each for key, each in sorted(before.items()) if key not in after]
    found.still_gone = [each for key, each in sorted(known.gone.items()) if key not in after]


def _plan_names(
    known: Known, wanted: Mapping[str, tuple[KnownPerson, Teacher]], found: Difference
) -> None:
    """Who gets the roster's names: also two who change theirs with each other.

    Who wants a name that somebody keeps goes on with their own, which others may have wanted.
    """
    found.renamed = dict(wanted)
    while True:
        taken = {
            person.sign_in_name
            for person in known.people.values()
            if person.id not in found.renamed
        }
        stay = []
        for person_id, (_person, teacher) in found.renamed.items():
            if teacher.sign_in_name in taken:
                stay.append(person_id)
            taken.add(teacher.sign_in_name)
        if not stay:
            return
        found.not_renamed += [found.renamed.pop(person_id) for person_id in stay]


def _require_same(here: KnownPerson, teacher: Teacher, called: str) -> None:
    """An address that a school gives to somebody else makes them nobody who was here before."""
    if called.casefold() != teacher.name.casefold():
        raise UsageError(
            f"“{teacher.sign_in_name}” of {teacher.name} (id {teacher.id[:60]}) is here the name to "
            f"sign in with of {here.name}, whom the roster calls {called}; nothing was changed. Give "
            "one of them another, here or in the roster."
        )


def _plan_schools_of_people(known: Known, found: Difference, site_of: Mapping[str, str]) -> None:
    """Where nobody has said otherwise, people belong to their main school in the roster."""
    before = {**known.gone, **known.roster.of("users")}
    done: set[str] = set()
    for key, teacher in sorted(found.roster.of("users").items()):
        assert isinstance(teacher, Teacher)
        person = known.links.get(key) or found.linked.get(key)
        if (person or teacher.sign_in_name) in done:
            continue
        done.add(person or teacher.sign_in_name)
        site = _main_site(teacher, site_of)
        here = known.site_of_person.get(person or "", "")
        old = before.get(key)
        follows = not here or (old is not None and here == _main_site(old, known.site_of_org))
        if site and site != here and follows:
            found.site_of_teacher[key] = site


def _main_site(teacher: Teacher, site_of: Mapping[str, str]) -> str:
    return next((site_of[org] for org in teacher.orgs if org in site_of), "")
