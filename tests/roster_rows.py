"""A person and a class, as a roster has them."""

from __future__ import annotations

from school import School
from school.audit.actor import Actor
from school.roster.planning import plan_sync
from school.roster.records import (
    Organisation,
    Roster,
    RosterClass,
    Teacher,
    Teaching,
)

__all__ = ["ROSTER_ID", "put_in_roster", "take_over"]

ROSTER_ID = "roster-id-of-ada"


def take_over(school: School, roster: Roster, by: Actor) -> None:
    """Sync with a roster."""
    store = school.people.roster
    known = store.known()
    store.apply(plan_sync(known, roster), known, by)


def put_in_roster(school: School, name: str, sign_in_name: str, by: Actor) -> None:
    """A person as a roster has them, with a class."""
    org = Organisation(id="org-1", name="The school", kind="school")
    teacher = Teacher(id=ROSTER_ID, name=name, sign_in_name=sign_in_name, orgs=("org-1",))
    taught = RosterClass(
        id="class-1", name="Algebra", course="", school="org-1", terms=(), location="Room 1"
    )
    teaching = Teaching(id="t-1", class_id="class-1", teacher=ROSTER_ID, is_primary=True)
    roster = Roster(
        records={
            "orgs": {org.id: org},
            "users": {teacher.id: teacher},
            "classes": {taught.id: taught},
            "enrollments": {teaching.id: teaching},
        }
    )
    take_over(school, roster, by)
