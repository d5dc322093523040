"""A month of coverage in each database: who and what counts, and that it is counted once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from contract.clock import SECOND_NS
from contract.errors import UsageError
from school.audit.actor import Actor
from school.cycle.records import CycleText
from school.programme.month_figures import month_of
from school.programme.records import SchoolGroup
from school.rooms.layout import plan_of_size, zones_by_layout
from school.rooms.records import Hub, Kit, Room, Site
from tests.conformance.ada import BY, LESSON

OCTOBER = month_of(2026, 10, UTC)
IN_IT = OCTOBER.low_utc_ns + 3_600 * SECOND_NS
LATER = OCTOBER.high_utc_ns


@pytest.fixture
def schools(programs: Any) -> Any:
    """Ten teachers with a cycle at one school, ten without at another, with five rooms each."""
    one, _ = programs
    plan = plan_of_size(8)
    for site in ("ash", "birch"):
        one.rooms.add_site(Site(name=site), BY)
        for number in range(5):
            hub = Hub(name="hub-1", seats=(1, 2), port="/dev/ttyUSB0")
            name = f"room-{site}-{number}"
            room = Room(name=name, site=site, plan=plan, zones=zones_by_layout(plan))
            kit = Kit(node=f"{name}-kit", hubs=(hub,), added_utc_ns=OCTOBER.low_utc_ns)
            one.rooms.add_room(room, kit, BY, now_utc_ns=0)
    one.rooms.add_room(Room(name="bare", site="ash", plan=plan), None, BY, now_utc_ns=0)
    for number in range(20):
        name, site = f"t{number:02}", "ash" if number < 10 else "birch"
        one.people.add(name, name, ["teacher"], BY, person_id=name)
        one.sharing.tie_name(f"Ms {name}", name, BY)
        one.programme.put_people({name: site}, BY)
        add_lesson(one, f"lesson-{name}", f"Ms {name}", f"room-{site}-{number % 5}", IN_IT)
        if number < 10:
            by = Actor(name="", utc_ns=IN_IT, person=name)
            one.sharing.cycles.write(CycleText(focus="Calm"), None, by)
    return programs


def add_lesson(school: Any, name: str, teacher: str, room: str, starts_utc_ns: int) -> None:
    lesson = replace(LESSON, id=name, teacher=teacher, room=room, starts_utc_ns=starts_utc_ns,
                     ends_utc_ns=starts_utc_ns + 60 * SECOND_NS)  # fmt: skip
    school.lessons.put(lesson)


def counted(school: Any, sensed: set[str]) -> dict[str, tuple[Any, ...]]:
    month = school.coverage.count(OCTOBER, sensed, BY, now_utc_ns=LATER)
    return {
        row.name or row.kind: (row.teachers, row.with_cycle, row.rooms, row.running)
        for row in month.rows
    }


def test_a_month_has_its_teachers_cycles_and_rooms(schools: Any) -> None:
    one, other = schools
    add_lesson(one, "hidden", "Ms t00", "room-ash-0", IN_IT)
    one.sharing.teacher.hide("hidden", Actor(name="", utc_ns=IN_IT, person="t00"))
    add_lesson(one, "no-kit", "Ms t00", "bare", IN_IT)
    add_lesson(one, "november", "Ms t00", "room-ash-0", LATER)
    add_lesson(one, "september", "Ms t00", "room-ash-0", OCTOBER.low_utc_ns - 1)
    sensed = {f"lesson-t{number:02}" for number in range(18)}

    assert counted(one, sensed) == {
        "district": (20, 10, 10, 8), "ash": (10, 10, 5, 5), "birch": (10, 0, 5, 3)
    }  # fmt: skip
    (kept,) = other.coverage.months()
    assert (kept.month, kept.rows[1].title) == ("2026-10", "ash")
    entry = one.audit.latest(limit=1)[0]
    assert entry.sentence.endswith("counted how far coaching reached in 2026-10: of 20 teachers")


def test_a_lesson_before_the_rooms_kit_does_not_count(schools: Any) -> None:
    one, _ = schools
    plan = plan_of_size(8)
    hub = Hub(name="hub-1", seats=(1, 2), port="/dev/ttyUSB0")
    room = Room(name="late", site="ash", plan=plan)
    kit = Kit(node="late-kit", hubs=(hub,), added_utc_ns=IN_IT + 1)
    one.rooms.add_room(room, kit, BY, now_utc_ns=0)
    add_lesson(one, "early", "Ms t00", "late", IN_IT)
    assert counted(one, set())["ash"] == (10, 10, 5, 0)


def test_a_month_is_counted_once(schools: Any) -> None:
    one, other = schools
    first = one.coverage.count(OCTOBER, set(), BY, now_utc_ns=LATER)
    one.people.leaving.leave("t00", BY, utc_ns=LATER)
    group = SchoolGroup(name="north", title="North", sites=frozenset({"ash"}))
    one.programme.put_group(group, BY)
    assert other.coverage.count(OCTOBER, {"lesson-t01"}, BY, now_utc_ns=LATER) == first
    assert other.coverage.months() == [first]


def test_what_may_not_be_counted_leaves_nothing(schools: Any) -> None:
    one, _ = schools
    with pytest.raises(UsageError, match="2026-10 is not over yet"):
        one.coverage.count(OCTOBER, set(), BY, now_utc_ns=LATER - 1)
    with pytest.raises(UsageError, match="Fewer than ten teachers had a lesson in 2026-09"):
        one.coverage.count(month_of(2026, 9, UTC), set(), BY, now_utc_ns=LATER)
    assert one.coverage.months() == []
