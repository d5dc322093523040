"""Movement from scored epochs: the room's ribbon and the zones' cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.clock import SECOND_NS
from contract.lesson import SMALLEST_ZONE
from dashboard_api.views.levels import bucketed
from dashboard_api.views.zones import showable
from ingest.stores.records import EpochRecord
from models.features.seat_features import EPOCH_S
from models.serving.scores import ROOM

__all__ = [
    "CELL_S",
    "EPOCH_S",
    "Ribbon",
    "ZoneCells",
    "area_movement",
    "ribbon",
    "shown_zones",
    "zone_cells",
]

CELL_S: Final = 10
"""The length of one cell in the zones' lanes."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ribbon:
    """The room's movement in dB against its own normal; NaN where nothing was sensed."""

    step_s: int
    least: Floats
    mean: Floats
    most: Floats
    low: Floats
    """The lower end of the band of uncertainty."""
    high: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ZoneCells:
    """One zone's movement in cells of ten seconds."""

    zone: str
    seats: int
    cells: Floats


def ribbon(epochs: Sequence[EpochRecord], start_utc_ns: int, length_s: int, level_s: int) -> Ribbon:
    """The room's ribbon at a level of detail; the finest step is an epoch."""
    n = -(-length_s // EPOCH_S)
    values = np.full((3, n), np.nan)
    for at, record in _placed(epochs, start_utc_ns, n):
        room = record.zones[0]
        if room.seats >= SMALLEST_ZONE:
            values[:, at] = room.movement_low_db, room.movement_db, room.movement_high_db
    width = max(1, level_s // EPOCH_S)
    low, mean, high = (bucketed(row, width) for row in values)
    return Ribbon(
        step_s=width * EPOCH_S,
        least=mean.least,
        mean=mean.mean,
        most=mean.most,
        low=np.fmin(low.mean, mean.mean),
        high=np.fmax(high.mean, mean.mean),
    )


def zone_cells(epochs: Sequence[EpochRecord], start_utc_ns: int, length_s: int) -> list[ZoneCells]:
    """The zones' lanes, in the order in which they first occur.

    The number of seats decides what may be shown: the usual number for the whole lesson, and again
    the number in each epoch.
    """
    n = -(-length_s // EPOCH_S)
    placed = _placed(epochs, start_utc_ns, n)
    shown = _shown([record for _, record in placed])
    values: dict[str, Floats] = {}
    for at, record in placed:
        room, *zones = record.zones
        usable = showable(room.seats, {zone.zone: zone.seats for zone in zones})
        for zone in zones:
            if zone.zone in shown:
                if zone.zone not in values:
                    values[zone.zone] = np.full(n, np.nan)
                if zone.zone in usable:
                    values[zone.zone][at] = zone.movement_db
    return [
        ZoneCells(zone, shown[zone], bucketed(row, CELL_S // EPOCH_S).mean)
        for zone, row in values.items()
    ]


def area_movement(
    epochs: Sequence[EpochRecord], start_utc_ns: int, length_s: int, area: str
) -> Floats:
    """The movement of the room or of a zone in each epoch, (n,) in dB; NaN where it is not shown."""
    n = -(-length_s // EPOCH_S)
    placed = _placed(epochs, start_utc_ns, n)
    values = np.full(n, np.nan)
    if area != ROOM and area not in _shown([record for _, record in placed]):
        return values
    for at, record in placed:
        room, *zones = record.zones
        if room.seats < SMALLEST_ZONE:
            continue
        usable = showable(room.seats, {zone.zone: zone.seats for zone in zones})
        for one in record.zones:
            if one.zone == area and (area == ROOM or area in usable):
                values[at] = one.movement_db
    return values


def shown_zones(epochs: Sequence[EpochRecord]) -> frozenset[str]:
    """The zones of a lesson that may be shown at all."""
    return frozenset(_shown(epochs))


def _shown(epochs: Sequence[EpochRecord]) -> dict[str, int]:
    """Those zones, and the usual number of seats of each."""
    seats: dict[str, list[int]] = {}
    for record in epochs:
        for zone in record.zones:
            seats.setdefault(zone.zone, []).append(zone.seats)
    usual = {name: int(np.median(counts)) for name, counts in seats.items()}
    room_seats = usual.pop(ROOM, 0)
    shown = showable(room_seats, usual)
    return {name: count for name, count in usual.items() if name in shown}


def _placed(
    epochs: Sequence[EpochRecord], start_utc_ns: int, n: int
) -> list[tuple[int, EpochRecord]]:
    """Epochs with their index; after a restart two may share one, then the later one counts."""
    placed = [
        (round((record.utc_ns - start_utc_ns) / SECOND_NS / EPOCH_S), record) for record in epochs
    ]
    return [(at, record) for at, record in placed if 0 <= at < n and record.zones]
