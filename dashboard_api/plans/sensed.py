"""What was sensed during a phase, and where the sound changed: beside a plan, never in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.language import _
from dashboard_api.views.levels import bucketed
from dashboard_api.views.movement import EPOCH_S, Ribbon
from dashboard_api.views.text import movement_text, position_text

__all__ = ["Sensed", "SoundChange", "sound_change"]

Floats = NDArray[np.float64]

AROUND_S: Final = 300
"""So far from its planned beginning a change may be one of a phase."""
SIDE_S: Final = 60
"""The sound of so many seconds before and after is compared."""
MIN_KNOWN_S: Final = 30
STEP_S: Final = 10
MIN_DB: Final = 5.0
"""What people hear as clearly louder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundChange:
    """Where the sound changed most near a time."""

    at_s: int
    by_db: float

    @property
    def sentence(self) -> str:
        at, n = position_text(self.at_s), f"{abs(self.by_db):.0f}"
        if self.by_db > 0:
            return _("Near its planned beginning the sound changed most at {at}: {n} dB(A) louder "
                     "than the minute before.", at=at, n=n)  # fmt: skip
        return _("Near its planned beginning the sound changed most at {at}: {n} dB(A) quieter "
                 "than the minute before.", at=at, n=n)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensed:
    """What a reader sees of a lesson: second by second its sound, and its movement by epochs."""

    laeq: Floats
    movement: Ribbon

    def words(self, start_s: int, end_s: int) -> str:
        """What was sensed in [start, end); of less than half of it nothing is said."""
        sound = _mean(self.laeq[start_s:end_s], end_s - start_s)
        epochs = self.movement.mean[start_s // EPOCH_S : -(-end_s // EPOCH_S)]
        moved = _mean(epochs, (end_s - start_s) // EPOCH_S)
        parts = [
            *([] if moved is None else [movement_text(moved)]),
            *([] if sound is None else [_("{level} dB(A)", level=f"{sound:.0f}")]),
        ]
        return ", ".join(parts) or _("not known")


def sound_change(laeq: Floats, near_s: int) -> SoundChange | None:
    """Where the sound changed most in the minutes around a time; None if it did not clearly."""
    found: SoundChange | None = None
    first = max(SIDE_S, near_s - AROUND_S)
    for at in range(-(-first // STEP_S) * STEP_S, near_s + AROUND_S + 1, STEP_S):
        before = _level(laeq[at - SIDE_S : at])
        after = _level(laeq[at : at + SIDE_S])
        if before is None or after is None or abs(after - before) < MIN_DB:
            continue
        if found is None or abs(after - before) > abs(found.by_db):
            found = SoundChange(at_s=at, by_db=after - before)
    return found


def _level(levels: Floats) -> float | None:
    if np.count_nonzero(~np.isnan(levels)) < MIN_KNOWN_S:
        return None
    return float(bucketed(levels, None).mean[0])


def _mean(values: Floats, expected: int) -> float | None:
    if expected <= 0 or 2 * np.count_nonzero(~np.isnan(values)) < expected:
        return None
    return float(bucketed(values, None).mean[0])
