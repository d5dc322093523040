"""Which zone an observer looks at when: it follows the lesson's clock, so all look at the same one.

Looks of 20 s begin every 30 s, and go round the zones. `static/observing/rota.js` does the same on
the phone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["EVERY_S", "LOOK_S", "Turn", "is_turn", "turn_at", "zone_at"]

LOOK_S: Final = 20
"""How long a look is."""
EVERY_S: Final = 30
"""Looks begin this far apart; what is left is for the answer."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A look that is due: at which zone, from when to when, in seconds since the lesson's start."""

    zone: str
    start_s: int
    end_s: int


def zone_at(zones: Sequence[str], start_s: int) -> str:
    """The zone of the look that begins at this second."""
    return zones[start_s // EVERY_S % len(zones)]


def is_turn(start_s: int, length_s: float) -> bool:
    """Whether a look begins at this second, and ends within the lesson."""
    return start_s >= 0 and start_s % EVERY_S == 0 and start_s + LOOK_S <= length_s


def turn_at(zones: Sequence[str], second: float, length_s: float) -> Turn | None:
    """The look that is on, or whose answer is due; None before and after the lesson."""
    if second < 0:
        return None
    start = int(second // EVERY_S) * EVERY_S
    if not zones or not is_turn(start, length_s):
        return None
    return Turn(zone_at(zones, start), start, start + LOOK_S)
