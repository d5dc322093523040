"""The people of a demo. Nobody knows a password of theirs: they have none."""

from __future__ import annotations

from collections.abc import Mapping

from school.audit.actor import Actor
from school.people.demo_ids import DEMO_IDS, DEMO_PEOPLE, DemoName, demo_id
from school.people.records import Person, Role
from school.people.store import PeopleStore

__all__ = ["DEMO_PEOPLE", "DemoName", "add_demo_people", "demo_id", "is_demo"]


def add_demo_people(
    people: PeopleStore, by: Actor, wanted: Mapping[DemoName, Role] = DEMO_PEOPLE
) -> dict[DemoName, Person]:
    """The demo's people; adds those that are not there."""
    found: dict[DemoName, Person] = {}
    for name, role in wanted.items():
        known = people.person(demo_id(name))
        found[name] = known or people.add(
            f"Demo {name}", f"demo-{name}", [role], by, person_id=demo_id(name)
        )
    return found


def is_demo(person: Person) -> bool:
    """Whether it is one of the demo's people."""
    return person.id in DEMO_IDS
