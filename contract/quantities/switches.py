"""The seat quantities of switches: movements that began, and the share of quiet quarter-seconds.

A vibration or tilt switch says that something moved, never how much, so all other quantities of its
seat are missing. NumPy alone.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.quantities.table import SEAT_QUANTITIES

__all__ = ["SWITCH_RATE_HZ", "SwitchQuantities"]

SWITCH_RATE_HZ: Final = 20
_QUARTERS: Final = 4
_MIN_SHARE: Final = 0.6
_STILLNESS: Final = next(i for i, q in enumerate(SEAT_QUANTITIES) if q.name == "stillness")
_WIGGLES: Final = next(i for i, q in enumerate(SEAT_QUANTITIES) if q.name == "wiggle_count")


class SwitchQuantities:
    """The quantities of a group of seats, second by second. A missing second ends a movement."""

    def __init__(self, *, seats: int) -> None:
        self._seats = seats
        self._moving = np.zeros(seats, bool)

    def update(self, moved: NDArray[np.floating]) -> NDArray[np.float32]:
        """(seats, quantities) from (samples, seats): 1 if the seat moved since the sample before.

        0 is no movement, NaN an unknown sample. A seat with fewer than 60 % of a second's samples is
        missing. A movement begins in a quarter-second that follows a quiet one.
        """
        rows = np.asarray(moved, dtype=np.float32)
        out = np.full((self._seats, len(SEAT_QUANTITIES)), np.nan, np.float32)
        there = ~np.isnan(rows)
        known = np.asarray(there.sum(axis=0) >= _MIN_SHARE * SWITCH_RATE_HZ)
        count = np.zeros(self._seats, np.float32)
        quiet = np.zeros(self._seats, np.float32)
        seen = np.zeros(self._seats, np.float32)
        moving = self._moving & known
        for quarter in np.array_split(rows, _QUARTERS):
            is_seen = ~np.isnan(quarter).all(axis=0) if len(quarter) else np.zeros_like(known)
            has_moved = (np.nan_to_num(quarter) > 0).any(axis=0) if len(quarter) else is_seen
            count += is_seen & has_moved & ~moving
            quiet += is_seen & ~has_moved
            seen += is_seen
            moving = np.where(is_seen, has_moved, moving)
        self._moving = moving & known
        out[known, _STILLNESS] = quiet[known] / np.maximum(seen[known], 1.0)
        out[known, _WIGGLES] = count[known]
        return out
