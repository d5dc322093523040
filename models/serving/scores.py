"""What scoring says about an epoch of a lesson: the words that alerts, stores and pages share."""

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

    `movement` is the mean over its seats of the last ten seconds' level against each seat's own
    normal, in dB, and `movement_low` and `movement_high` hold 95 %. `off_task` is the expected
    share of its pupils who are off task, with the interval of the manifest. All are None where too
    little is known, or too few are there to show it. `signs` are values against the normal of the
    last ten minutes: `movement` in dB, `fidgets` (movements a minute and seat), `moving_seats`
    (share of seats that move more than usual), `noise` in dB, and of the room `unrest`, by how many
    dB even the quietest seconds of most seats lie over their normal.
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
