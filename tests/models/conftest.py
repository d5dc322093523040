"""A small invented class, quick to make: pupils who move more while they are off task."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from contract.lesson import Activity, LabelledLesson, Zone
from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES

MakeLesson = Callable[..., LabelledLesson]


def _lesson(seed: int, *, seconds: int = 600, seats: int = 12) -> LabelledLesson:
    rng = np.random.default_rng(seed)
    bouts = rng.random((seconds // 20 + 1, seats)) < 0.3
    off = np.repeat(bouts, 20, axis=0)[:seconds]
    level = 12.0 + rng.normal(0, 2, (1, seats)) + 9.0 * off + rng.normal(0, 3, (seconds, seats))
    seat = level[:, :, None] + rng.normal(0, 1, (seconds, seats, len(SEAT_QUANTITIES)))
    seat[:, :, 10] = level < 15
    seat[:, :, 11] = rng.random((seconds, seats)) < np.where(off, 0.3, 0.05)
    seat[:, :, 12] = rng.exponential(0.3, (seconds, seats))
    room = 60 + rng.normal(0, 2, (seconds, 1)) + np.array([0, 3, 2, -2, 0.0])
    room[:, 4] = rng.random(seconds) < 0.1
    assert room.shape[1] == len(ROOM_QUANTITIES)
    numbers = tuple(range(1, seats + 1))
    half = seats // 2
    return LabelledLesson(
        classroom=f"invented-{seed}",
        seats=numbers,
        zones=(Zone(name="front", seats=numbers[:half]), Zone(name="back", seats=numbers[half:])),
        activities=(Activity(start_s=0.0, end_s=float(seconds), name="individual_work"),),
        seat=seat.astype(np.float32),
        room=room.astype(np.float32),
        off_task=off,
        occupied=np.ones((seconds, seats), bool),
        kind=off.astype(np.int8),
        kinds=("on", "off"),
    )


@pytest.fixture
def make_lesson() -> MakeLesson:
    return _lesson
