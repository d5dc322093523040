"""Random streams by purpose, so that drawing more from one never changes another."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

__all__ = ["Purpose", "stream"]

Purpose = Literal[
    "pupils", "sensors", "events", "behaviour", "movements", "textures", "noise", "levels",
    "dropouts", "plan", "hubs",
]  # fmt: skip
_NUMBER: Final[dict[Purpose, int]] = {
    "pupils": 1,
    "sensors": 2,
    "events": 3,
    "behaviour": 4,
    "movements": 5,
    "textures": 6,
    "noise": 7,
    "levels": 8,
    "dropouts": 9,
    "plan": 10,
    "hubs": 11,
}


def stream(seed: int, purpose: Purpose, block: int = 0) -> np.random.Generator:
    """The generator for one purpose and block of a classroom, independent of the order of calls."""
    sequence = np.random.SeedSequence(seed, spawn_key=(_NUMBER[purpose], block))
    return np.random.Generator(np.random.SFC64(sequence))
