"""Schools with their rooms and kits, and their people: teachers by a roster, coaches by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from roomtone.demo.district.calendar import utc_ns
from roomtone.demo.district.cast import GROUPS, SITES
from roomtone.demo.district.world import World
from school.commands.roster import RosterDesk, sync
from school.people.demo import add_demo_people
from school.people.demo_ids import DISTRICT_PEOPLE
from school.programme.records import SchoolGroup
from school.rooms.defaults import default_hubs, default_node
from school.rooms.layout import plan_of_size, zones_by_layout
from school.rooms.records import Kit, Room, Site
from school.roster.zip_file import ZipRoster
from simulators.one_roster.archive import write_archive
from simulators.one_roster.district import RosterTerm, district

__all__ = ["SEATS", "fill_schools"]

SEATS: Final = 24
"""Of each room: the largest class that the demo has."""


def fill_schools(world: World) -> None:
    """Sites, rooms, kits, people and the groups of schools, in the week before the programme."""
    before = utc_ns(world.calendar.starts_on - timedelta(days=7), 8)
    by = world.office(before)
    for school in SITES:
        world.school.rooms.add_site(Site(name=school.site, title=school.title), by)
    _add_rooms(world, before)
    _sync_roster(world, before)
    demo = add_demo_people(world.school.people, by, DISTRICT_PEOPLE)
    for part in world.cast.teachers:
        found = demo["teacher"] if not part.number else world.school.people.named(part.sign_in_name)
        assert found is not None, part.sign_in_name
        world.teachers[part.number] = found
        world.put.of_teacher[part.number] = part
        world.school.sharing.tie_name(found.name, found.id, by)
    for coach in world.cast.coaches:
        world.coaches[coach.number] = (
            demo["coach"]
            if not coach.number
            else world.school.people.add(
                coach.name, f"coach-{coach.number}@district.example", ["coach"], by
            )
        )
    world.school.programme.put_people({demo["teacher"].id: SITES[0].site}, by)
    for name, (title, sites) in GROUPS.items():
        world.school.programme.put_group(SchoolGroup(name=name, title=title, sites=sites), by)


def _add_rooms(world: World, at_utc_ns: int) -> None:
    plan = plan_of_size(SEATS)
    zones, hubs = zones_by_layout(plan), default_hubs(range(1, SEATS + 1))
    by = world.office(at_utc_ns)
    places = {part.room: part.school.site for part in world.cast.teachers}
    for number, (name, site) in enumerate(places.items(), 1):
        title = f"Room {name.rpartition('-')[2]}"
        room = Room(name=name, site=site, title=title, plan=plan, zones=zones)
        kit = Kit(node=default_node(name), hubs=hubs, added_utc_ns=at_utc_ns + number)
        world.school.rooms.add_room(room, kit, by, now_utc_ns=at_utc_ns)


def _sync_roster(world: World, at_utc_ns: int) -> None:
    """As `roomtone roster sync` does it, from an archive with pupils in it."""
    calendar = world.calendar
    ends = calendar.coming + timedelta(days=13 * 7)
    terms = (
        RosterTerm(id="year", title="School year", kind="schoolYear",
                   starts_on=calendar.baseline[0], ends_on=ends),
        RosterTerm(id="first", title="First term", kind="term",
                   starts_on=calendar.baseline[0], ends_on=_friday(calendar.first[-1])),
        RosterTerm(id="second", title="Second term", kind="term",
                   starts_on=calendar.second[0], ends_on=ends),
    )  # fmt: skip
    archive = world.folder / "oneroster.zip"
    write_archive(archive, district(world.seed, teachers=world.cast.of_roster(), terms=terms))
    store = world.school.people.roster
    with ZipRoster(archive) as source, (world.folder / "logs" / "roster.log").open("w") as log:
        desk = RosterDesk(
            store=store, rooms=world.school.rooms, by=world.office(at_utc_ns),
            today=calendar.starts_on, say=lambda line: print(line, file=log),
        )  # fmt: skip
        sync(desk, source, is_dry_run=False)


def _friday(monday: date) -> date:
    return monday + timedelta(days=4)
