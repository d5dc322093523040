"""What of an arrival is new: the rules by which every period store keeps each seq once.

- Data overlapping kept data: the first one wins, the overlap is trimmed.
- A gap over kept data or over another gap: only what neither covers becomes a gap.
- Data inside a recorded gap, whatever its reason: the data is kept and the gap gives way. A gap
  claims that values do not exist; values that arrive refute it, and nothing sampled may be lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from contract.ranges import SeqRanges
from contract.wire.payload import FULL_LAYOUT_CODES, Batch, Gap
from ingest.stores.records import GapRecord

__all__ = ["HIGHEST_SEQ", "MAX_RANGES", "STRETCH", "Ledger", "goes_on", "trimmed", "unfit"]

HIGHEST_SEQ: Final = (1 << 36) - 1
"""Two thousand years of one-second periods; a higher seq does not fit a store's key."""
STRETCH: Final = 300
"""Periods that are sealed together: seqs `STRETCH * i` to `STRETCH * i + STRETCH - 1`."""
MAX_RANGES: Final = 1 << 16
"""Ranges of seqs with holes between them, in one stream."""
_FARTHEST_NS: Final = 1 << 62


class Ledger:
    """Which seqs of one stream are kept as data, and which are accounted for at all."""

    __slots__ = ("_grown", "_is_merged", "_tail", "data", "kept", "newest")

    def __init__(self, data: Iterable[tuple[int, int]], gaps: Iterable[tuple[int, int]]) -> None:
        self.data = SeqRanges(data)
        self.kept = SeqRanges.copy(self.data)
        for first, last in gaps:
            self.kept.add(first, last)
        self.newest = (self.kept.last_range() or (-1, -1))[1]
        """The highest seq accounted for; whatever lies above is new without a search."""
        self._tail = self._last_range()
        self._grown: dict[int, int] = {}
        self._is_merged = False

    def admit_data(self, first: int, last: int) -> list[tuple[int, int, bool]]:
        """Take note of data; returns the parts that are new, and whether each lay over a gap."""
        if first > self.newest:
            self.newest = last
            self.data.add(first, last)
            self.kept.add(first, last)
            begin, end = self._tail
            if first != end + 1:
                begin = first
            self._tail = (begin, last)
            self._grown[begin] = last
            return [(first, last, False)]
        pieces = []
        for piece in self.data.missing(first, last):
            pieces.append((*piece, self.kept.missing(*piece) != [piece]))
            self.data.add(*piece)
            self.kept.add(*piece)
            self._grown[piece[0]] = piece[1]
        if pieces:
            self._is_merged = True
            self._tail = self._last_range()
            self.newest = max(self.newest, last)
        return pieces

    def grown(self) -> tuple[list[tuple[int, int]], bool]:
        """The ranges of data that changed since this was last asked, as they are now.

        The second value says whether they may have swallowed other ranges, so that whoever keeps
        ranges by their first seq has to remove those that begin inside.
        """
        grown, is_merged = self._grown, self._is_merged
        self._grown, self._is_merged = {}, False
        if not is_merged:
            return list(grown.items()), False
        lowest, highest = min(grown), max(grown.values())
        touched = [(a, b) for a, b in self.data if b >= lowest and a <= highest]
        return touched, True

    def _last_range(self) -> tuple[int, int]:
        return self.data.last_range() or (-2, -2)

    def opens_range(self, first: int, last: int) -> bool:
        """Whether first … last would be one range more, where there are as many as there may be."""
        return self.kept.count >= MAX_RANGES and self.kept.missing(max(0, first - 1), last + 1) == [
            (max(0, first - 1), last + 1)
        ]

    def admit_gap(self, first: int, last: int) -> list[tuple[int, int]]:
        """Take note of a gap; returns the parts that nothing covered before."""
        pieces = self.kept.missing(first, last)
        for piece in pieces:
            self.kept.add(*piece)
        self.newest = max(self.newest, last)
        return pieces


def trimmed(gaps: Iterable[GapRecord], first: int, last: int) -> list[GapRecord]:
    """The gaps without first … last."""
    rest = []
    for gap in gaps:
        if gap.last_seq < first or gap.first_seq > last:
            rest.append(gap)
            continue
        if gap.first_seq < first:
            rest.append(replace(gap, last_seq=first - 1))
        if gap.last_seq > last:
            rest.append(replace(gap, first_seq=last + 1))
    return rest


def goes_on(before: GapRecord, gap: GapRecord) -> bool:
    """Whether a gap only continues the one before it: then both are one."""
    return before.last_seq == gap.first_seq - 1 and before == replace(
        gap, first_seq=before.first_seq, last_seq=before.last_seq
    )


def unfit(message: Batch | Gap) -> str | None:
    """Why a decoded message can't be kept by any store, or None; ingest keeps such ones aside.

    The codec has checked each field by itself; this checks that together they name a place on
    the boot clock that a store can hold.
    """
    if message.last_seq > HIGHEST_SEQ:
        return f"seq {message.last_seq} is above {HIGHEST_SEQ}"
    since_run_began = message.first_seq * message.period_ns
    if message.boot_ns < since_run_began:
        return (
            f"seq {message.first_seq} at {message.boot_ns} ns of the boot clock would put the "
            "run's begin before the boot"
        )
    if message.boot_ns + message.n * message.period_ns > _FARTHEST_NS:
        return f"{message.n} periods of {message.period_ns} ns end beyond any boot clock"
    if not isinstance(message, Batch):
        return None
    layout = message.layout
    if layout.width == 0:
        return "the batch holds no values"
    if (layout.seat_codes, layout.room_codes) != FULL_LAYOUT_CODES:
        unknown = sorted({*layout.seat_codes} - {*FULL_LAYOUT_CODES[0]})
        unknown += sorted({*layout.room_codes} - {*FULL_LAYOUT_CODES[1]})
        if unknown:
            return f"no quantity has the code {unknown[0]}: is the kit's software newer than this?"
    return None
