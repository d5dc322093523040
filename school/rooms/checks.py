"""What a room's description must hold to; each error is a sentence for its technician. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from contract.errors import DecodeError, UsageError
from contract.lesson import SMALLEST_ZONE
from contract.topics import NAME, Topic
from school.rooms.layout import HIGHEST_SEAT, number_ranges
from school.rooms.records import SOUND_SOURCES, Kit, Room

__all__ = ["require_kit", "require_name", "require_room", "require_title"]

_NAME: Final = re.compile(NAME)
_MAX_HUBS: Final = 8
_MAX_ON_HUB: Final = 8
_MAX_TITLE: Final = 80
_MAX_ZONE_NAME: Final = 40
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def require_name(text: str, what: str) -> str:
    """A name as it stands in topics; raises UsageError."""
    if not _NAME.fullmatch(text):
        raise UsageError(
            f"{text[:60]!r} can't be the name of a {what}: 1 to 32 of a-z, 0-9, - and _, beginning "
            "with a letter or a digit."
        )
    return text


def require_title(text: str, what: str) -> str:
    """What people call a site or a room; raises UsageError."""
    if len(text) > _MAX_TITLE or _CONTROL.search(text):
        raise UsageError(f"The title of a {what} has at most {_MAX_TITLE} characters on one line.")
    return text


def require_room(room: Room) -> None:
    """Names, plan and zones; raises UsageError."""
    require_name(room.site, "site")
    require_name(room.name, "room")
    require_title(room.title, "room")
    try:
        Topic(room.site, room.name, "node", "state")
    except DecodeError as error:
        raise UsageError(
            f"A room can't be called {room.name}: Roomtone uses that name itself."
        ) from error
    if not room.seats:
        raise UsageError(f"Room {room.name} has no seats in its plan.")
    zone_of: dict[int, str] = {}
    for zone in room.zones:
        if not 1 <= len(zone.name) <= _MAX_ZONE_NAME or _CONTROL.search(zone.name):
            raise UsageError(f"A zone's name has 1 to {_MAX_ZONE_NAME} characters on one line.")
        if [each.name for each in room.zones].count(zone.name) > 1:
            raise UsageError(f"Room {room.name} has two zones {zone.name}; name each differently.")
        for seat in zone.seats:
            if seat not in room.seats:
                raise UsageError(
                    f"Zone {zone.name} has seat {seat}, which is not in the room's plan."
                )
            if seat in zone_of:
                raise UsageError(
                    f"Seat {seat} is in zone {zone_of[seat]} and again in {zone.name}; "
                    "a seat is in one zone."
                )
            zone_of[seat] = zone.name
        if len(zone.seats) < SMALLEST_ZONE:
            raise UsageError(
                f"Zone {zone.name} has {len(zone.seats)} seats ({number_ranges(zone.seats)}); a zone "
                f"has {SMALLEST_ZONE} or more, so that it shows no single pupil."
            )


def require_kit(kit: Kit, room: Room, others: Sequence[tuple[str, Kit]]) -> None:
    """A kit beside all other kits, each with its room; raises UsageError."""
    require_name(kit.node, "kit")
    if kit.sound not in SOUND_SOURCES:
        raise UsageError(f"A kit's sound comes from {', '.join(SOUND_SOURCES)}, not {kit.sound!r}.")
    if not 1 <= len(kit.hubs) <= _MAX_HUBS:
        raise UsageError(
            f"Kit {kit.node} has {len(kit.hubs)} hubs; a kit has 1 to {_MAX_HUBS}. A room may have several kits."
        )
    taken = {seat: each for place, each in others if place == room.name and each.node != kit.node
             for seat in each.seats}  # fmt: skip
    elsewhere = next(
        (place for place, each in others if each.node == kit.node and place != room.name), None
    )
    if elsewhere is not None:
        raise UsageError(
            f"Kit {kit.node} is in room {elsewhere}; a kit belongs to one room. Remove it there first, "
            "or give this one another name."
        )
    hub_of: dict[int, str] = {}
    ports: dict[str, str] = {}
    names: set[str] = set()
    for hub in kit.hubs:
        require_name(hub.name, "hub")
        if hub.name in names:
            raise UsageError(f"Kit {kit.node} has two hubs {hub.name}; name each differently.")
        names.add(hub.name)
        if hub.port in ports:
            raise UsageError(
                f"Hubs {ports[hub.port]} and {hub.name} have the same port, {hub.port}."
            )
        if not hub.port or len(hub.port) > 200 or _CONTROL.search(hub.port):
            raise UsageError(f"Hub {hub.name} needs a port, such as /dev/ttyUSB0, on one line.")
        ports[hub.port] = hub.name
        if not 1 <= len(hub.seats) <= _MAX_ON_HUB:
            raise UsageError(
                f"Hub {hub.name} has {len(hub.seats)} seats; a hub has 1 to {_MAX_ON_HUB}."
            )
        for seat in hub.seats:
            _require_seat(seat, hub.name, kit, room, hub_of, taken)
            hub_of[seat] = hub.name


def _require_seat(
    seat: int, hub: str, kit: Kit, room: Room, hub_of: dict[int, str], taken: dict[int, Kit]
) -> None:
    if not 1 <= seat <= HIGHEST_SEAT:
        raise UsageError(f"{seat} is no seat's number; they go from 1 to {HIGHEST_SEAT}.")
    if seat in hub_of:
        raise UsageError(
            f"Seat {seat} is on hub {hub_of[seat]} and again on hub {hub} of kit {kit.node}; "
            "each seat has one sensor."
        )
    if seat in taken:
        raise UsageError(
            f"Seat {seat} of room {room.name} belongs to kit {taken[seat].node} already, so kit "
            f"{kit.node} can't have it too."
        )
    if seat not in room.seats:
        raise UsageError(f"Seat {seat} of hub {hub} is not in the plan of room {room.name}.")
