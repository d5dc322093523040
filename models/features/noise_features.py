"""Features of a room's sound, epoch by epoch, and the memory that they need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.quantities.table import ROOM_QUANTITIES
from models.features.names import EPOCH_S, WINDOWS
from models.features.seat_memory import Running, Windows, decibel

__all__ = ["RoomMemory"]

Array = NDArray[np.float32]

_ROOM: Final = {quantity.name: at for at, quantity in enumerate(ROOM_QUANTITIES)}


@dataclass(slots=True, eq=False)
class RoomMemory:
    """The memory of each room; rooms are along the last axis."""

    noise: Windows
    normal: Running
    epochs: NDArray[np.int64]

    @classmethod
    def empty(cls) -> RoomMemory:
        return cls(
            noise=Windows.empty(WINDOWS["60"], len(ROOM_QUANTITIES), 1),
            normal=Running.empty(1, 1),
            epochs=np.zeros(1, np.int64),
        )

    def take(self, room: Array) -> None:
        """Add the seconds of an epoch, (5, quantities, rooms)."""
        there = ~np.isnan(room)
        values = room.copy()
        values[:, 0] = 10.0 ** (room[:, 0] / 10.0)
        sums = np.add.reduce(np.where(there, values, np.float32(0.0)), axis=0)
        self.noise.push(sums, np.add.reduce(there, axis=0, dtype=np.uint8))

    def learn(self) -> None:
        """Add the finished epoch to the normal."""
        self.normal.update(decibel(self.noise.mean(1)[:1]))
        self.epochs = self.epochs + 1

    def features(self) -> Array:
        """In the order of `NOISE_FEATURES`, (10, rooms)."""
        w10, w60 = self.noise.mean(WINDOWS["10"]), self.noise.mean(WINDOWS["60"])
        now, minute = decibel(w10[0]), decibel(w60[0])
        usual = self.normal.mean[0]
        return np.stack(
            [
                now,
                minute,
                now - usual,
                minute - usual,
                now - minute,
                w10[_ROOM["lafmax"]] - now,
                w10[_ROOM["la10"]] - w10[_ROOM["la90"]],
                w10[_ROOM["sound_onsets"]] * 60.0,
                w60[_ROOM["sound_onsets"]] * 60.0,
                (self.epochs * EPOCH_S / 60.0).astype(np.float32),
            ]
        )
