"""What a sync changes, as lines for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from school.rooms.records import Room
from school.roster.planning import Difference
from school.roster.records import Counts, Kind, Roster, RosterClass, Teacher, Term

__all__ = ["count_lines", "difference_lines", "room_lines"]

_NAMES: Final[dict[Kind, tuple[str, str]]] = {
    "orgs": ("organisation", "organisations"),
    "academicSessions": ("term", "terms"),
    "courses": ("course", "courses"),
    "classes": ("class", "classes"),
    "enrollments": ("assignment of a teacher to a class", "assignments of teachers to classes"),
}
_EACH: Final = frozenset[Kind]({"academicSessions", "classes"})
"""What is listed one by one, and not only counted."""


def difference_lines(found: Difference) -> Iterator[str]:
    """One for each thing that a person wants to check before it is written."""
    titles = {org.id: org.name for org in found.roster.of("orgs").values()}
    new_sites = {site.name: site for site in found.new_sites}
    for org, name in found.new_site_of_org.items():
        site = new_sites.get(name)
        if site is not None:
            yield f"new school: {site.title}, site {name}"
        else:
            yield f"school: {titles[org]} is site {name}, which is here already"
    for teacher in found.new_people:
        yield f"new teacher, without access: {_whom(teacher, titles)}"
    users = found.roster.of("users")
    for key in found.linked:
        yield f"here already, by the name to sign in with: {_whom(users[key], titles)}"
    for person, teacher in found.renamed.values():
        yield (
            f"other name: {person.name} ({person.sign_in_name}) becomes {teacher.name} "
            f"({teacher.sign_in_name})"
        )
    for teacher in found.changed:
        yield f"changed in the roster: {_whom(teacher, titles)}"
    for person, teacher in found.not_renamed:
        yield (
            f"other name in the roster only: {teacher.name} ({teacher.sign_in_name}); here they "
            f"stay {person.name} ({person.sign_in_name})"
        )
    for teacher in found.back:
        yield f"in the roster again: {_whom(teacher, titles)}"
    for teacher in (*found.newly_gone, *found.still_gone):
        yield (
            f"in the roster no more: {teacher.name} ({teacher.sign_in_name}); nothing of theirs is "
            "removed, see docs/people.md for who leaves"
        )
    if found.left_here:
        yield f"left Roomtone, and are not added again: {found.left_here}"
    yield from _thing_lines(found)


def room_lines(roster: Roster, rooms: Iterable[Room]) -> Iterator[str]:
    """Which places of classes are rooms here: only a technician describes a room."""
    known = {name.casefold() for room in rooms for name in (room.name, room.title) if name}
    places = {each.location for each in roster.of("classes").values() if each.location}
    unknown = sorted(place for place in places if place.casefold() not in known)
    if places:
        yield f"rooms of classes: {len(places) - len(unknown)} are here by their name or title"
    if unknown:
        yield f"rooms that nobody has described here: {', '.join(unknown)}"


def count_lines(counts: Counts) -> Iterator[str]:
    """What was not taken, in numbers alone."""
    for number, what in (
        (counts.pupils, "rows of pupils"),
        (counts.pupils_enrolments, "enrolments of pupils"),
        (counts.others, "rows of people who are no teachers"),
        (counts.others_enrolments, "enrolments of people who are no teachers"),
        (counts.not_enabled, "teachers who are not active now"),
    ):
        if number:
            yield f"not taken, {what}: {number}"


def _thing_lines(found: Difference) -> Iterator[str]:
    for word, changes in (
        ("new", found.added), ("changed", found.altered), ("removed", found.removed),
    ):  # fmt: skip
        for kind, records in changes.items():
            one, many = _NAMES[kind]
            yield f"{word}: {len(records)} {one if len(records) == 1 else many}"
            if kind in _EACH:
                for each in records:
                    if isinstance(each, Term):
                        yield f"  {each.name}, {each.starts_on} to before {each.ends_on}"
                    elif isinstance(each, RosterClass):
                        yield f"  {each.name}{', ' + each.location if each.location else ''}"


def _whom(teacher: Teacher, titles: dict[str, str]) -> str:
    places = ", ".join(titles[org] for org in teacher.orgs if org in titles)
    return f"{teacher.name} ({teacher.sign_in_name}){', ' + places if places else ''}"
