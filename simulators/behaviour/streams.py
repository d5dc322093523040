"""Random streams by purpose, so that drawing more from one never changes another."""

from __future__ import annotations

from typing import Final, Literal, get_args

import numpy as np

__all__ = ["Purpose", "stream"]

Purpose = Literal[
    "pupils", "sensors", "events", "behaviour", "movements", "textures", "noise", "levels",
    "dropouts", "plan", "hubs", "camera", "video",
]  # fmt: skip
_PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)
"""A purpose's place is part of its seed: a new one goes to the end."""


def stream(seed: int, purpose: Purpose, block: int = 0) -> np.random.Generator:
    """The generator for one purpose and block of a classroom, independent of the order of calls."""
    sequence = np.random.SeedSequence(seed, spawn_key=(1 + _PURPOSES.index(purpose), block))
    return np.random.Generator(np.random.SFC64(sequence))
