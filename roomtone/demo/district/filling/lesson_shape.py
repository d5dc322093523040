"""Drawn shapes of a lesson: how a room moves over forty minutes, as scores have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.clock import SECOND_NS
from contract.lesson import Activity, ActivityName, Zone
from ingest.stores.records import AlertRecord, EpochRecord, ZoneEpoch
from models.serving.scores import ROOM
from roomtone.demo.district.calendar import LESSON_S

__all__ = ["ACTIVITIES", "MODEL", "LessonShape", "draw_shapes"]

MODEL: Final = "drawn-1"
"""These scores are drawn, and no model's."""
_EPOCH_S: Final = 5
_EPOCHS: Final = LESSON_S // _EPOCH_S
ACTIVITIES: Final = (
    Activity(start_s=0, end_s=180, name="transition"),
    Activity(start_s=180, end_s=840, name="whole_class"),
    Activity(start_s=840, end_s=1740, name="small_group"),
    Activity(start_s=1740, end_s=2220, name="individual_work"),
    Activity(start_s=2220, end_s=LESSON_S, name="transition"),
)
_MOVES: Final[dict[ActivityName, float]] = {
    "transition": 4.0, "whole_class": -0.6, "small_group": 1.0, "individual_work": -1.4,
    "test": -2.4,
}  # fmt: skip
_EPISODE_S: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LessonShape:
    """One drawn lesson, to be dated and named."""

    zones: Sequence[Zone]
    levels: NDArray[np.float64]
    """(zones, epochs) dB above the usual."""
    noise: NDArray[np.float64]
    """(epochs,) dB above the room's normal."""
    scores: tuple[tuple[ZoneEpoch, ...], ...]
    """Of each epoch, the room first."""
    lively_zone: str
    lively_s: int
    """Where and when it moved more than usual: there is an alert, and what people talk about."""

    def each_second(self, seats: Sequence[int]) -> NDArray[np.float64]:
        """(seconds, seats): how each seat's zone moves."""
        of_seat = {seat: at for at, zone in enumerate(self.zones) for seat in zone.seats}
        return np.repeat(self.levels[[of_seat[seat] for seat in seats]], _EPOCH_S, axis=1).T

    def noise_each_second(self) -> NDArray[np.float64]:
        return np.repeat(self.noise, _EPOCH_S)

    def epochs(self, lesson: str, starts_utc_ns: int, stream: int) -> list[EpochRecord]:
        """The scores of a lesson; `stream` has its seconds, 0 if none are kept."""
        return [
            EpochRecord(
                lesson=lesson, stream_id=stream, first_seq=at * _EPOCH_S,
                utc_ns=starts_utc_ns + at * _EPOCH_S * SECOND_NS, model=MODEL, zones=zones,
            )
            for at, zones in enumerate(self.scores)
        ]  # fmt: skip

    def alert(self, lesson: str, room: str, starts_utc_ns: int) -> AlertRecord:
        raised = starts_utc_ns + (self.lively_s + 15) * SECOND_NS
        return AlertRecord(
            id=f"{lesson}.{self.lively_zone}.{self.lively_s}", lesson=lesson, room=room,
            zone=self.lively_zone, raised_utc_ns=raised,
            cleared_utc_ns=raised + (_EPISODE_S - 15) * SECOND_NS,
            because=("Movement 8 dB above the zone’s own normal.",), off_task=0.42, model=MODEL,
        )  # fmt: skip


def draw_shapes(zones: Sequence[Zone], count: int, seed: int) -> list[LessonShape]:
    """Some shapes; the same for the same seed."""
    rng = np.random.default_rng(seed)
    return [_shape(rng, zones) for _ in range(count)]


def _shape(rng: np.random.Generator, zones: Sequence[Zone]) -> LessonShape:
    lively = int(rng.integers(len(zones)))
    begins = int(rng.integers(170, 330))
    base = np.array([_MOVES[_at(at * _EPOCH_S)] for at in range(_EPOCHS)])
    levels = np.stack([base + _wander(rng) for _ in zones])
    n = _EPISODE_S // _EPOCH_S
    levels[lively, begins : begins + n] += 7.0 * np.sin(np.linspace(0.3, np.pi - 0.3, n))
    seats = np.array([len(zone.seats) for zone in zones])
    room = (levels * seats[:, None]).sum(axis=0) / seats.sum()
    noise = base * 0.8 + _wander(rng)
    areas = [(ROOM, int(seats.sum()), room)]
    areas += [
        (zone.name, int(n), level) for zone, n, level in zip(zones, seats, levels, strict=True)
    ]
    return LessonShape(
        zones=zones, levels=levels, noise=noise,
        scores=tuple(
            tuple(_epoch(name, n, float(level[at]), float(noise[at])) for name, n, level in areas)
            for at in range(_EPOCHS)
        ),
        lively_zone=zones[lively].name, lively_s=begins * _EPOCH_S,
    )  # fmt: skip


def _at(second: int) -> ActivityName:
    return next(each.name for each in ACTIVITIES if each.start_s <= second < each.end_s)


def _wander(rng: np.random.Generator) -> NDArray[np.float64]:
    """A slow change without a trend."""
    steps = np.cumsum(rng.normal(0.0, 0.25, _EPOCHS))
    level: NDArray[np.float64] = steps - np.linspace(0.0, 1.0, _EPOCHS) * steps[-1]
    return level + rng.normal(0.0, 0.5, _EPOCHS)


def _epoch(name: str, seats: int, level: float, noise: float) -> ZoneEpoch:
    off_task = float(1 / (1 + np.exp(-(level - 3.0) / 2)))
    margin = 6.0 / np.sqrt(seats)
    return ZoneEpoch(
        zone=name, seats=seats, movement_db=level, movement_low_db=level - margin,
        movement_high_db=level + margin, off_task=off_task,
        off_task_low=max(0.0, off_task - 0.12), off_task_high=min(1.0, off_task + 0.12),
        moving_seats=min(1.0, max(0.0, 0.2 + level / 12)), fidgets=max(0.1, 1.0 + level / 5),
        noise_db=noise,
    )  # fmt: skip
