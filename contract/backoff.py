"""How long to wait before the next attempt: twice as long each time, up to a limit. Pure."""

from __future__ import annotations

__all__ = ["Backoff"]


class Backoff:
    """Counts the failures in a row. The caller waits, on a clock or an event of its own."""

    def __init__(self, *, first_s: float, max_s: float) -> None:
        self.failures = 0
        self._first_s = self._next_s = min(first_s, max_s)
        self._max_s = max_s

    def failed(self) -> float:
        """Count a failure; returns the seconds to wait before the next attempt."""
        self.failures += 1
        wait_s, self._next_s = self._next_s, min(2 * self._next_s, self._max_s)
        return wait_s

    def reset(self) -> None:
        """Forget the failures: an attempt succeeded."""
        self.failures = 0
        self._next_s = self._first_s
