"""Sites, rooms and kits in the school's database, as technicians describe them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from contract.errors import UsageError
from contract.language import _
from contract.lesson import Zone
from school.audit.actor import Actor
from school.rooms.checks import require_kit, require_name, require_room, require_title
from school.rooms.records import Hub, Kit, Room, Site
from school.rooms.tables import kit_hubs, kit_seats, kits, rooms, sites
from school.schema import lessons
from school.sql_store import SqlStore, put_row

__all__ = ["RoomStore", "zones_text"]

_SITES: Final = select(sites).order_by(sites.c.name)
_ROOMS: Final = select(rooms).order_by(rooms.c.name)
_KITS: Final = select(kits).order_by(kits.c.node)
_HUBS: Final = select(kit_hubs).order_by(kit_hubs.c.node, kit_hubs.c.place)
_SEATS: Final = select(kit_seats).order_by(kit_seats.c.node, kit_seats.c.hub, kit_seats.c.place)


class RoomStore(SqlStore):
    """Each change in a transaction of its own, with who made it in the audit log.

    Any number of programs may use it.
    """

    def sites(self) -> list[Site]:
        return [Site(name=row.name, title=row.title) for row in self._read(_SITES)]

    def rooms(self) -> dict[str, Room]:
        """All rooms by name, with their kits."""
        with self._database.reading() as connection:
            return _all_rooms(connection)

    def add_site(self, site: Site, by: Actor) -> bool:
        """Add a site, or change its title; whether it is new."""
        require_name(site.name)
        require_title(site.title)
        with self._database.writing() as connection:
            before = connection.execute(_SITES.where(sites.c.name == site.name)).first()
            put_row(connection, sites, asdict(site))
            if before is None:
                by.record(connection, "described", "site", site.name)
            elif before.title != site.title:
                detail = {"title": 1}
                by.record(connection, "changed_description", "site", site.name, detail=detail)
        return before is None

    def add_room(self, room: Room, kit: Kit | None, by: Actor, *, now_utc_ns: int) -> None:
        """Add a room that is not there yet, perhaps with its kit; all of it or nothing.

        Raises UsageError if something does not fit.
        """
        with self._database.writing() as connection:
            before = _all_rooms(connection).get(room.name)
            if before is not None:
                raise UsageError(
                    _(
                        "Room {room} is there already, in site {site}.",
                        room=room.name,
                        site=before.site,
                    )
                )
            _put_room(connection, room, by, now_utc_ns)
            if kit is not None:
                _put_kit(connection, room.name, kit, by)

    def put_room(self, room: Room, by: Actor, *, now_utc_ns: int) -> None:
        """Add a room or change it; its kits stay. Raises UsageError if it does not fit.

        Lessons that have not begun, and had the room's zones or none, get its zones of now.
        """
        with self._database.writing() as connection:
            _put_room(connection, room, by, now_utc_ns)

    def remove_room(self, name: str, by: Actor) -> bool:
        """Forget a room's description, and its kits'; lessons and readings stay."""
        with self._database.writing() as connection:
            room = _all_rooms(connection).get(name)
            if room is None:
                return False
            for kit in room.kits:
                _remove_kit(connection, name, kit.node, by)
            connection.execute(delete(rooms).where(rooms.c.name == name))
            by.record(connection, "removed_description", "room", name)
        return True

    def put_kit(self, room: str, kit: Kit, by: Actor) -> None:
        """Add a kit to a room, or change the one with its name; raises UsageError."""
        with self._database.writing() as connection:
            _put_kit(connection, room, kit, by)

    def remove_kit(self, node: str, by: Actor) -> bool:
        """Forget a kit's description; what it has sent stays."""
        with self._database.writing() as connection:
            room = connection.scalar(select(kits.c.room).where(kits.c.node == node))
            if room is None:
                return False
            _remove_kit(connection, room, node, by)
        return True


def zones_text(zones: tuple[Zone, ...]) -> str:
    """Zones as a lesson's row has them."""
    return json.dumps([asdict(zone) for zone in zones])


def _put_room(connection: Connection, room: Room, by: Actor, now_utc_ns: int) -> None:
    require_room(room)
    known = _all_rooms(connection)
    before = known.get(room.name)
    if before is not None:
        if before.site != room.site and before.kits:
            raise UsageError(
                _(
                    "Room {room} has kits, whose certificates are of site {site}; "
                    "remove them before it moves to another site.",
                    room=room.name,
                    site=before.site,
                )
            )
        others = _kits_of(known)
        for kit in before.kits:
            require_kit(kit, room, others)
    if connection.execute(_SITES.where(sites.c.name == room.site)).first() is None:
        connection.execute(insert(sites), {"name": room.site, "title": ""})
        by.record(connection, "described", "site", room.site)
    zones = zones_text(room.zones)
    put_row(
        connection, rooms,
        {"name": room.name, "site": room.site, "title": room.title,
         "seat_lines": json.dumps(room.plan), "zones": zones},
    )  # fmt: skip
    if before is None:
        by.record(connection, "described", "room", room.name)
    elif changed := _changed(before, room, ("site", "title", "plan", "zones")):
        by.record(connection, "changed_description", "room", room.name, detail=changed)
    olds = {"[]", "[]" if before is None else zones_text(before.zones)}
    connection.execute(
        update(lessons)
        .where(
            lessons.c.room == room.name,
            lessons.c.starts_utc_ns > now_utc_ns,
            lessons.c.zones.in_(sorted(olds)),
            lessons.c.zones != zones,
        )
        .values(zones=zones)
    )


def _put_kit(connection: Connection, room: str, kit: Kit, by: Actor) -> None:
    known = _all_rooms(connection)
    if room not in known:
        raise UsageError(
            _("There is no room {room}; add it first, with `roomtone room add`.", room=room)
        )
    require_kit(kit, known[room], _kits_of(known))
    before = next((each for each in known[room].kits if each.node == kit.node), None)
    added = kit.added_utc_ns if before is None else before.added_utc_ns
    put_row(
        connection, kits,
        {"node": kit.node, "room": room, "sound": kit.sound, "added_utc_ns": added},
    )  # fmt: skip
    connection.execute(delete(kit_hubs).where(kit_hubs.c.node == kit.node))
    for place, hub in enumerate(kit.hubs):
        connection.execute(
            insert(kit_hubs),
            {"node": kit.node, "hub": hub.name, "place": place, "port": hub.port},
        )
        connection.execute(
            insert(kit_seats),
            [{"room": room, "seat": seat, "node": kit.node, "hub": hub.name, "place": at}
             for at, seat in enumerate(hub.seats)],
        )  # fmt: skip

    detail: dict[str, int | str] = {"room": room}
    if before is None:
        by.record(connection, "described", "kit", kit.node, detail=detail)
    elif changed := _changed(before, kit, ("hubs", "sound")):
        by.record(connection, "changed_description", "kit", kit.node, detail=detail | changed)


def _remove_kit(connection: Connection, room: str, node: str, by: Actor) -> None:
    connection.execute(delete(kits).where(kits.c.node == node))
    by.record(connection, "removed_description", "kit", node, detail={"room": room})


def _changed(before: Room | Kit, after: Room | Kit, names: tuple[str, ...]) -> dict[str, int]:
    """Which of these differ, as the audit log has it; empty if nothing does."""
    return {name: 1 for name in names if getattr(before, name) != getattr(after, name)}


def _kits_of(known: Mapping[str, Room]) -> list[tuple[str, Kit]]:
    return [(room.name, kit) for room in known.values() for kit in room.kits]


def _all_rooms(connection: Connection) -> dict[str, Room]:
    seats: dict[tuple[str, str], list[int]] = {}
    for row in connection.execute(_SEATS).all():
        seats.setdefault((row.node, row.hub), []).append(row.seat)
    hubs: dict[str, list[Hub]] = {}
    for row in connection.execute(_HUBS).all():
        hub = Hub(name=row.hub, port=row.port, seats=tuple(seats.get((row.node, row.hub), ())))
        hubs.setdefault(row.node, []).append(hub)
    found = {row.name: _room(row) for row in connection.execute(_ROOMS).all()}
    for row in connection.execute(_KITS).all():
        kit = Kit(
            node=row.node, hubs=tuple(hubs.get(row.node, ())), sound=row.sound,
            added_utc_ns=row.added_utc_ns,
        )  # fmt: skip
        room = found[row.room]
        found[row.room] = replace(room, kits=(*room.kits, kit))
    return found


def _room(row: Any) -> Room:
    return Room(
        name=row.name, site=row.site, title=row.title,
        plan=tuple(tuple(line) for line in json.loads(row.seat_lines)),
        zones=tuple(
            Zone(name=each["name"], seats=tuple(each["seats"])) for each in json.loads(row.zones)
        ),
    )  # fmt: skip
