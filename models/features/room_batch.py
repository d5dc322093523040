"""Several rooms along one axis of seats: where each seat belongs, and sums over rooms and zones.

A sum over a room or zone depends only on its own seats, not on the other rooms in the batch: each
segment is summed separately, in the order of its seats.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Places", "SideBySide"]

Number = TypeVar("Number", np.float32, np.float64)
Numbers = NDArray[np.intp]


class Places:
    """The seats of one room, sorted by zone.

    A seat in several zones counts in the first; a seat in no zone gets its own zone.
    """

    def __init__(self, seats: int, zones: Sequence[Sequence[int] | NDArray[np.intp]]) -> None:
        zone = np.arange(len(zones), len(zones) + seats)
        for number, columns in reversed(list(enumerate(zones))):
            zone[list(columns)] = number
        self.order: Numbers = np.argsort(zone, kind="stable")
        """The columns, sorted by zone."""
        _, found, sizes = np.unique(zone, return_inverse=True, return_counts=True)
        self.zone: Numbers = found.astype(np.intp)
        """(seats,): the number of each seat's zone, counting only zones with seats."""
        self.zone_sizes: Numbers = sizes.astype(np.intp)


class SideBySide:
    """The seats of several rooms, in the order of the rooms."""

    def __init__(self, rooms: Sequence[Places]) -> None:
        sizes = np.array([len(room.zone) for room in rooms], np.intp)
        zones = np.array([len(room.zone_sizes) for room in rooms], np.intp)
        self._room: Numbers = np.repeat(np.arange(len(rooms)), sizes)
        used = sizes[sizes > 0]  # a segment without seats can't be summed
        self._used_room: Numbers = np.repeat(np.arange(len(used)), used)
        self._room_starts = _starts(used)
        first = np.repeat(_starts(sizes), sizes)
        self._order = np.concatenate([room.order for room in rooms]) + first
        self._zone = np.concatenate([room.zone for room in rooms]) + np.repeat(
            _starts(zones), sizes
        )
        self._zone_starts = _starts(np.concatenate([room.zone_sizes for room in rooms]))

    def spread(self, values: NDArray[Number]) -> NDArray[Number]:
        """Copy values of rooms, (n, rooms), to their seats, (n, seats)."""
        return values[:, self._room]

    def others_in_room(self, values: NDArray[Number]) -> NDArray[Number]:
        """For each seat the sum over the other seats of its room, (n, seats)."""
        total = np.add.reduceat(values, self._room_starts, axis=1)
        return total[:, self._used_room] - values

    def others_in_zone(self, values: NDArray[Number]) -> NDArray[Number]:
        """For each seat the sum over the other seats of its zone, (n, seats)."""
        total = np.add.reduceat(values[:, self._order], self._zone_starts, axis=1)
        return total[:, self._zone] - values


def _starts(sizes: Numbers) -> Numbers:
    return np.cumsum(sizes) - sizes
