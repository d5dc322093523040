"""What a room's description must hold to; each error is a sentence for its technician. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from contract.errors import DecodeError, UsageError
from contract.language import _
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


def require_name(text: str) -> str:
    """A name as it stands in topics; raises UsageError."""
    if not _NAME.fullmatch(text):
        raise UsageError(
            _(
                "“{text}” can't be a name here: 1 to 32 of a-z, 0-9, - and _, beginning with a letter or "
                "a digit.",
                text=text[:60],
            )
        )
    return text


def require_title(text: str) -> str:
    """What people call a site or a room; raises UsageError."""
    if len(text) > _MAX_TITLE or _CONTROL.search(text):
        raise UsageError(
            _("A title has at most {max_title} characters on one line.", max_title=_MAX_TITLE)
        )
    return text


def require_room(room: Room) -> None:
    """Names, plan and zones; raises UsageError."""
    require_name(room.site)
    require_name(room.name)
    require_title(room.title)
    try:
        Topic(room.site, room.name, "node", "state")
    except DecodeError as error:
        raise UsageError(
            _("A room can't be called {room}: Roomtone uses that name itself.", room=room.name)
        ) from error
    if not room.seats:
        raise UsageError(_("Room {room} has no seats in its plan.", room=room.name))
    zone_of: dict[int, str] = {}
    for zone in room.zones:
        if not 1 <= len(zone.name) <= _MAX_ZONE_NAME or _CONTROL.search(zone.name):
            raise UsageError(
                _(
                    "A zone's name has 1 to {max_zone_name} characters on one line.",
                    max_zone_name=_MAX_ZONE_NAME,
                )
            )
        if [each.name for each in room.zones].count(zone.name) > 1:
            raise UsageError(
                _(
                    "Room {room} has two zones {zone}; name each differently.",
                    room=room.name,
                    zone=zone.name,
                )
            )
        for seat in zone.seats:
            if seat not in room.seats:
                raise UsageError(
                    _(
                        "Zone {zone} has seat {seat}, which is not in the room's plan.",
                        zone=zone.name,
                        seat=seat,
                    )
                )
            if seat in zone_of:
                raise UsageError(
                    _(
                        "Seat {seat} is in zone {one} and again in {zone}; a seat is in one zone.",
                        seat=seat,
                        one=zone_of[seat],
                        zone=zone.name,
                    )
                )
            zone_of[seat] = zone.name
        if len(zone.seats) < SMALLEST_ZONE:
            raise UsageError(
                _(
                    "Zone {zone} has {n} seats ({seats}); a zone "
                    "has {fewest} or more, so that it shows no single pupil.",
                    zone=zone.name,
                    n=len(zone.seats),
                    seats=number_ranges(zone.seats),
                    fewest=SMALLEST_ZONE,
                )
            )


def require_kit(kit: Kit, room: Room, others: Sequence[tuple[str, Kit]]) -> None:
    """A kit beside all other kits, each with its room; raises UsageError."""
    require_name(kit.node)
    if kit.sound not in SOUND_SOURCES:
        raise UsageError(
            _(
                "A kit's sound comes from {choices}, not “{sound}”.",
                choices=", ".join(SOUND_SOURCES),
                sound=kit.sound,
            )
        )
    if not 1 <= len(kit.hubs) <= _MAX_HUBS:
        raise UsageError(
            _(
                "Kit {node} has {n} hubs; a kit has 1 to {max_hubs}. A room may have several kits.",
                node=kit.node,
                n=len(kit.hubs),
                max_hubs=_MAX_HUBS,
            )
        )
    taken = {seat: each for place, each in others if place == room.name and each.node != kit.node
             for seat in each.seats}  # fmt: skip
    elsewhere = next(
        (place for place, each in others if each.node == kit.node and place != room.name), None
    )
    if elsewhere is not None:
        raise UsageError(
            _(
                "Kit {node} is in room {other}; a kit belongs to one room. Remove it there first, "
                "or give this one another name.",
                node=kit.node,
                other=elsewhere,
            )
        )
    hub_of: dict[int, str] = {}
    ports: dict[str, str] = {}
    names: set[str] = set()
    for hub in kit.hubs:
        require_name(hub.name)
        if hub.name in names:
            raise UsageError(
                _(
                    "Kit {node} has two hubs {hub}; name each differently.",
                    node=kit.node,
                    hub=hub.name,
                )
            )
        names.add(hub.name)
        if hub.port in ports:
            raise UsageError(
                _(
                    "Hubs {other} and {hub} have the same port, {port}.",
                    other=ports[hub.port],
                    hub=hub.name,
                    port=hub.port,
                )
            )
        if not hub.port or len(hub.port) > 200 or _CONTROL.search(hub.port):
            raise UsageError(
                _("Hub {hub} needs a port, such as /dev/ttyUSB0, on one line.", hub=hub.name)
            )
        ports[hub.port] = hub.name
        if not 1 <= len(hub.seats) <= _MAX_ON_HUB:
            raise UsageError(
                _(
                    "Hub {hub} has {n} seats; a hub has 1 to {max_on_hub}.",
                    hub=hub.name,
                    n=len(hub.seats),
                    max_on_hub=_MAX_ON_HUB,
                )
            )
        for seat in hub.seats:
            _require_seat(seat, hub.name, kit, room, hub_of, taken)
            hub_of[seat] = hub.name


def _require_seat(
    seat: int, hub: str, kit: Kit, room: Room, hub_of: dict[int, str], taken: dict[int, Kit]
) -> None:
    if not 1 <= seat <= HIGHEST_SEAT:
        raise UsageError(
            _(
                "{seat} is no seat's number; they go from 1 to {highest_seat}.",
                seat=seat,
                highest_seat=HIGHEST_SEAT,
            )
        )
    if seat in hub_of:
        raise UsageError(
            _(
                "Seat {seat} is on hub {one} and again on hub {hub} of kit {node}; "
                "each seat has one sensor.",
                seat=seat,
                one=hub_of[seat],
                hub=hub,
                node=kit.node,
            )
        )
    if seat in taken:
        raise UsageError(
            _(
                "Seat {seat} of room {room} belongs to kit {other} already, so kit "
                "{node} can't have it too.",
                seat=seat,
                room=room.name,
                other=taken[seat].node,
                node=kit.node,
            )
        )
    if seat not in room.seats:
        raise UsageError(
            _(
                "Seat {seat} of hub {hub} is not in the plan of room {room}.",
                seat=seat,
                hub=hub,
                room=room.name,
            )
        )
