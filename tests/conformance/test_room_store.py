"""Sites, rooms and kits, in each database, and the zones that lessons get from their room."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contract.errors import UsageError
from contract.lesson import Zone
from school import School
from school.audit.actor import Actor
from school.rooms.layout import plan_of_size, zones_by_layout
from school.rooms.records import Hub, Kit, Room, Site
from tests.conformance.ada import LESSON

PLAN = plan_of_size(12)
ROOM = Room(name="room-12", site="north", title="Room 12", plan=PLAN, zones=zones_by_layout(PLAN))
FIRST = Hub(name="window", seats=(3, 1, 2), port="/dev/ttyUSB0")
SECOND = Hub(name="door", seats=(4, 5), port="/dev/ttyUSB1")
KIT = Kit(node="pi-12", hubs=(FIRST, SECOND), added_utc_ns=7)
BEFORE_ALL = 0
BY = Actor(name="roomtone room", utc_ns=70)


def with_kit(school: School) -> None:
    school.rooms.add_room(ROOM, KIT, BY, now_utc_ns=BEFORE_ALL)


def recorded(school: School) -> list[tuple[str, str]]:
    """What the audit log has, the first entry first: what was done, and to what."""
    return [(each.action, each.thing_id) for each in school.audit.latest(100)[::-1]]


def test_a_room_reads_back_as_it_was_described(programs: Any) -> None:
    one, other = programs
    with_kit(one)
    assert other.rooms.rooms() == {"room-12": replace(ROOM, kits=(KIT,))}
    assert other.rooms.sites() == [Site(name="north")]
    assert other.rooms.add_site(Site(name="north", title="North School"), BY) is False
    assert one.rooms.add_site(Site(name="south"), BY) is True
    assert [each.title for each in one.rooms.sites()] == ["North School", ""]
    assert recorded(other) == [
        ("described", "north"), ("described", "room-12"), ("described", "pi-12"),
        ("changed_description", "north"), ("described", "south"),
    ]  # fmt: skip


def test_a_kit_changes_and_goes_and_its_seats_are_free_again(programs: Any) -> None:
    one, other = programs
    with_kit(one)
    moved = Hub(name="window", seats=(9, 8), port="/dev/ttyUSB0")
    one.rooms.put_kit("room-12", replace(KIT, hubs=(moved,), sound="none", added_utc_ns=99), BY)
    (kit,) = other.rooms.rooms()["room-12"].kits
    assert kit == Kit(node="pi-12", hubs=(moved,), sound="none", added_utc_ns=7)
    second = Kit(node="pi-12b", hubs=(replace(FIRST, seats=(1, 2, 3)),))
    one.rooms.put_kit("room-12", second, BY)
    assert other.rooms.rooms()["room-12"].sensed == {1, 2, 3, 8, 9}
    assert one.rooms.remove_kit("pi-12", BY)
    assert not one.rooms.remove_kit("pi-12", BY)
    assert other.rooms.rooms()["room-12"].kits == (second,)
    assert one.rooms.remove_room("room-12", BY)
    assert other.rooms.rooms() == {}
    assert recorded(other)[3:] == [
        ("changed_description", "pi-12"), ("described", "pi-12b"), ("removed_description", "pi-12"),
        ("removed_description", "pi-12b"), ("removed_description", "room-12"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kit", "words"),
    (
        (Kit(node="pi-b", hubs=(replace(FIRST, seats=(2,)),)), "Seat 2 .* kit pi-12 already"),
        (Kit(node="pi-b", hubs=(replace(FIRST, seats=(7, 7)),)), "again on hub window"),
        (Kit(node="pi-b", hubs=(replace(FIRST, seats=(13,)),)), "not in the plan"),
        (Kit(node="pi-b", hubs=(replace(FIRST, seats=()),)), "has 0 seats"),
        (Kit(node="pi-b", hubs=(replace(FIRST, seats=tuple(range(1, 10))),)), "has 9 seats"),
        (Kit(node="pi-b", hubs=()), "has 0 hubs"),
        (Kit(node="Pi B", hubs=(FIRST,)), "can't be a name here"),
        (
            Kit(node="pi-b", hubs=(replace(FIRST, seats=(7,)), replace(FIRST, seats=(8,)))),
            "two hubs window",
        ),
        (
            Kit(
                node="pi-b",
                hubs=(replace(FIRST, seats=(7,)), Hub(name="x", seats=(8,), port=FIRST.port)),
            ),
            "same port",
        ),
    ),
)
def test_a_kit_that_does_not_fit_is_refused(programs: Any, kit: Kit, words: str) -> None:
    one, other = programs
    with_kit(one)
    with pytest.raises(UsageError, match=words):
        one.rooms.put_kit("room-12", kit, BY)
    assert other.rooms.rooms()["room-12"].kits == (KIT,)


def test_a_kit_belongs_to_one_room(programs: Any) -> None:
    one, _ = programs
    with_kit(one)
    with pytest.raises(UsageError, match="pi-12 is in room room-12; a kit belongs to one room"):
        one.rooms.add_room(replace(ROOM, name="room-13"), KIT, BY, now_utc_ns=BEFORE_ALL)
    assert list(one.rooms.rooms()) == ["room-12"]  # nothing of the second room is left
    assert [thing for _, thing in recorded(one)] == ["north", "room-12", "pi-12"]


@pytest.mark.parametrize(
    ("room", "words"),
    (
        (replace(ROOM, zones=(Zone(name="a", seats=(1, 2, 3, 4)),)), "has 4 seats .*single pupil"),
        (
            replace(ROOM, zones=tuple(Zone(name=n, seats=(1, 2, 3, 4, 5)) for n in "ab")),
            "Seat 1 is in zone a and again in b",
        ),
        (replace(ROOM, zones=(Zone(name="a", seats=(9, 10, 11, 12, 13)),)), "seat 13"),
        (replace(ROOM, name="ingest"), "uses that name itself"),
        (replace(ROOM, site="North"), "can't be a name here"),
        (replace(ROOM, title="two\nlines"), "on one line"),
        (replace(ROOM, plan=plan_of_size(4), zones=()), "Seat 5 .* not in the plan"),
        (replace(ROOM, site="south"), "certificates are of site north"),
    ),
)
def test_a_room_that_does_not_fit_is_refused(programs: Any, room: Room, words: str) -> None:
    one, other = programs
    with_kit(one)
    with pytest.raises(UsageError, match=words):
        one.rooms.put_room(room, BY, now_utc_ns=BEFORE_ALL)
    assert other.rooms.rooms() == {"room-12": replace(ROOM, kits=(KIT,))}


def test_lessons_get_their_rooms_zones_and_keep_them_once_they_began(pair: Any) -> None:
    one, other = pair  # LESSON and "art" are there before the room is described
    room = replace(ROOM, name=LESSON.room)
    own = (Zone(name="own", seats=(1, 2, 3, 4, 5)),)
    one.lessons.put(replace(LESSON, id="declared", starts_utc_ns=5_000, zones=own))
    one.rooms.put_room(room, BY, now_utc_ns=LESSON.starts_utc_ns)

    def zones(lesson: str) -> tuple[Zone, ...]:
        found = other.lessons.get(lesson)
        assert found is not None
        return found.zones

    assert zones(LESSON.id) == LESSON.zones  # it has begun
    assert zones("art") == ROOM.zones
    assert zones("declared") == own
    one.lessons.put(replace(LESSON, id="later", starts_utc_ns=9_000, zones=()))
    assert zones("later") == ROOM.zones
    changed = (Zone(name="whole", seats=tuple(range(1, 13))),)
    one.rooms.put_room(replace(room, zones=changed), BY, now_utc_ns=5_000)
    assert zones("art") == ROOM.zones
    assert zones("later") == changed
    assert zones("declared") == own
