"""A page's movement of seats is the scorer's, epoch by epoch."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES
from models.features.seat_features import EPOCH_S, SeatFeatures
from models.features.seat_movement import seat_movement

MOTION, WIGGLE = 0, 11
SEATS = 3


def lesson(seed: int, seconds: int, missing: float, stillness: float) -> np.ndarray:
    """Seconds of some seats, with holes of all lengths and long times without movement."""
    rng = np.random.default_rng(seed)
    seat = np.full((seconds, SEATS, len(SEAT_QUANTITIES)), np.nan, np.float32)
    seat[:, :, :10] = rng.normal(15, 6, (seconds, SEATS, 10))
    seat[:, :, 10:] = rng.integers(0, 2, (seconds, SEATS, 3))
    still = np.repeat(rng.random((seconds // 200 + 1, SEATS)) < stillness, 200, axis=0)[:seconds]
    seat[:, :, WIGGLE][still] = 0
    for length in (1, 7, 150):
        holes = rng.random((seconds // length + 1, SEATS)) < missing / length**0.5
        seat[np.repeat(holes, length, axis=0)[:seconds]] = np.nan
    return seat


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 999), seconds=st.integers(0, 1_500), missing=st.floats(0, 0.5),
    stillness=st.floats(0, 1),
)  # fmt: skip
def test_it_is_what_the_scorer_computes(
    seed: int, seconds: int, missing: float, stillness: float
) -> None:
    seat = lesson(seed, seconds, missing, stillness)
    found = seat_movement(seat[:, :, MOTION], seat[:, :, WIGGLE])
    features = SeatFeatures(seats=SEATS)
    room = np.full((EPOCH_S, len(ROOM_QUANTITIES)), np.nan, np.float32)
    assert found.shape == (seconds // EPOCH_S, SEATS)
    for at, row in enumerate(found):
        one = features.update(seat[at * EPOCH_S : (at + 1) * EPOCH_S], room)
        wanted = np.where(one.known & one.present, one.movement_db, np.nan)
        np.testing.assert_allclose(row, wanted, atol=1e-3)


def test_an_empty_seat_has_no_movement() -> None:
    """A chair that nobody sits on is sensed, and has a level."""
    motion, wiggles = np.full((600, 1), 8.0, np.float32), np.zeros((600, 1), np.float32)
    assert np.isnan(seat_movement(motion, wiggles)).all()
    wiggles[0] = 1  # someone sat there for a moment
    found = seat_movement(motion, wiggles)
    assert not np.isnan(found[12:60]).any()
    assert np.isnan(found[60:]).all()
