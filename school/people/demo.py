"""The two people of a demo. Nobody knows a password of theirs: they have none."""

from __future__ import annotations

from typing import Final, Literal

from school.audit.actor import Actor
from school.people.records import Person, Role
from school.people.store import PeopleStore

__all__ = ["DEMO_PEOPLE", "DemoName", "add_demo_people", "demo_id", "is_demo"]

DemoName = Literal["teacher", "coach"]
DEMO_PEOPLE: Final[dict[DemoName, Role]] = {"teacher": "teacher", "coach": "coach"}


def add_demo_people(people: PeopleStore, by: Actor) -> dict[DemoName, Person]:
    """The demo's people; adds those that are not there."""
    found: dict[DemoName, Person] = {}
    for name, role in DEMO_PEOPLE.items():
        known = people.person(demo_id(name))
        found[name] = known or people.add(
            f"Demo {name}", f"demo-{name}", [role], by, person_id=demo_id(name)
        )
    return found


def is_demo(person: Person) -> bool:
    """Whether it is one of the demo's people."""
    return person.id in {demo_id(name) for name in DEMO_PEOPLE}


def demo_id(name: DemoName) -> str:
    return f"demo-{name}"
