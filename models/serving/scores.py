"""The scores of an epoch of a lesson, as alerts, stores and pages use them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["ROOM", "EpochScore", "ZoneScore"]

ROOM: Final = "room"
"""The name of the whole room among the zones' names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneScore:
    """One epoch of the room or of a zone.

    `movement` is the level of the last ten seconds relative to each seat's own normal, as a mean
    over its seats in dB; `movement_low` and `movement_high` are its 95 % interval. `off_task` is
    the expected share of its pupils who are off task, with the interval of the manifest. All are
    None if too little is known, or if too few pupils are there to show it. `signs` are relative to
    the normal of the last ten minutes: `movement` in dB, `fidgets` (movements per minute and seat),
    `moving_seats` (share of seats that move more than usual), `noise` in dB, and for the room
    `unrest`: how many dB even the quietest seconds of most seats are above their normal.
    """

    zone: str
    seats: int
    movement: float | None
    movement_low: float | None
    movement_high: float | None
    off_task: float | None
    off_task_low: float | None
    off_task_high: float | None
    signs: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochScore:
    """The scores of the five seconds that begin with `first_seq`."""

    first_seq: int
    room: ZoneScore
    zones: tuple[ZoneScore, ...]
