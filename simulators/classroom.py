"""A classroom drawn from a scenario and a seed: its pupils, its lesson, its signals, its truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulators import BEHAVIOURS
from simulators.behaviour.happenings import draw_happenings
from simulators.behaviour.motion_signal import MotionSignal
from simulators.behaviour.movements import draw_movements
from simulators.behaviour.noise import draw_levels
from simulators.behaviour.pupils import draw_pupils, draw_sensors
from simulators.behaviour.streams import stream
from simulators.scenario import Scenario
from simulators.truth import Truth

__all__ = ["Classroom", "Dropout", "SimulatedHub", "quantised"]

_NO_SENSOR: Final = np.iinfo(np.int16).min


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropout:
    """Seconds in which the readings of some seats, by number, are missing."""

    start_s: int
    end_s: int
    seats: tuple[int, ...]


class Classroom:
    """One class in one lesson: the same scenario and seed give the same samples.

    The constructor draws the lesson's truth and noise, which takes a few tenths of a second;
    acceleration is computed when it is read.
    """

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario = scenario
        self.seed = seed
        self.pupils = draw_pupils(scenario, seed)
        self.happenings = draw_happenings(scenario, seed)
        behave = BEHAVIOURS[scenario.behaviour]
        self._truth = Truth(
            seats=scenario.seats,
            activities=scenario.declared_activities,
            kind=behave(scenario, self.pupils, self.happenings, seed),
        )
        self.movements = draw_movements(scenario, self.pupils, self._truth.kind, seed)
        self._motion = MotionSignal(
            scenario,
            seed,
            pupils=self.pupils,
            sensors=draw_sensors(scenario, seed),
            movements=self.movements,
        )
        self.dropouts = _draw_dropouts(scenario, seed)
        self._levels = draw_levels(scenario, self._truth, self.happenings, seed)

    @property
    def samples(self) -> int:
        """How many acceleration samples the lesson has."""
        return self._motion.samples

    def acceleration(
        self, first_sample: int, count: int, seats: tuple[int, ...] | None = None
    ) -> NDArray[np.float32]:
        """(count, seats, 3) in g, including gravity, noise and mounting; all seats by default.

        The samples do not depend on the slices. Raises IndexError outside the lesson.
        """
        columns = None if seats is None else [self.scenario.seats.index(seat) for seat in seats]
        return self._motion.acceleration(first_sample, count, columns)

    def levels(self, first: int, count: int) -> NDArray[np.float64]:
        """LAeq in dB(A) of `count` eighths of a second."""
        if first < 0 or count < 0 or first + count > len(self._levels):
            raise IndexError(f"levels {first} to {first + count} of {len(self._levels)}")
        return self._levels[first : first + count].copy()

    def truth(self) -> Truth:
        """Who did what in each second."""
        return self._truth

    def hub_signals(self) -> list[SimulatedHub]:
        """The signal of each virtual hub, one per table group; the first has the sound level."""
        return [
            SimulatedHub(classroom=self, seat_numbers=seats, has_levels=i == 0)
            for i, seats in enumerate(self.scenario.hub_seats)
        ]


def _draw_dropouts(scenario: Scenario, seed: int) -> tuple[Dropout, ...]:
    """Half of the dropouts affect one sensor, half a whole hub."""
    rng = stream(seed, "dropouts")
    dropouts = []
    for _ in range(rng.poisson(scenario.sensors.dropouts * scenario.minutes / 45.0)):
        start = int(rng.integers(0, scenario.periods))
        end = min(scenario.periods, start + round(rng.uniform(*scenario.sensors.dropout_s)))
        seat = scenario.seats[int(rng.integers(0, len(scenario.seats)))]
        seats: tuple[int, ...] = (seat,)
        if rng.random() < 0.5:
            seats = next(hub for hub in scenario.hub_seats if seat in hub)
        dropouts.append(Dropout(start_s=start, end_s=end, seats=seats))
    return tuple(dropouts)


def quantised(acceleration_g: NDArray[np.float32], scenario: Scenario) -> NDArray[np.int16]:
    """The sensor's counts: rounded, and cut off at its range."""
    sensors = scenario.sensors
    full = min(round(sensors.range_g * sensors.counts_per_g), 32767)
    counts = np.rint(acceleration_g * np.float32(sensors.counts_per_g))
    return np.asarray(np.clip(counts, -full, full), np.int16)


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedHub:
    """A virtual hub's signal: the seats of one table group, and the room's level if it has one."""

    classroom: Classroom = field(repr=False)
    seat_numbers: tuple[int, ...]
    has_levels: bool = False

    @property
    def seats(self) -> int:
        return len(self.seat_numbers)

    @property
    def sample_rate_hz(self) -> float:
        return float(self.classroom.scenario.sensors.rate_hz)

    @property
    def counts_per_g(self) -> int:
        return self.classroom.scenario.sensors.counts_per_g

    @property
    def ends_at(self) -> int:
        return self.classroom.samples

    def acceleration(self, first: int, count: int) -> NDArray[np.int16]:
        """(count, seats, 3) counts; -32768 for a sensor that has dropped out."""
        scenario = self.classroom.scenario
        reading = self.classroom.acceleration(first, count, self.seat_numbers)
        counts = quantised(reading, scenario)
        rate = scenario.sensors.rate_hz
        for dropout in self.classroom.dropouts:
            low, high = max(dropout.start_s * rate, first), min(dropout.end_s * rate, first + count)
            if low < high:
                out = np.isin(self.seat_numbers, dropout.seats)
                counts[low - first : high - first, out] = _NO_SENSOR
        return counts

    def levels(self, first: int, count: int) -> NDArray[np.float64] | None:
        """(count,) LAeq of 125 ms in dB(A); None if the hub has no meter."""
        return self.classroom.levels(first, count) if self.has_levels else None
