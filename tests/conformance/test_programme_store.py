"""Which school people belong to, and groups of schools, in each database."""

from __future__ import annotations

from typing import Any

import pytest

from contract.errors import UsageError
from school.audit.actor import Actor
from school.programme.records import SchoolGroup
from school.rooms.records import Site

BY = Actor(name="roomtone people", utc_ns=70)
NORTH = SchoolGroup(name="north", title="The north", sites=frozenset({"ash", "birch"}))


@pytest.fixture
def schools(programs: Any) -> Any:
    one, _ = programs
    for name in ("ash", "birch"):
        one.rooms.add_site(Site(name=name), BY)
    for person in ("id-ada", "id-kim"):
        one.people.add(person, f"{person}@school.example", ["teacher"], BY, person_id=person)
    return programs


def test_somebody_belongs_to_one_school(schools: Any) -> None:
    one, other = schools
    assert one.programme.put_people({"id-ada": "ash", "id-kim": "ash"}, BY) == 2
    assert other.programme.put_people({"id-ada": "birch", "id-kim": "ash"}, BY) == 1
    assert one.programme.sites_of_people() == {"id-ada": "birch", "id-kim": "ash"}
    assert one.programme.put_people({"id-ada": ""}, BY) == 1
    assert other.programme.sites_of_people() == {"id-kim": "ash"}


@pytest.mark.parametrize("wrong", ({"id-kim": "nowhere"}, {"nobody": "ash"}))
def test_what_is_wrong_changes_nobody(schools: Any, wrong: dict[str, str]) -> None:
    one, _ = schools
    with pytest.raises(UsageError):
        one.programme.put_people({"id-ada": "ash"} | wrong, BY)
    assert one.programme.sites_of_people() == {}


def test_who_left_belongs_to_no_school(schools: Any) -> None:
    one, _ = schools
    one.programme.put_people({"id-ada": "ash"}, BY)
    one.people.leaving.leave("id-ada", BY, utc_ns=90)
    assert one.programme.sites_of_people() == {}
    with pytest.raises(UsageError):
        one.programme.put_people({"id-ada": "ash"}, BY)


def test_a_group_of_schools_is_changed_and_removed(schools: Any) -> None:
    one, other = schools
    one.programme.put_group(NORTH, BY)
    assert other.programme.groups() == [NORTH]
    smaller = SchoolGroup(name="north", title="North", sites=frozenset({"ash"}))
    other.programme.put_group(smaller, BY)
    assert one.programme.groups() == [smaller]
    assert one.programme.remove_group("north", BY) is True
    assert other.programme.remove_group("north", BY) is False
    assert one.programme.groups() == []


def test_a_group_has_schools_that_there_are(schools: Any) -> None:
    one, _ = schools
    one.programme.put_group(NORTH, BY)
    for wrong in (
        SchoolGroup(name="north", title="x", sites=frozenset({"ash", "nowhere"})),
        SchoolGroup(name="The North", title="x"),
        SchoolGroup(name="north", title="two\nlines"),
    ):
        with pytest.raises(UsageError):
            one.programme.put_group(wrong, BY)
    assert one.programme.groups() == [NORTH]
