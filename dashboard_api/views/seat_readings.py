"""What single seats sensed, in whole seconds: for the page of seat rows, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.lesson import Zone
from contract.quantities.table import MISSING, SEAT_QUANTITIES
from contract.wire.messages import Birth
from contract.wire.payload import Layout
from ingest.stores.records import Periods

__all__ = ["SeatReadings", "SeatsTaken"]

_TRACES: Final = tuple(q for q in SEAT_QUANTITIES if q.name in {"motion_rms", "wiggle_count"})

Singles = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeatReadings:
    """What the seats of a room's kits sensed in each of n seconds: for their teacher alone."""

    seats: tuple[int, ...]
    motion_db: Singles
    """(n, seats), NaN where missing."""
    wiggles: Singles
    """(n, seats): movements that began in the second."""
    hubs: tuple[Zone, ...]
    """The seats of each hub, in the order in which they hang on it."""


class SeatsTaken:
    """What the seats of a room sensed, piece by piece as it is read."""

    def __init__(self) -> None:
        self._hubs: dict[tuple[str, str], tuple[int, ...]] = {}
        """Node and hub → its seats in the latest run."""
        self._pieces: list[tuple[tuple[int, ...], NDArray[np.int64], list[Singles]]] = []

    def take_hubs(self, birth: Birth | None) -> None:
        """The hubs of a run, if its birth has arrived."""
        if birth is not None:
            self._hubs.update({(birth.node, hub.hub): hub.seats for hub in birth.hubs})

    def take(
        self, part: Periods, rows: slice, seconds: NDArray[np.int64], picked: NDArray[np.intp]
    ) -> None:
        """The periods `rows[picked]` of a part as these seconds."""
        traces = _seat_traces(part.layout, part.values[rows])
        self._pieces.append((part.layout.seats, seconds, [one[picked] for one in traces]))

    def seats(self, n: int) -> SeatReadings:
        """All of it, in n seconds."""
        seats = tuple(sorted({seat for found, _, _ in self._pieces for seat in found}))
        column = {seat: at for at, seat in enumerate(seats)}
        traces = [np.full((n, len(seats)), np.nan, np.float32) for _ in _TRACES]
        for found, seconds, values in self._pieces:
            where = np.ix_(seconds, np.array([column[seat] for seat in found], np.int64))
            for trace, new in zip(traces, values, strict=True):
                trace[where] = np.where(np.isnan(new), trace[where], new)
        return SeatReadings(
            seats=seats, motion_db=traces[0], wiggles=traces[1],
            hubs=tuple(Zone(name=name, seats=on_hub) for (_, name), on_hub in self._hubs.items()),
        )  # fmt: skip


def _seat_traces(layout: Layout, values: NDArray[np.uint16]) -> list[Singles]:
    """The two quantities of each seat, (periods, seats); NaN where a kit does not send one."""
    kept, found = layout.seat_values(values), []
    for quantity in _TRACES:
        trace = np.full(kept.shape[:2], np.nan, np.float32)
        if quantity.code in layout.seat_codes:
            codes = kept[:, :, layout.seat_codes.index(quantity.code)]
            is_there = codes != MISSING
            trace[is_there] = codes[is_there] * quantity.scale + quantity.offset
        found.append(trace)
    return found
