"""People, schools and classes that follow a roster, in each database."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert, select

from contract.errors import UsageError
from school import School
from school.audit.actor import Actor
from school.people.ways_in import NO_WAY
from school.rooms.records import Site
from school.roster.planning import Difference, plan_sync
from school.roster.records import (
    Organisation,
    Roster,
    RosterClass,
    RosterCourse,
    Teacher,
    Teaching,
    Term,
)
from school.roster.tables import roster_left
from tests.roster_rows import take_over

BY = Actor(name="roomtone roster", utc_ns=70)
ADA = Teacher(id="u-ada", name="Ada Okafor", sign_in_name="ada@school.example", orgs=("s1",))
KIM = Teacher(id="u-kim", name="Kim Roth", sign_in_name="kim", orgs=("d1", "s2"))


def roster_of(*teachers: Teacher) -> Roster:
    """With a class of the first one."""
    orgs = (
        Organisation(id="d1", name="Lake District", kind="district"),
        Organisation(id="s1", name="Ash School", kind="school"),
        Organisation(id="s2", name="École du Lac", kind="school"),
    )
    term = Term(id="t", name="Autumn", kind="term", starts_on="2026-08-24", ends_on="2026-12-19")
    taught = RosterClass(
        id="c", name="Algebra (2)", course="alg", school="s1", terms=("t",), location="Room 12"
    )
    teachings = [
        Teaching(id="e", class_id="c", teacher=each.id, is_primary=True) for each in teachers[:1]
    ]
    return Roster(
        records={
            "orgs": {each.id: each for each in orgs},
            "academicSessions": {"t": term},
            "courses": {"alg": RosterCourse(id="alg", name="Algebra")},
            "users": {each.id: each for each in teachers},
            "classes": {"c": taught},
            "enrollments": {each.id: each for each in teachings},
        }
    )


def plan(school: School, roster: Roster) -> Difference:
    return plan_sync(school.people.roster.known(), roster)


def site_of(school: School, sign_in_name: str) -> str | None:
    person = school.people.named(sign_in_name)
    assert person is not None
    return school.programme.sites_of_people().get(person.id)


def test_a_sync_adds_people_who_cannot_come_in(programs: Any) -> None:
    one, other = programs
    take_over(one, roster_of(ADA, KIM), BY)
    people = {person.sign_in_name: person for person in other.people.people()}
    assert set(people) == {"ada@school.example", "kim"}
    for person in people.values():
        assert person.roles == {"teacher"}
        assert not person.has_password
        credentials = other.people.credentials(person.sign_in_name)
        assert credentials is not None
        assert credentials.password is None
        assert other.people.ways_in.of_all().get(person.id, NO_WAY) == NO_WAY
    assert other.people.roster.arrivals() == {person.id: True for person in people.values()}
    assert {site.name: site.title for site in other.rooms.sites()} == {
        "ash-school": "Ash School", "ecole-du-lac": "École du Lac",
    }  # fmt: skip
    assert site_of(other, "ada@school.example") == "ash-school"
    assert site_of(other, "kim") == "ecole-du-lac", "a district is no school"


def test_the_same_roster_again_changes_nothing(programs: Any) -> None:
    one, other = programs
    take_over(one, roster_of(ADA, KIM), BY)
    entries = other.audit.latest(100)
    assert plan(other, roster_of(ADA, KIM)).is_empty
    take_over(other, roster_of(ADA, KIM), BY)
    assert one.audit.latest(100) == entries


def test_who_is_in_it_no_more_is_listed_and_stays(programs: Any) -> None:
    one, other = programs
    take_over(one, roster_of(ADA, KIM), BY)
    assert plan(one, roster_of(KIM)).newly_gone == [ADA]
    take_over(one, roster_of(KIM), BY)
    ada = other.people.named("ada@school.example")
    assert one.people.roster.arrivals()[ada.id] is False
    again = plan(other, roster_of(KIM))
    assert again.is_empty
    assert again.still_gone == [ADA], "listed at each sync, until somebody lets them leave"
    assert plan(other, roster_of(ADA, KIM)).back == [ADA]
    take_over(other, roster_of(ADA, KIM), BY)
    assert plan(one, roster_of(ADA, KIM)).is_empty
    assert len(one.people.people()) == 2


def test_who_has_left_is_not_added_again(programs: Any) -> None:
    one, other = programs
    take_over(one, roster_of(ADA, KIM), BY)
    ada = one.people.named("ada@school.example")
    one.people.leaving.leave(ada.id, BY, utc_ns=BY.utc_ns)
    assert "u-ada" not in str(other.people.roster.known())
    found = plan(other, roster_of(ADA, KIM))
    assert (found.left_here, found.new_people) == (1, [])
    take_over(other, roster_of(ADA, KIM), BY)
    assert [person.sign_in_name for person in one.people.people()] == ["kim"]


def test_what_stays_of_who_has_left_is_salted_and_stands_once(programs: Any) -> None:
    one, other = programs
    take_over(one, roster_of(ADA, KIM), BY)
    database = one.people.roster._database
    plain = hashlib.sha256(b"u-old").hexdigest()  # as earlier versions kept it
    with database.writing() as connection:
        connection.execute(insert(roster_left), {"id_hash": plain})
    old = replace(ADA, id="u-old", name="Old Bell", sign_in_name="old")
    assert plan(one, roster_of(ADA, KIM, old)).left_here == 1
    for name in (ADA.sign_in_name, "kim"):
        other.people.leaving.leave(other.people.named(name).id, BY, utc_ns=100)
    with database.reading() as connection:
        kept = connection.scalars(select(roster_left.c.id_hash)).all()
    salts = {each.partition(":")[0] for each in kept}
    assert (len(kept), len(salts)) == (3, 1)
    assert len(bytes.fromhex(salts.pop())) == 16
    hashes = {hashlib.sha256(each.encode()).hexdigest() for each in ("u-old", "u-ada", "u-kim")}
    assert not [each for each in kept for known in hashes if known in each]
    found = plan(one, roster_of(ADA, KIM, old))
    assert (found.left_here, found.new_people) == (3, [])


def test_who_is_here_already_is_meant_and_gets_no_right(programs: Any) -> None:
    one, other = programs
    ada = one.people.add("Ada O.", "ADA@school.example", ["administrator"], BY)
    one.rooms.add_site(Site(name="main", title="ash school"), BY)
    found = plan(one, roster_of(ADA))
    assert found.linked == {"u-ada": ada.id}
    assert [site.name for site in found.new_sites] == ["ecole-du-lac"], "one has its title already"
    take_over(one, roster_of(ADA), BY)
    person = other.people.person(ada.id)
    assert (person.name, person.roles) == ("Ada O.", {"administrator"})
    assert site_of(other, "ada@school.example") == "main"
    renamed = replace(ADA, name="Eve Il", sign_in_name="eve@elsewhere.example")
    assert plan(one, roster_of(renamed)).renamed == {}
    take_over(one, roster_of(renamed), BY)
    assert other.people.named("eve@elsewhere.example") is None


def test_names_follow_the_roster_until_someone_can_come_in(programs: Any) -> None:
    one, other = programs
    take_over(one, roster_of(ADA), BY)
    bell = replace(ADA, name="Ada Bell", sign_in_name="bell@school.example")
    take_over(one, roster_of(bell), BY)
    person = other.people.named("bell@school.example")
    assert person.name == "Ada Bell"
    other.people.set_password(person.id, "$argon2id$", BY)
    found = plan(one, roster_of(ADA))
    assert (found.renamed, len(found.not_renamed)) == ({}, 1)
    take_over(one, roster_of(ADA), BY)
    assert other.people.named("bell@school.example") == other.people.person(person.id)
    assert plan(one, roster_of(ADA)).is_empty


def test_what_an_administrator_said_of_a_school_stays(programs: Any) -> None:
    one, other = programs
    take_over(one, roster_of(ADA, KIM), BY)
    moved = roster_of(replace(ADA, orgs=("s2",)), replace(KIM, orgs=("s1",)))
    ada = one.people.named("ada@school.example")
    one.rooms.add_site(Site(name="elm"), BY)
    one.programme.put_people({ada.id: "elm"}, BY)
    take_over(one, moved, BY)
    assert site_of(other, "ada@school.example") == "elm"
    assert site_of(other, "kim") == "ash-school"


def test_what_changed_meanwhile_stops_a_sync(programs: Any) -> None:
    one, other = programs
    known = one.people.roster.known()
    found = plan_sync(known, roster_of(ADA))
    other.people.add("Ada Okafor", "ada@school.example", ["coach"], BY)
    with pytest.raises(UsageError, match="Somebody changed people or schools"):
        one.people.roster.apply(found, known, BY)
    assert one.rooms.sites() == []


def test_one_person_may_be_in_it_twice(programs: Any) -> None:
    one, _ = programs
    twice = replace(ADA, id="u-ada-2", orgs=("s2",))
    take_over(one, roster_of(ADA, twice), BY)
    assert len(one.people.people()) == 1
    assert plan(one, roster_of(ADA, twice)).is_empty


def test_an_address_that_is_given_up_is_free_for_somebody_else(programs: Any) -> None:
    one, other = programs
    take_over(one, roster_of(ADA), BY)
    ada = other.people.named("ada@school.example")
    moved = replace(ADA, sign_in_name="okafor@school.example")
    young = replace(KIM, id="a-first", name="Ada Young", sign_in_name="ada@school.example")
    take_over(one, roster_of(moved, young), BY)
    assert other.people.named("okafor@school.example").id == ada.id
    assert other.people.named("ada@school.example").name == "Ada Young"


def test_two_who_change_addresses_with_each_other_do_so_in_one_sync(programs: Any) -> None:
    one, other = programs
    bo = Teacher(id="u-bo", name="Bo Lind", sign_in_name="bo", orgs=("s1",))
    take_over(one, roster_of(ADA, KIM, bo), BY)
    ids = {each.name: each.id for each in other.people.people()}
    names = [ADA.sign_in_name, KIM.sign_in_name, bo.sign_in_name]
    round_of_three = [
        replace(each, sign_in_name=name)
        for each, name in zip((ADA, KIM, bo), names[1:] + names[:1], strict=True)
    ]
    take_over(one, roster_of(*round_of_three), BY)
    for each in round_of_three:
        assert other.people.named(each.sign_in_name).id == ids[each.name]
    assert plan(one, roster_of(*round_of_three)).is_empty
    # One of them keeps theirs, since they come in with it: then nobody else can have it either.
    one.people.set_password(ids["Bo Lind"], "$argon2id$", BY)
    found = plan(other, roster_of(ADA, KIM, bo))
    assert found.renamed == {}
    assert sorted(person.name for person, _ in found.not_renamed) == sorted(ids)


def test_an_address_of_somebody_who_keeps_it_here_makes_nobody_them(programs: Any) -> None:
    one, other = programs
    take_over(one, roster_of(ADA), BY)
    ada = one.people.named("ada@school.example")
    one.people.set_password(ada.id, "$argon2id$", BY)
    moved = replace(ADA, sign_in_name="okafor@school.example")
    young = replace(KIM, name="Ada Young", sign_in_name="ada@school.example")
    with pytest.raises(UsageError, match="sign in with of Ada Okafor, whom the roster calls Ada O"):
        plan(other, roster_of(moved, young))


def test_two_rows_of_one_person_may_come_to_one_address(programs: Any) -> None:
    one, other = programs
    second = replace(ADA, id="u-ada-2", sign_in_name="ada.2@school.example")
    take_over(one, roster_of(ADA, second), BY)
    both = "okafor@school.example"
    third = replace(ADA, id="u-ada-3", sign_in_name=both)
    now = [replace(ADA, sign_in_name=both), replace(second, sign_in_name=both), third]
    found = plan(one, roster_of(*now))
    assert (len(found.renamed), len(found.not_renamed), found.new_people) == (1, 1, [])
    take_over(one, roster_of(*now), BY)
    assert {each.sign_in_name for each in other.people.people()} == {both, "ada.2@school.example"}
