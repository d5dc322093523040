"""Schools with teachers who had a lesson in given months, some of them with a cycle since October."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from contract.clock import SECOND_NS
from school.audit.actor import Actor
from school.cycle.records import CycleText
from school.lessons.records import Lesson
from school.programme.coverage import MIN_ROOMS
from school.rooms.layout import plan_of_size
from school.rooms.records import Hub, Kit, Room, Site

__all__ = ["BY", "OCTOBER_NS", "SEPTEMBER_NS", "add_school"]

SEPTEMBER_NS: Final = int(datetime(2025, 9, 8, 9, tzinfo=UTC).timestamp()) * SECOND_NS
OCTOBER_NS: Final = int(datetime(2025, 10, 8, 9, tzinfo=UTC).timestamp()) * SECOND_NS
BY: Final = Actor(name="roomtone site", utc_ns=OCTOBER_NS)


def add_school(
    stores: Any, site: str, teachers: int, with_cycle: int, lessons: tuple[int, ...] = (OCTOBER_NS,)
) -> None:
    """A school with five rooms whose kits did not run; each teacher has a lesson at each of these times."""
    stores.rooms.add_site(Site(name=site, title=site.title()), BY)
    rooms = [
        Room(name=f"room-{site}-{number}", site=site, plan=plan_of_size(8))
        for number in range(MIN_ROOMS)
    ]
    for room in rooms:
        hub = Hub(name="a", seats=(1, 2), port="/dev/ttyUSB0")
        kit = Kit(node=f"{room.name}-kit", hubs=(hub,))
        stores.rooms.add_room(room, kit, BY, now_utc_ns=min(lessons) - 1)
    for number in range(teachers):
        name = f"{site}-{number}"
        stores.people.add(name, name, ["teacher"], BY, person_id=name)
        stores.sharing.tie_name(f"Ms {name}", name, BY)
        for at, starts_ns in enumerate(lessons):
            stores.lessons.put(
                Lesson(
                    id=f"lesson-{name}-{at}", room=rooms[number % MIN_ROOMS].name, teacher=f"Ms {name}", title="",
                    starts_utc_ns=starts_ns, ends_utc_ns=starts_ns + SECOND_NS, source="timetable",
                )
            )  # fmt: skip
        if number < with_cycle:
            by = Actor(name="", utc_ns=OCTOBER_NS, person=name)
            stores.sharing.cycles.write(CycleText(focus="Calm"), None, by)
    stores.programme.put_people({f"{site}-{n}": site for n in range(teachers)}, BY)
