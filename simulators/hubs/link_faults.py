"""Simulates a bad serial line: frames lost, damaged, doubled, delayed, or one byte at a time.

Everything is drawn from a seed, and time is passed in, so a bad line is repeatable. It works on
bytes only; the virtual hub and unit tests use it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

__all__ = ["FaultyLink", "LinkFaults"]

_SECOND_NS: Final = 1_000_000_000
_LONGEST_GARBAGE: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFaults:
    """The faults of a line. Shares and rates are probabilities, 0 to 1."""

    lost: float = 0.0
    """Share of lost frames."""
    doubled: float = 0.0
    """Share of frames that arrive twice."""
    garbage: float = 0.0
    """Share of frames with random bytes before them, which usually damage the frame."""
    bit_flips: float = 0.0
    """Flipped bits per byte; 0.002 is a very bad line."""
    is_trickling: bool = False
    """Every byte arrives separately."""
    delay_s: float = 0.0
    jitter_s: float = 0.0
    """The delay of a piece is `delay_s` plus up to `jitter_s`; the order stays the same."""
    stall_every_s: float = 0.0
    stall_s: float = 0.0
    """Nothing arrives for the last `stall_s` of every `stall_every_s`; it arrives afterwards."""

    def __post_init__(self) -> None:
        for name in ("lost", "doubled", "garbage", "bit_flips"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise ValueError(f"{name} is {share}, expected 0 to 1")
        if self.stall_s > self.stall_every_s:
            raise ValueError(f"stall_s {self.stall_s} is longer than its period")


class FaultyLink:
    """One direction of a line with `faults`. Times are elapsed nanoseconds."""

    def __init__(self, faults: LinkFaults, *, seed: int) -> None:
        self.faults = faults
        self.frames_lost = 0
        self.frames_damaged = 0
        self.frames_doubled = 0
        self._random = np.random.default_rng(seed)
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._free_ns = 0

    @property
    def waiting(self) -> int:
        """Number of bytes in transit."""
        return sum(len(data) for _, data in self._waiting)

    @property
    def due_ns(self) -> int | None:
        """When the next piece arrives; None if nothing is in transit."""
        return self._waiting[0][0] if self._waiting else None

    def send(self, data: bytes, *, elapsed_ns: int) -> None:
        """Put whole frames on the line."""
        for piece in data.split(b"\0")[:-1]:
            for damaged in self._damage(piece + b"\0"):
                self._waiting.append((self._arrival_ns(elapsed_ns), damaged))

    def receive(self, *, elapsed_ns: int) -> list[bytes]:
        """The pieces that have arrived by now."""
        pieces = []
        while self._waiting and self._waiting[0][0] <= elapsed_ns:
            pieces.append(self._waiting.popleft()[1])
        if self.faults.is_trickling:
            return [piece[i : i + 1] for piece in pieces for i in range(len(piece))]
        return pieces

    def clear(self) -> None:
        """Discard what is in transit, because the line was cut."""
        self._waiting.clear()

    def _damage(self, piece: bytes) -> list[bytes]:
        faults, random = self.faults, self._random
        lost, doubled, garbage = random.random(3)
        if lost < faults.lost:
            self.frames_lost += 1
            return []
        if faults.bit_flips:
            flips = random.random(len(piece)) < faults.bit_flips
            if flips.any():
                bits = np.left_shift(1, random.integers(0, 8, len(piece))).astype(np.uint8)
                piece = (np.frombuffer(piece, np.uint8) ^ np.where(flips, bits, 0)).tobytes()
                self.frames_damaged += 1
        pieces = [piece]
        if doubled < faults.doubled:
            self.frames_doubled += 1
            pieces.append(piece)
        if garbage < faults.garbage:
            pieces.insert(0, random.bytes(int(random.integers(1, _LONGEST_GARBAGE))))
        return pieces

    def _arrival_ns(self, elapsed_ns: int) -> int:
        faults = self.faults
        delay_s = faults.delay_s + faults.jitter_s * float(self._random.random())
        at = max(self._free_ns, elapsed_ns + round(delay_s * _SECOND_NS))
        if faults.stall_s:
            every = round(faults.stall_every_s * _SECOND_NS)
            if at % every >= every - round(faults.stall_s * _SECOND_NS):
                at = (at // every + 1) * every
        self._free_ns = at
        return at
