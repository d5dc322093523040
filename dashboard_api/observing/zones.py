"""Round which zones observers go: those of the layout, of five seats or more that are sensed."""

from __future__ import annotations

from dataclasses import replace

from contract.lesson import Zone
from dashboard_api.web.store_thread import Stores
from models.features.zones import merge_zones
from models.serving.scores import ROOM
from school.lessons.records import Lesson

__all__ = ["layout_zones"]


def layout_zones(stores: Stores, lesson: Lesson) -> tuple[str, ...]:
    """The names of the lesson's zones, else of one for each hub of the room's kits, as when scored.

    A zone with fewer than five seats that have not opted out joins a neighbour, as in the model: if
    every seat is occupied, the two have the same zones.
    """
    zones = lesson.zones
    if not zones:
        runs = stores.periods.newest_runs(lesson.room)
        # A kit that was replaced stays the newest run of its name.
        runs = [each for each in runs if stores.periods.is_up(each.id)] or runs
        births = [stores.periods.birth(each.id) for each in runs]
        zones = tuple(
            Zone(name=hub.hub, seats=hub.seats)
            for birth in births
            if birth is not None
            for hub in birth.hubs
        )
    named = [replace(zone, name=f"zone {ROOM}") if zone.name == ROOM else zone for zone in zones]
    out = {seat for room, seat in stores.lessons.opted_out() if room == lesson.room}
    sensed = {seat for zone in named for seat in zone.seats} - out
    return tuple(zone.name for zone in merge_zones(named, sensed))
