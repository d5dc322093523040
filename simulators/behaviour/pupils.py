"""Draws the pupils and sensors of one classroom from its seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.behaviour.streams import stream
from simulators.scenario import Scenario

__all__ = ["Pupils", "SeatSensors", "amplitudes", "draw_pupils", "draw_sensors"]

_PER_ROW = 4  # a table group of eight is two rows of four
_HABIT = 0.5  # the part of the spread of amplitudes that is between pupils


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pupils:
    """One entry for each seat, in the order of the seat numbers."""

    present: NDArray[np.bool_]
    """False if the seat is empty for the whole lesson."""
    late_s: NDArray[np.int64]
    """Second of arrival; 0 for pupils who are there at the start."""
    neighbours: NDArray[np.float64]
    """(seats, seats): each row has the weights of a seat's neighbours, which add up to 1."""
    class_trait: float
    """The off-task tendency of the whole class: standard normal."""
    trait: NDArray[np.float64]
    """Each pupil's own off-task tendency: standard normal."""
    very_lively: NDArray[np.bool_]
    movements: NDArray[np.float64]
    """Task-unrelated movements in 45 minutes."""
    lively_on_task: NDArray[np.float64]
    """Share of on-task time spent writing or fetching."""
    still_mg: NDArray[np.float64]
    hands_mg: NDArray[np.float64]
    vigour: NDArray[np.float64]
    """The pupil's usual place in the range of a movement's amplitude, 0 to 1."""
    leg_bounce: NDArray[np.float64]
    """Share of the pupil's self-directed bouts in which a leg bounces."""
    leg_bounce_hz: NDArray[np.float64]
    axes: NDArray[np.float64]
    """(seats, 3): how movement is distributed over the chair's axes; squares add up to 1."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeatSensors:
    """The sensors under the seats: reading = matrix @ (movement + gravity) + offset + noise."""

    matrix: NDArray[np.float32]
    """(seats, 3, 3): mounting and gain."""
    offset_g: NDArray[np.float32]
    noise_g: NDArray[np.float32]
    """(seats,): RMS of an axis's noise."""


def draw_pupils(scenario: Scenario, seed: int) -> Pupils:
    rng = stream(seed, "pupils")
    movement, room = scenario.movement, scenario.room
    seats = len(scenario.seats)
    order = rng.permutation(seats)
    present = np.ones(seats, bool)
    present[order[: room.empty_seats]] = False
    late_s = np.zeros(seats, np.int64)
    late = order[room.empty_seats : room.empty_seats + room.late_comers]
    late_s[late] = np.round(60.0 * rng.uniform(*room.late_minutes, size=len(late)))
    very_lively = rng.random(seats) < movement.very_lively
    usual, lively = movement.per_45_min, movement.very_lively_per_45_min
    spread = rng.standard_normal(seats)
    return Pupils(
        present=present,
        late_s=late_s,
        neighbours=_neighbours(scenario.room.hubs),
        class_trait=float(rng.standard_normal()),
        trait=rng.standard_normal(seats),
        very_lively=very_lively,
        movements=np.maximum(
            np.where(very_lively, lively[0] + lively[1] * spread, usual[0] + usual[1] * spread), 0.0
        ),
        lively_on_task=rng.uniform(*movement.lively_on_task, size=seats),
        still_mg=_log_uniform(rng, movement.still_mg, seats),
        hands_mg=_log_uniform(rng, movement.hands_mg, seats),
        vigour=rng.random(seats),
        leg_bounce=rng.uniform(*movement.leg_bounce, size=seats),
        leg_bounce_hz=rng.uniform(*movement.leg_bounce_hz, size=seats),
        axes=np.sqrt(rng.dirichlet((3.0, 2.0, 1.5), size=seats)),
    )


def amplitudes(
    rng: np.random.Generator, range_mg: tuple[float, float], vigour: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Amplitudes in mg, log-scaled in their range, near each pupil's usual place."""
    low, high = range_mg
    place = _HABIT * vigour + (1.0 - _HABIT) * rng.random(len(vigour))
    return np.asarray(low * (high / low) ** place)


def draw_sensors(scenario: Scenario, seed: int) -> SeatSensors:
    """Draw the sensors of a classroom and their mounting."""
    rng = stream(seed, "sensors")
    sensors, seats = scenario.sensors, len(scenario.seats)
    if sensors.mounting == "any":
        rotation = _rotations(rng, seats)
    else:
        rotation = np.broadcast_to(np.eye(3), (seats, 3, 3))
    gain = np.clip(1.0 + sensors.gain_sd * rng.standard_normal(seats), 0.5, 1.5)
    offset = rng.uniform(-1.0, 1.0, size=(seats, 3)) * sensors.zero_g_mg / 1000.0
    noise = rng.uniform(*sensors.noise_mg, size=seats) / 1000.0
    return SeatSensors(
        matrix=(rotation * gain[:, None, None]).astype(np.float32),
        offset_g=offset.astype(np.float32),
        noise_g=noise.astype(np.float32),
    )


def _log_uniform(
    rng: np.random.Generator, ends: tuple[float, float], n: int
) -> NDArray[np.float64]:
    return np.asarray(ends[0] * (ends[1] / ends[0]) ** rng.random(n))


def _rotations(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Uniformly distributed rotations, from random unit quaternions."""
    q = rng.standard_normal((n, 4))
    w, x, y, z = (q / np.linalg.norm(q, axis=1, keepdims=True)).T
    return np.stack(
        [
            1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w),
            2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
            2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y),
        ],
        axis=1,
    ).reshape(n, 3, 3)  # fmt: skip


def _neighbours(hubs: tuple[int, ...]) -> NDArray[np.float64]:
    """Pupils who sit next to each other, also diagonally, at the same group of tables."""
    group = np.repeat(np.arange(len(hubs)), hubs)
    place = np.concatenate([np.arange(n) for n in hubs])
    row, column = divmod(place, _PER_ROW)
    near = (
        (group[:, None] == group)
        & (abs(row[:, None] - row) <= 1)
        & (abs(column[:, None] - column) <= 1)
    )
    np.fill_diagonal(near, False)
    return np.asarray(near / np.maximum(near.sum(axis=1, keepdims=True), 1))
