"""Delays as counts of milliseconds: percentiles of any number of them in the same memory."""

from __future__ import annotations

from typing import Final

import numpy as np

__all__ = ["Delays"]

_MAX_MS: Final = 120_000
"""Longer ones are counted together."""


class Delays:
    """A histogram with steps of a millisecond up to two minutes; the highest is known exactly."""

    def __init__(self) -> None:
        self._counts = np.zeros(_MAX_MS + 1, np.int64)
        self._highest_s = 0.0
        self.n = 0

    def add(self, seconds: float) -> None:
        self._counts[min(max(int(seconds * 1e3), 0), _MAX_MS)] += 1
        self._highest_s = max(self._highest_s, seconds)
        self.n += 1

    def percentile_s(self, share: float) -> float:
        """The middle of the millisecond below which `share` percent are; 0 without delays."""
        if not self.n:
            return 0.0
        if share >= 100:
            return self._highest_s
        at = int(np.searchsorted(np.cumsum(self._counts), self.n * share / 100))
        return self._highest_s if at >= _MAX_MS else min((at + 0.5) / 1e3, self._highest_s)

    def clear(self) -> None:
        self._counts[:] = 0
        self._highest_s, self.n = 0.0, 0
