"""A program's own state: its main loop writes it, its health page reads it."""

from __future__ import annotations

from contract.clock import Clock

__all__ = ["Condition"]


class Condition:
    """Whether the main loop runs, and what the program is missing to do its work.

    One thread writes and any may read: values are replaced as a whole, never changed in place.
    """

    def __init__(self, *, clock: Clock, stall_s: float, missing: dict[str, str]) -> None:
        self.stall_s = stall_s
        self._clock = clock
        self._turned_ns = clock.elapsed_ns()
        self.has_turned = False
        """Whether the loop has run at all."""
        self._missing = dict(missing)

    def turn(self) -> None:
        """Record that the loop has run once more."""
        self._turned_ns = self._clock.elapsed_ns()
        self.has_turned = True

    def set_missing(self, what: str, why: str) -> None:
        """Record what the program is missing to do its work, and why."""
        if self._missing.get(what) != why:
            self._missing = {**self._missing, what: why}

    def set_present(self, what: str) -> None:
        """Record that it is no longer missing."""
        if what in self._missing:
            self._missing = {name: why for name, why in self._missing.items() if name != what}

    @property
    def turned_s(self) -> float:
        """Seconds since the last turn of the loop."""
        return (self._clock.elapsed_ns() - self._turned_ns) / 1e9

    @property
    def is_turning(self) -> bool:
        return self.turned_s < self.stall_s

    @property
    def missing(self) -> tuple[str, ...]:
        """What the program is missing, by name."""
        return tuple(self._missing)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the program is not ready; empty when it is."""
        missing = self._missing
        stalled = f"its main loop has not run for {self.turned_s:.0f} s"
        return (*(() if self.is_turning else (stalled,)), *missing.values())
