"""Records the samples that truly went over a hub's line: the simulator's side of the audit.

A frame counts if all of its bytes, undamaged and between delimiters, were written to the terminal.
Frames are recognised by comparison with what the hub sent. Nothing is decoded, so a defect of the
decoder can't hide here.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["LineLevels", "LineSamples", "LineTrace"]

_MAX_IN_FLIGHT: Final = 20_000
"""Maximum number of frames in transit; lost frames are forgotten after this many more."""
_LONGEST_PIECE: Final = 4096
_TORN: Final = b"\xff" * _LONGEST_PIECE
"""Longer than any frame, so the rest of a torn frame, up to the delimiter, matches none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineSamples:
    """The samples of one frame, or of a line: sorted by time, without repetitions."""

    times: NDArray[np.int64]
    """(n,) boot clock at which each was truly taken."""
    counts: NDArray[np.int16]
    """(n, seats, 3), -32768 if a seat had no sensor."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineLevels:
    """The sound levels of one frame, or of a line: sorted by time, without repetitions."""

    times: NDArray[np.int64]
    """(n,) boot clock at which each interval truly began."""
    hundredths: NDArray[np.int64]
    """(n,) in 0.01 dB(A), 65535 if nothing could be measured."""


class LineTrace:
    """Follows one hub's line: frames are announced, then found (or not) among the written bytes."""

    def __init__(self, *, seats: int) -> None:
        self.frames_announced = 0
        self.frames_whole = 0
        self.frames_repeated = 0
        """Whole frames that went over the line more than once."""
        self.writes = 0
        """Number of writes to the terminal."""
        self._lock = threading.Lock()
        self._in_flight: OrderedDict[bytes, LineSamples | LineLevels | None] = OrderedDict()
        self._seen: set[bytes] = set()
        nothing = np.empty(0, np.int64)
        self._samples = [LineSamples(times=nothing, counts=np.empty((0, seats, 3), np.int16))]
        self._levels = [LineLevels(times=nothing, hundredths=nothing)]
        self._piece = bytearray()

    def announce(self, frame: bytes, block: LineSamples | LineLevels | None) -> None:
        """Record a frame given to the line; `block` is None if it has no readings."""
        with self._lock:
            self.frames_announced += 1
            piece = frame.strip(b"\0")
            self._in_flight[piece] = block
            self._seen.discard(piece)
            if len(self._in_flight) > _MAX_IN_FLIGHT:
                forgotten, _ = self._in_flight.popitem(last=False)
                self._seen.discard(forgotten)

    def wrote(self, data: bytes) -> None:
        """Record bytes that the terminal accepted."""
        with self._lock:
            self.writes += 1
            *whole, rest = data.split(b"\0")
            for piece in whole:
                self._end_of(bytes(self._piece) + piece)
                self._piece.clear()
            if len(self._piece) < _LONGEST_PIECE:
                self._piece += rest

    def cut(self) -> None:
        """Record that the line was cut: a half-written frame never becomes whole."""
        with self._lock:
            if self._piece:
                self._piece[:] = _TORN

    def samples(self) -> LineSamples:
        """The samples that went over the line so far; callable from any thread."""
        with self._lock:
            blocks = list(self._samples)
        times = np.concatenate([block.times for block in blocks])
        counts = np.concatenate([block.counts for block in blocks])
        order = np.argsort(times, kind="stable")
        return LineSamples(times=times[order], counts=counts[order])

    def levels(self) -> LineLevels:
        """The sound levels that went over the line so far; callable from any thread."""
        with self._lock:
            blocks = list(self._levels)
        times = np.concatenate([block.times for block in blocks])
        hundredths = np.concatenate([block.hundredths for block in blocks])
        order = np.argsort(times, kind="stable")
        return LineLevels(times=times[order], hundredths=hundredths[order])

    def _end_of(self, piece: bytes) -> None:
        if piece not in self._in_flight:
            return
        if piece in self._seen:
            # The same bytes again are a repetition.
            self.frames_repeated += 1
            return
        block = self._in_flight[piece]
        self.frames_whole += 1
        if block is None:
            return
        self._seen.add(piece)
        if isinstance(block, LineSamples):
            self._samples.append(block)
        else:
            self._levels.append(block)
