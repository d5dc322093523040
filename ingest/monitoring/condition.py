"""What a program knows of its own state: its loop writes it, its health page reads it."""

from __future__ import annotations

from contract.clock import Clock

__all__ = ["Condition"]


class Condition:
    """Whether the loop turns, and what keeps the program from doing its work.

    One thread writes, any may read: what is read is replaced as a whole, never changed.
    """

    def __init__(self, *, clock: Clock, stall_s: float, missing: dict[str, str]) -> None:
        self.stall_s = stall_s
        self._clock = clock
        self._turned_ns = clock.elapsed_ns()
        self._missing = dict(missing)

    def turn(self) -> None:
        """The loop has come round."""
        self._turned_ns = self._clock.elapsed_ns()

    def set_missing(self, what: str, why: str) -> None:
        """The program can't do its work, because of this."""
        if self._missing.get(what) != why:
            self._missing = {**self._missing, what: why}

    def set_present(self, what: str) -> None:
        """That is well again."""
        if what in self._missing:
            self._missing = {name: why for name, why in self._missing.items() if name != what}

    @property
    def turned_s(self) -> float:
        """Seconds since the loop came round."""
        return (self._clock.elapsed_ns() - self._turned_ns) / 1e9

    @property
    def is_turning(self) -> bool:
        return self.turned_s < self.stall_s

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the program is not ready; empty when it is."""
        missing = self._missing
        stalled = f"its loop has not come round for {self.turned_s:.0f} s"
        return (*(() if self.is_turning else (stalled,)), *missing.values())
