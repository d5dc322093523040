"""What kits said of their clocks, in memory: the rules of `clock_rows.py` in dictionaries."""

from __future__ import annotations

from collections.abc import Iterable

from contract.messages import Timebase
from ingest.stores.clock_rows import MAX_RECORDS
from ingest.stores.records import Stream
from ingest.stores.thinning import ClockMark, insert

__all__ = ["MemoryClocks"]

Clock = tuple[str, str]
"""Node and boot."""


class MemoryClocks:
    """The clock records of a store in memory."""

    def __init__(self) -> None:
        self.refused = 0
        self._marks: dict[Clock, list[ClockMark]] = {}
        self._unset: dict[Clock, ClockMark] = {}

    def put(self, timebases: Iterable[Timebase], *, received_utc_ns: int) -> set[Clock]:
        """Keep what a tick brought; the clocks that are dated for the first time by it."""
        dated = set()
        for timebase in timebases:
            clock = timebase.node, timebase.boot
            mark = ClockMark(
                timebase.boot_ns, timebase.utc_ns, timebase.error_ns, timebase.run, received_utc_ns
            )
            if not timebase.synchronised:
                newest = self._unset.get(clock)
                if newest is None and not self._has_room(clock[0]):
                    continue
                if newest is None or newest.boot_ns < mark.boot_ns:
                    self._unset[clock] = mark
                continue
            known = self._marks.get(clock, [])
            marks = list(known)
            insert(marks, mark)
            if len(marks) > len(known) and not self._has_room(clock[0]):
                continue
            if not known:
                dated.add(clock)
            self._marks[clock] = marks
        return dated

    def timebases(
        self, stream: Stream, from_boot_ns: int | None, to_boot_ns: int | None
    ) -> list[Timebase]:
        """Those that date a span of a stream, with the nearest ones on either side of it."""
        if stream.boot is None:
            return []
        marks = self._marks.get((stream.node, stream.boot), [])
        low = max((m.boot_ns for m in marks if m.boot_ns <= (from_boot_ns or 0)), default=-1)
        beyond = [m.boot_ns for m in marks if to_boot_ns is not None and m.boot_ns >= to_boot_ns]
        high = min(beyond, default=1 << 63)
        return [
            Timebase(
                node=stream.node, run=mark.run, boot=stream.boot, boot_ns=mark.boot_ns,
                utc_ns=mark.utc_ns, error_ns=mark.error_ns, synchronised=True,
            )
            for mark in marks
            if low <= mark.boot_ns <= high
        ]  # fmt: skip

    def _has_room(self, node: str) -> bool:
        count = sum(clock[0] == node for clock in self._unset)
        count += sum(len(marks) for clock, marks in self._marks.items() if clock[0] == node)
        if count < MAX_RECORDS:
            return True
        self.refused += 1
        return False
