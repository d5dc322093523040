"""What kits said of their clocks, in memory: the rules of `clocks.py` in dictionaries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from contract.wire.messages import Timebase
from ingest.stores.clock_records import ClockClaim
from ingest.stores.records import Stream
from ingest.stores.rows.clocks import MAX_RECORDS
from ingest.stores.rules.belief import claim_of, is_believed
from ingest.stores.rules.thinning import ClockMark, insert

__all__ = ["MemoryClocks"]

Clock = tuple[str, str]
"""Node and boot."""


class MemoryClocks:
    """The clock records of a store in memory."""

    def __init__(self) -> None:
        self.refused = 0
        self.bound_ns: int | None = None
        self._marks: defaultdict[Clock, list[ClockMark]] = defaultdict(list)
        """What is believed."""
        self._refuted: defaultdict[Clock, list[ClockMark]] = defaultdict(list)
        self._unset: dict[Clock, ClockMark] = {}
        self._seen: dict[Clock, int] = {}

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
            is_dating = is_believed(mark, self._seen.get(clock), self.bound_ns)
            all_of = self._marks if is_dating else self._refuted
            marks = list(all_of[clock])
            insert(marks, mark)
            if len(marks) > len(all_of[clock]) and not self._has_room(clock[0]):
                continue
            if is_dating and not all_of[clock]:
                dated.add(clock)
            all_of[clock] = marks
        return dated

    def see(self, clock: Clock, offset_ns: int | None) -> bool:
        """Judge a clock again by what is seen of it, or by what was; whether it is newly dated."""
        if offset_ns is not None:
            self._seen[clock] = offset_ns
        was_dated = bool(self._marks[clock])
        seen = self._seen.get(clock)
        judged: dict[bool, dict[int, ClockMark]] = {True: {}, False: {}}
        # Of two records of one moment that come to be judged alike, the one that moves stays.
        for stays in (True, False):
            for is_dating, marks in ((True, self._marks[clock]), (False, self._refuted[clock])):
                for mark in marks:
                    now = is_believed(mark, seen, self.bound_ns)
                    if (now == is_dating) == stays:
                        judged[now][mark.boot_ns] = mark
        for now, all_of in ((True, self._marks), (False, self._refuted)):
            all_of[clock] = [judged[now][boot_ns] for boot_ns in sorted(judged[now])]
        return bool(judged[True]) and not was_dated

    def stamp_again(self, again: Callable[[int], int]) -> None:
        """Give records other times of receipt, and forget what was seen of their clocks."""
        self._seen.clear()
        for all_of in (self._marks, self._refuted):
            for clock, marks in all_of.items():
                all_of[clock] = [
                    mark._replace(received_utc_ns=again(mark.received_utc_ns)) for mark in marks
                ]

    def judge_all(self) -> set[Clock]:
        return {clock for clock in {*self._marks, *self._refuted} if self.see(clock, None)}

    def claim(self, stream: Stream) -> ClockClaim | None:
        """What a stream's node says of its clock, if its newest record is not believed."""
        clock = stream.node, stream.boot or ""
        refuted, believed = self._refuted.get(clock), self._marks.get(clock)
        if not refuted or (believed and believed[-1].boot_ns > refuted[-1].boot_ns):
            return None
        return claim_of(refuted[-1], self._seen.get(clock))

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

    def timebases_between(self, stream: Stream, from_utc_ns: int, to_utc_ns: int) -> list[Timebase]:
        """Those that date what lies between two times of a stream, and one period more."""
        marks = self._marks.get((stream.node, stream.boot or ""))
        if not marks:
            return []
        offsets = [mark.offset_ns for mark in marks]
        to_ns = to_utc_ns + stream.period_ns - min(offsets)
        return self.timebases(stream, max(0, from_utc_ns - max(offsets)), max(0, to_ns))

    def _has_room(self, node: str) -> bool:
        count = sum(clock[0] == node for clock in self._unset)
        for all_of in (self._marks, self._refuted):
            count += sum(len(marks) for clock, marks in all_of.items() if clock[0] == node)
        if count < MAX_RECORDS:
            return True
        self.refused += 1
        return False
