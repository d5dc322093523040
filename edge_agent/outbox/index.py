"""The outbox's index in memory: which record is unsent, under way, or acknowledged.

Pure: it knows where a record is, and touches no file.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, takewhile
from operator import attrgetter
from pathlib import Path
from typing import Final

from contract.ranges import SeqRanges
from contract.wire.messages import Ack
from contract.wire.parts import IN_TIME
from edge_agent.outbox.format import Head, Record

__all__ = ["OutboxIndex", "Segment", "Stored"]

_FIRST_SEQ: Final = attrgetter("record.head.first_seq")


@dataclass(slots=True, eq=False, kw_only=True)
class Segment:
    """A file of the outbox."""

    path: Path
    size: int = 0
    periods: int = 0
    timebase: bytes = b""
    """The first one in it, which dates its run."""
    entries: list[Stored] = field(default_factory=list)
    left: int = 0
    """How many entries still wait."""


@dataclass(slots=True, eq=False, kw_only=True)
class Stored:
    """A record of the outbox and its state.

    A `Parcel` becomes one when it is written. The message itself stays on the disk, because days of
    an outage would not fit into memory.
    """

    segment: Segment
    record: Record
    unpublished: int = 0
    closed_ns: int | None = None
    """As a parcel's; None if another run wrote it, because its elapsed time means nothing now."""
    sent_ns: int | None = None
    left: int = field(init=False)
    """One bit for each unacknowledged period of a batch; one bit for a gap."""

    def __post_init__(self) -> None:
        self.left = (1 << max(1, len(self.head.counts))) - 1

    @property
    def head(self) -> Head:
        return self.record.head

    @property
    def is_gap(self) -> bool:
        return not self.head.counts

    def seat_seconds(self) -> int:
        """The seat-seconds that still wait."""
        return sum(count for i, count in enumerate(self.head.counts) if self.left >> i & 1)

    def ranges(self) -> SeqRanges:
        """The seqs that still wait."""
        head = self.head
        if self.is_gap:
            return SeqRanges([(head.first_seq, head.last_seq)])
        seqs = range(head.first_seq, head.first_seq + head.n)
        return SeqRanges((seq, seq) for i, seq in enumerate(seqs) if self.left >> i & 1)

    def cover(self, first: int, last: int) -> int:
        """Note that these seqs are acknowledged; returns how many waiting seat-seconds they had."""
        head = self.head
        if self.is_gap:
            if first <= head.first_seq and head.last_seq <= last:
                self.left = 0
            return 0
        before = self.seat_seconds()
        low = max(first, head.first_seq) - head.first_seq
        high = min(last, head.last_seq) - head.first_seq
        if low <= high:
            self.left &= ~(((1 << (high - low + 1)) - 1) << low)
        return before - self.seat_seconds()


class OutboxIndex:
    """The entries by run in order of seq, and a queue of those to send, oldest first."""

    def __init__(self) -> None:
        self.in_flight: OrderedDict[Stored, None] = OrderedDict()
        """Sent and not acknowledged, in order of sending."""
        self._entries: dict[tuple[int, int], list[Stored]] = {}
        """(run, part) → its entries in order of their first seqs."""
        self._unsent: deque[Stored] = deque()

    def __len__(self) -> int:
        return sum(len(entries) for entries in self._entries.values())

    def entries(self, run: int, part: int = IN_TIME) -> list[Stored]:
        """The waiting entries of a part of a run."""
        return self._entries.get((run, part), [])

    def seat_seconds(self, run: int) -> int:
        """The waiting seat-seconds of a run with all its parts."""
        of_run = (entries for (its_run, _), entries in self._entries.items() if its_run == run)
        return sum(entry.seat_seconds() for entry in chain.from_iterable(of_run))

    def add(self, entry: Stored) -> None:
        of = entry.head.run, entry.head.part
        insort(self._entries.setdefault(of, []), entry, key=_FIRST_SEQ)
        entry.segment.entries.append(entry)
        entry.segment.left += 1
        if entry.sent_ns is None:
            self._unsent.append(entry)
        else:
            self.in_flight[entry] = None

    def next_unsent(self) -> Stored | None:
        """The oldest entry that has to be sent."""
        while self._unsent and not self._unsent[0].left:
            self._unsent.popleft()
        return self._unsent[0] if self._unsent else None

    def sent(self, entry: Stored, now_ns: int) -> int:
        """Note that `next_unsent` was sent; returns the seat-seconds first sent with it."""
        assert self._unsent[0] is entry
        self._unsent.popleft()
        entry.sent_ns = now_ns
        self.in_flight[entry] = None
        fresh, entry.unpublished = entry.unpublished, 0
        return fresh

    def resend(self, *, sent_before_ns: int) -> None:
        """Put entries sent before this time back into the queue."""
        again = list(takewhile(lambda entry: (entry.sent_ns or 0) < sent_before_ns, self.in_flight))
        for entry in again:
            del self.in_flight[entry]
            entry.sent_ns = None
        self._unsent.extendleft(reversed(again))

    def acknowledge(self, ack: Ack) -> tuple[int, list[Segment]]:
        """Forget what ingest has kept; returns its seat-seconds and the segments now empty."""
        entries = self.entries(ack.run, ack.part)
        seat_seconds = 0
        emptied: list[Segment] = []
        for first, last in (*ack.above, (0, ack.without_hole)):
            low = max(0, bisect_left(entries, first, key=_FIRST_SEQ) - 1)
            high = bisect_right(entries, last, key=_FIRST_SEQ)
            touched = entries[low:high]
            for entry in touched:
                seat_seconds += entry.cover(first, last)
                if not entry.left:
                    emptied += self._forget(entry)
            entries[low:high] = [entry for entry in touched if entry.left]
        if not entries:
            self._entries.pop((ack.run, ack.part), None)
        return seat_seconds, emptied

    def give_up(self, gone: Iterable[Stored]) -> list[Segment]:
        """Forget entries that a gap replaces; returns the segments now empty."""
        emptied: list[Segment] = []
        keys = set()
        for entry in gone:
            entry.left = 0
            keys.add((entry.head.run, entry.head.part))
            emptied += self._forget(entry)
        for key in keys:
            self._entries[key] = [entry for entry in self.entries(*key) if entry.left]
            if not self._entries[key]:
                del self._entries[key]
        return emptied

    def _forget(self, entry: Stored) -> list[Segment]:
        self.in_flight.pop(entry, None)
        entry.segment.left -= 1
        return [] if entry.segment.left else [entry.segment]
