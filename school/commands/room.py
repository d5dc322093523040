"""`roomtone room`: describe a room with its seats, zones and kits, and list what there is."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from contract.clock import Clock
from contract.errors import UsageError
from contract.files.text_file import read_text
from school.audit.actor import Actor
from school.rooms.defaults import default_hubs, default_node
from school.rooms.layout import (
    number_ranges,
    plan_of_size,
    plan_text,
    read_plan,
    zones_by_layout,
)
from school.rooms.records import SOUND_SOURCES, Kit, Plan, Room
from school.rooms.store import RoomStore
from school.rooms.typed import read_hubs, read_zones
from school.timetable.entries import as_room

__all__ = ["RoomDesk", "add_actions"]

_ROOM: Final = "the room's name, such as room-12"
_HUB: Final = "a hub and its seats in their order, such as window:1-8 or door:9-16@/dev/ttyUSB1"
_ZONE: Final = "a zone and its seats, such as window:1-8; without it the plan makes the zones"

# argparse has no public name for it.
_Actions = argparse._SubParsersAction  # noqa: SLF001


class RoomDesk:
    """What the commands do, on one store and with one clock."""

    def __init__(
        self, *, store: RoomStore, site: str, clock: Clock, say: Callable[[str], None]
    ) -> None:
        self._store = store
        self._site = site
        self._clock = clock
        self._say = say

    def add(self, args: argparse.Namespace) -> None:
        """Add a room, with its first kit unless `--no-kit`."""
        name = as_room(args.room, "ROOM")
        if args.plan is None and args.seats is None:
            raise UsageError("Say where the seats are: --seats 30, or --plan FILE.")
        plan = _plan(args)
        zones = read_zones(args.zone) or zones_by_layout(plan)
        room = Room(
            name=name, site=args.site or self._site, title=args.title or "", plan=plan, zones=zones
        )
        hubs = read_hubs(args.hub) or default_hubs(sorted(room.seats))
        kit = Kit(
            node=args.kit or default_node(name), hubs=hubs, sound=args.sound or "hub",
            added_utc_ns=self._clock.utc_ns(),
        )  # fmt: skip
        by = self._by()
        self._store.add_room(room, None if args.no_kit else kit, by, now_utc_ns=by.utc_ns)
        self.show(argparse.Namespace(room=name))

    def change(self, args: argparse.Namespace) -> None:
        """Change a room's title, plan or zones."""
        room = self._room(args.room)
        if args.title is not None:
            room = replace(room, title=args.title)
        if args.plan is not None or args.seats is not None:
            plan = _plan(args)
            # Zones that the plan made follow it; a person's own stay.
            follows = room.zones == zones_by_layout(room.plan)
            room = replace(room, plan=plan, zones=zones_by_layout(plan) if follows else room.zones)
        if args.zone:
            room = replace(room, zones=read_zones(args.zone))
        if args.zones_by_plan:
            room = replace(room, zones=zones_by_layout(room.plan))
        by = self._by()
        self._store.put_room(room, by, now_utc_ns=by.utc_ns)
        self.show(args)

    def kit(self, args: argparse.Namespace) -> None:
        """Add a kit to a room, or change the one with its name."""
        room = self._room(args.room)
        before = next((kit for kit in room.kits if kit.node == args.kit), None)
        hubs = read_hubs(args.hub) or (before.hubs if before is not None else ())
        if not hubs:
            others = {seat for kit in room.kits for seat in kit.seats}
            free = sorted(room.seats - others)
            if not free:
                raise UsageError(
                    f"Each seat of room {room.name} has a sensor already; name hubs with --hub."
                )
            hubs = default_hubs(free)
        sound = args.sound or (before.sound if before is not None else "hub")
        kit = Kit(node=args.kit, hubs=hubs, sound=sound, added_utc_ns=self._clock.utc_ns())
        self._store.put_kit(room.name, kit, self._by())
        self.show(args)

    def remove(self, args: argparse.Namespace) -> None:
        room = self._room(args.room)
        self._store.remove_room(room.name, self._by())
        self._say(
            f"Room {room.name} and its kits are described no more; readings and lessons stay."
        )
        for kit in room.kits:
            self._say(f"Its kit may still send: `roomtone node revoke {kit.node}` locks it out.")

    def remove_kit(self, args: argparse.Namespace) -> None:
        if not self._store.remove_kit(args.kit, self._by()):
            raise UsageError(f"There is no kit {args.kit}; `roomtone room list` shows all.")
        self._say(
            f"Kit {args.kit} is described no more, and its seats are free. It may still send: "
            f"`roomtone node revoke {args.kit}` locks it out."
        )

    def list(self, _: argparse.Namespace) -> None:
        for room in self._store.rooms().values():
            title = f"  {room.title}" if room.title else ""
            kits = ", ".join(kit.node for kit in room.kits) or "no kit"
            self._say(
                f"{room.site}/{room.name}{title}  {len(room.seats)} seats, {len(room.zones)} zones, "
                f"{kits}"
            )

    def show(self, args: argparse.Namespace) -> None:
        room = self._room(args.room)
        self._say(f"{room.site}/{room.name}{f'  {room.title}' if room.title else ''}")
        for line in plan_text(room.plan).splitlines():
            self._say(f"  {line}")
        for zone in room.zones:
            self._say(f"zone {zone.name}: seats {number_ranges(zone.seats)}")
        if not room.zones:
            self._say("no zone: with fewer than five seats, coaches see nothing of this room")
        for kit in room.kits:
            self._say(f"kit {kit.node}: sound from {kit.sound}")
            for hub in kit.hubs:
                seats = ", ".join(map(str, hub.seats))
                self._say(f"  hub {hub.name} at {hub.port}: seats {seats}")
        bare = sorted(room.seats - room.sensed)
        if room.kits and bare:
            self._say(f"without a sensor: seats {number_ranges(bare)}")

    def _by(self) -> Actor:
        return Actor(name="roomtone room", utc_ns=self._clock.utc_ns())

    def _room(self, text: str) -> Room:
        name = as_room(text, "ROOM")
        found = self._store.rooms().get(name)
        if found is None:
            raise UsageError(f"There is no room {name}; `roomtone room list` shows all.")
        return found


def add_actions(parser: argparse.ArgumentParser) -> _Actions[argparse.ArgumentParser]:
    """Say what the command takes; `do` is called with a desk and the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = actions.add_parser("add", help="describe a room: its seats, its zones and its kit")
    add.add_argument("room", metavar="ROOM", help=_ROOM)
    add.add_argument("--site", metavar="SITE", help="its site (default: the server's own)")
    _add_room_options(add)
    add.add_argument("--kit", metavar="NODE", help="the kit's name (default: ROOM-kit)")
    add.add_argument("--no-kit", action="store_true", help="add the kits later")
    _add_kit_options(add)
    add.set_defaults(do=RoomDesk.add)
    change = actions.add_parser("change", help="change a room's title, plan or zones")
    change.add_argument("room", metavar="ROOM", help=_ROOM)
    _add_room_options(change)
    change.add_argument("--zones-by-plan", action="store_true", help="make the zones of the plan")
    change.set_defaults(do=RoomDesk.change)
    kit = actions.add_parser("kit", help="add a kit to a room, or change its hubs")
    kit.add_argument("room", metavar="ROOM", help=_ROOM)
    kit.add_argument("kit", metavar="NODE", help="the kit's name, one in the whole school")
    _add_kit_options(kit)
    kit.set_defaults(do=RoomDesk.kit)
    show = actions.add_parser("show", help="a room's plan, zones and kits")
    show.add_argument("room", metavar="ROOM", help=_ROOM)
    show.set_defaults(do=RoomDesk.show)
    listing = actions.add_parser("list", help="all rooms that are described")
    listing.set_defaults(do=RoomDesk.list)
    remove = actions.add_parser("remove", help="forget a room's description; readings stay")
    remove.add_argument("room", metavar="ROOM", help=_ROOM)
    remove.set_defaults(do=RoomDesk.remove)
    gone = actions.add_parser("remove-kit", help="forget a kit's description; readings stay")
    gone.add_argument("kit", metavar="NODE", help="the kit's name")
    gone.set_defaults(do=RoomDesk.remove_kit)
    return actions


def _add_room_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--title", help="what people call it, such as 'Room 12, first floor'")
    seats = parser.add_mutually_exclusive_group()
    seats.add_argument("--seats", type=int, metavar="N", help="seats 1 to N, in lines of six")
    seats.add_argument(
        "--plan", type=Path, metavar="FILE",
        help="where the seats stand: their numbers, a line of the room a line, the front first",
    )  # fmt: skip
    parser.add_argument("--zone", action="append", default=[], metavar="NAME:SEATS", help=_ZONE)


def _add_kit_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hub", action="append", default=[], metavar="NAME:SEATS", help=_HUB)
    parser.add_argument(
        "--sound", choices=SOUND_SOURCES, help="where sound levels come from (default: hub)"
    )


def _plan(args: argparse.Namespace) -> Plan:
    if args.plan is None:
        return plan_of_size(args.seats)
    return read_plan(read_text(args.plan), str(args.plan))
