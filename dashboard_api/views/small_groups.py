"""What may be shown of groups: nothing of fewer than five seats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from contract.lesson import SMALLEST_ZONE
from dashboard_api.views.movement import shown_zones
from dashboard_api.views.zones import showable
from ingest.stores.records import EpochRecord

__all__ = ["safe_epochs"]


def safe_epochs(epochs: Sequence[EpochRecord]) -> list[EpochRecord]:
    """The epochs with the groups that may be shown in each of them, and no others.

    Every answer about a lesson is made from these. In each epoch, the room without the zones that
    are left has no seat or at least five, so no subtraction isolates fewer, at any level of detail.
    """
    shown = shown_zones(epochs)
    safe: list[EpochRecord] = []
    for record in epochs:
        if not record.zones or record.zones[0].seats < SMALLEST_ZONE:
            continue
        room, *zones = record.zones
        usable = showable(room.seats, {zone.zone: zone.seats for zone in zones}) & shown
        kept = tuple(zone for zone in zones if zone.zone in usable)
        safe.append(replace(record, zones=(room, *kept)))
    return safe
