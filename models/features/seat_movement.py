"""The movement of a lesson's seats against their own normal, for the whole lesson at once.

The values are those of `SeatFeatures.update`, epoch by epoch, without the other features: a page
has no time for them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.features.seat_features import EPOCH_S, MIN_EPOCHS, MIN_SECONDS, PRESENT_EPOCHS
from models.features.seat_memory import Running, decibel, mean_of, quotient

__all__ = ["seat_movement"]

Array = NDArray[np.float32]


def seat_movement(motion_db: Array, wiggles: Array) -> Array:
    """Each seat's movement in dB, (epochs, seats), from its seconds (n, seats); NaN is missing.

    NaN also where less than a minute of a seat is known, and where nobody sits: the seat has not
    moved for five minutes. Seconds after the last full epoch are left out.
    """
    epochs, seats = len(motion_db) // EPOCH_S, motion_db.shape[1]
    shape = epochs, EPOCH_S, seats
    motion = motion_db[: epochs * EPOCH_S].reshape(shape).transpose(1, 0, 2)
    moved = wiggles[: epochs * EPOCH_S].reshape(shape).transpose(1, 0, 2)
    there = ~np.isnan(motion)
    power = np.where(there, 10.0 ** (motion / np.float32(10.0)), np.float32(0.0))
    seconds = np.add.reduce(there, axis=0, dtype=np.uint8)
    level = decibel(quotient(np.add.reduce(power, axis=0), seconds, 1))
    usual, known = _normals(level)
    now = mean_of(np.stack([level, _before(level, np.nan)]))
    is_enough = seconds + _before(seconds, 0) >= MIN_SECONDS
    is_known = is_enough & (known >= MIN_EPOCHS) & _present(np.fmax.reduce(moved, axis=0) >= 1.0)
    return np.where(is_known, now - usual, np.float32(np.nan)).astype(np.float32)


def _normals(level: Array) -> tuple[Array, NDArray[np.int32]]:
    """Each epoch's normal, from the epochs before it, and of how many."""
    usual, known = np.empty_like(level), np.empty(level.shape, np.int32)
    normal = Running.empty(1, level.shape[1])
    for at in range(len(level)):
        usual[at], known[at] = normal.mean[0], normal.counts[0]
        normal.update(level[at : at + 1])
    return usual, known


def _before(values: NDArray[np.generic], first: float) -> NDArray[np.generic]:
    """Each epoch's values of the epoch before."""
    return np.concatenate([np.full_like(values[:1], first), values[:-1]])


def _present(moved: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where someone sits: the seat moved within the last minutes."""
    epoch = np.arange(len(moved))[:, None]
    latest = np.maximum.accumulate(np.where(moved, epoch, -PRESENT_EPOCHS), axis=0)
    present: NDArray[np.bool_] = epoch - latest < PRESENT_EPOCHS
    return present
