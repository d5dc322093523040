"""What a rescore may replace: a value that can't be computed again stays as it is.

Seat values go after their retention, scores stay much longer. A lesson that is scored again after
that has little or nothing to compute from, and what it was scored with is worth more.
"""

from __future__ import annotations

import math
from dataclasses import replace

from ingest.stores.records import EpochRecord, ZoneEpoch

__all__ = ["rescored"]


def rescored(old: EpochRecord | None, new: EpochRecord) -> EpochRecord:
    """What is kept of an epoch that has been scored again.

    The new record, unless it lacks something that the old one knows of the room, or of a zone that
    is in both. Then the old one stays whole, so that no epoch mixes values of two computations;
    its time follows the new one, because dates become known later.
    """
    if old is None or _knows_as_much(old, new):
        return new
    return replace(old, utc_ns=new.utc_ns)


def _knows_as_much(old: EpochRecord, new: EpochRecord) -> bool:
    known = {zone.zone: _known(zone) for zone in new.zones}
    return all(
        _known(zone) <= known.get(zone.zone, set())
        for number, zone in enumerate(old.zones)
        if number == 0 or zone.zone in known
    )


def _known(zone: ZoneEpoch) -> set[str]:
    """Which of an area's values there are; the others follow from these."""
    values = {"movement": zone.movement_db, "off_task": zone.off_task, "noise": zone.noise_db}
    return {name for name, value in values.items() if not math.isnan(value)}
