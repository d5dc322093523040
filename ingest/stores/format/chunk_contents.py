"""What a sealed chunk holds, written down beside it: which seqs, and which seats had values.

A day file may be damaged so far that nothing of a chunk can be read. What the gap has to say then
stands in main.db: little-endian, u16 layout, and for each run of periods with the same seats u16
offset from the chunk's first seq, u16 length, and a bit for each seat of the layout, highest first.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.quantities.table import MISSING
from contract.ranges import SeqRanges
from contract.wire.payload import Layout

__all__ = ["Holding", "holdings", "packed", "unpacked", "without"]

_LAYOUT: Final = struct.Struct("<H")
_RUN: Final = struct.Struct("<HH")


@dataclass(frozen=True, slots=True)
class Holding:
    """Periods first … last, in each of which these seats had values and no others."""

    first: int
    last: int
    seats: tuple[int, ...]


def holdings(
    layout: Layout, seqs: NDArray[np.int64], values: NDArray[np.uint16]
) -> Iterator[Holding]:
    """The runs in which nothing changes, of rows (n, layout.width) at rising seqs (n,)."""
    there = (layout.seat_values(values) != MISSING).any(axis=2)
    is_cut = (np.diff(seqs) != 1) | (there[1:] != there[:-1]).any(axis=1)
    starts = [0, *(np.flatnonzero(is_cut) + 1).tolist(), len(seqs)]
    for start, stop in pairwise(starts):
        seats = tuple(
            seat for seat, is_there in zip(layout.seats, there[start], strict=True) if is_there
        )
        yield Holding(int(seqs[start]), int(seqs[stop - 1]), seats)


def packed(layout: int, seats: tuple[int, ...], first: int, held: Iterable[Holding]) -> bytes:
    """As it stands in main.db; `seats` are the layout's, `layout` its number."""
    parts = [_LAYOUT.pack(layout)]
    for run in held:
        bits = np.isin(np.array(seats, np.int64), run.seats)
        parts.append(_RUN.pack(run.first - first, run.last - run.first + 1))
        parts.append(np.packbits(bits).tobytes())
    return b"".join(parts)


def unpacked(body: bytes, first: int, layout_of: Callable[[int], Layout]) -> list[Holding]:
    """What `packed` wrote down; whatever of it does not fit is left out."""
    (number,) = _LAYOUT.unpack_from(body)
    seats = layout_of(number).seats
    width = -(-len(seats) // 8)
    found = []
    for at in range(_LAYOUT.size, len(body) - _RUN.size - width + 1, _RUN.size + width):
        offset, length = _RUN.unpack_from(body, at)
        bits = np.frombuffer(body, np.uint8, width, at + _RUN.size)
        there = np.unpackbits(bits, count=len(seats)).astype(np.bool_)
        some = tuple(seat for seat, is_there in zip(seats, there, strict=True) if is_there)
        found.append(Holding(first + offset, first + offset + length - 1, some))
    return found


def without(
    held: Iterable[Holding], gone: Iterable[tuple[int, int]], seat: int | None
) -> Iterator[Holding]:
    """What is left when these ranges of seqs go, or in them the values of one seat."""
    ranges = SeqRanges(gone)
    for run in held:
        outside = ranges.missing(run.first, run.last)
        left = [Holding(*span, run.seats) for span in outside]
        if seat is not None:
            seats = tuple(each for each in run.seats if each != seat)
            inside = SeqRanges(outside).missing(run.first, run.last)
            left += [replace(run, first=a, last=b, seats=seats) for a, b in inside]
        yield from sorted(left, key=lambda each: each.first)
