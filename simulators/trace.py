"""What truly went over a hub's line, sample by sample: the simulator's side of the oracle.

A frame counts when all of its bytes, unspoiled and between delimiters, were handed to the
terminal. Frames are recognised by being equal to what the hub framed: nothing is decoded, so a
defect of the decoder can't hide itself here.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["LineLevels", "LineSamples", "LineTrace", "Sent", "SentBlock", "SentLevels"]

_MOST_ON_THE_WAY: Final = 20_000
"""Frames that a line may hold; what was lost on it is forgotten after so many more."""
_LONGEST_PIECE: Final = 4096
_TORN: Final = b"\xff" * _LONGEST_PIECE
"""No frame is so long, so what follows a torn one up to the delimiter is none either."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SentBlock:
    """The samples of one frame."""

    times: NDArray[np.int64]
    """(n,) boot clock at which each was truly taken."""
    counts: NDArray[np.int16]
    """(n, seats, 3), -32768 where a seat had no sensor."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SentLevels:
    """The sound levels of one frame."""

    times: NDArray[np.int64]
    """(n,) boot clock at which each interval truly began."""
    hundredths: NDArray[np.int64]
    """(n,) in 0.01 dB(A), 65535 where nothing could be measured."""


Sent = SentBlock | SentLevels
"""What a frame holds."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineLevels:
    """All levels that went over a line, in the order of their times, each once."""

    times: NDArray[np.int64]
    """(n,)"""
    hundredths: NDArray[np.int64]
    """(n,)"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineSamples:
    """All samples that went over a line, in the order of their times, each once."""

    times: NDArray[np.int64]
    """(n,)"""
    counts: NDArray[np.int16]
    """(n, seats, 3)"""


class LineTrace:
    """Follows one hub's line. Frames are announced, then seen (or not) among the bytes written."""

    def __init__(self, *, seats: int) -> None:
        self.frames_announced = 0
        self.frames_whole = 0
        self.frames_again = 0
        """Whole frames that went over the line once more."""
        self.pieces_spoiled = 0
        """What lay between two delimiters and was no whole frame."""
        self.writes = 0
        """How often the terminal was handed something."""
        self._seats = seats
        self._lock = threading.Lock()
        self._on_the_way: OrderedDict[bytes, Sent | None] = OrderedDict()
        self._seen: set[bytes] = set()
        self._blocks: list[SentBlock] = []
        self._levels: list[SentLevels] = []
        self._piece = bytearray()

    def announce(self, frame: bytes, block: Sent | None) -> None:
        """A frame was given to the line; `block` is None when it holds no readings."""
        with self._lock:
            self.frames_announced += 1
            piece = frame.strip(b"\0")
            self._on_the_way[piece] = block
            self._seen.discard(piece)
            if len(self._on_the_way) > _MOST_ON_THE_WAY:
                forgotten, _ = self._on_the_way.popitem(last=False)
                self._seen.discard(forgotten)

    def wrote(self, data: bytes) -> None:
        """These bytes were taken by the terminal."""
        with self._lock:
            self.writes += 1
            *whole, rest = data.split(b"\0")
            for piece in whole:
                self._end_of(bytes(self._piece) + piece)
                self._piece.clear()
            if len(self._piece) < _LONGEST_PIECE:
                self._piece += rest

    def cut(self) -> None:
        """The line was cut: what is half written never becomes whole."""
        with self._lock:
            if self._piece:
                self._piece[:] = _TORN

    def samples(self) -> LineSamples:
        """What went over the line so far; from any thread."""
        with self._lock:
            blocks = list(self._blocks)
        if not blocks:
            return LineSamples(
                times=np.empty(0, np.int64), counts=np.empty((0, self._seats, 3), np.int16)
            )
        times = np.concatenate([block.times for block in blocks])
        counts = np.concatenate([block.counts for block in blocks])
        order = np.argsort(times, kind="stable")
        return LineSamples(times=times[order], counts=counts[order])

    def levels(self) -> LineLevels:
        """The sound levels that went over the line so far; from any thread."""
        with self._lock:
            blocks = list(self._levels)
        if not blocks:
            return LineLevels(times=np.empty(0, np.int64), hundredths=np.empty(0, np.int64))
        times = np.concatenate([block.times for block in blocks])
        hundredths = np.concatenate([block.hundredths for block in blocks])
        order = np.argsort(times, kind="stable")
        return LineLevels(times=times[order], hundredths=hundredths[order])

    def _end_of(self, piece: bytes) -> None:
        if not piece:
            return
        if piece not in self._on_the_way:
            self.pieces_spoiled += 1
            return
        if piece in self._seen:
            # The same bytes again are a repetition, not news.
            self.frames_again += 1
            return
        block = self._on_the_way[piece]
        self.frames_whole += 1
        if isinstance(block, SentBlock):
            self._blocks.append(block)
        elif block is not None:
            self._levels.append(block)
        if block is not None:
            self._seen.add(piece)
