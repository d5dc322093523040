"""Samples on their way into periods: stored by time, taken second by second."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["TimedBuffer", "placed"]

Rows = NDArray[np.float32]
Times = NDArray[np.int64]


class TimedBuffer:
    """A bounded store of rows with rising times."""

    def __init__(self, *, shape: tuple[int, ...], max_rows: int) -> None:
        self._shape = shape
        self._max_rows = max_rows
        self._times: list[Times] = []
        self._rows: list[Rows] = []
        self._held = 0
        self.latest_ns: int | None = None
        """The time of the last row that came, whether it was kept or not."""

    @property
    def first_ns(self) -> int | None:
        """The time of the earliest row held."""
        return min((int(times[0]) for times in self._times), default=None)

    @property
    def filled(self) -> float:
        """How full it is, from 0 to 1."""
        return self._held / self._max_rows if self._max_rows else 0.0

    def add(self, times: Times, rows: Rows, *, from_ns: int) -> tuple[int, int]:
        """Add rows, at least one; returns how many were before `from_ns`, or had no room."""
        self.latest_ns = max(int(times[-1]), self.latest_ns or 0)
        first = 0 if times[0] >= from_ns else int(np.searchsorted(times, from_ns))
        last = min(len(times), first + self._max_rows - self._held)
        if last > first:
            self._times.append(times[first:last])
            self._rows.append(rows[first:last])
            self._held += last - first
        return first, len(times) - max(first, last)

    def take(self, *, start_ns: int, end_ns: int, step_ns: float) -> Rows:
        """Take the rows of start … end, in their places; earlier rows are dropped."""
        times, rows = self._cut(end_ns)
        first = int(np.searchsorted(times, start_ns))
        max_rows = math.ceil(1.5 * (end_ns - start_ns) / step_ns)
        times, rows = times[first : first + max_rows], rows[first : first + max_rows]
        return placed(times, rows, start_ns=start_ns, end_ns=end_ns, step_ns=step_ns)

    def forget(self, *, end_ns: int) -> None:
        """Drop what is earlier than `end_ns`."""
        self._cut(end_ns)

    def _cut(self, end_ns: int) -> tuple[Times, Rows]:
        if not self._times:
            return np.empty(0, np.int64), np.empty((0, *self._shape), np.float32)
        times = np.concatenate(self._times)
        rows = np.concatenate(self._rows)
        if not bool((np.diff(times) > 0).all()):  # a hub was reset, and its dates start again
            order = np.argsort(times, kind="stable")
            times, rows = times[order], rows[order]
        cut = int(np.searchsorted(times, end_ns))
        # Copies, so that the rest does not keep the rows taken in memory.
        self._times = [times[cut:].copy()] if cut < len(times) else []
        self._rows = [rows[cut:].copy()] if cut < len(times) else []
        self._held = len(times) - cut
        return times[:cut], rows[:cut]


def placed(times: Times, rows: Rows, *, start_ns: int, end_ns: int, step_ns: float) -> Rows:
    """Rows in even steps from start to end, with a row of NaN for each that is missing.

    Between neighbours that are k steps apart k - 1 are missing. A second may begin or end anywhere
    within a step, so a quarter of a step is tolerated there.
    """
    if not len(times):
        return rows
    steps = np.maximum(np.rint(np.diff(times) / step_ns), 1).astype(np.int64)
    lead = max(0, math.floor((int(times[0]) - start_ns) / step_ns - 0.25))
    trail = max(0, math.ceil((end_ns - int(times[-1])) / step_ns - 0.25) - 1)
    if not lead and not trail and bool((steps == 1).all()):
        return rows
    index = lead + np.concatenate([[0], np.cumsum(steps)])
    out = np.full((int(index[-1]) + 1 + trail, *rows.shape[1:]), np.nan, np.float32)
    out[index] = rows
    return out
