"""What a store in memory knows about clocks, the nodes' and the server's: `rows/clocks.py` in dicts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from contract.wire.messages import Timebase
from contract.wire.parts import IN_TIME
from ingest.stores.clock_records import ClockClaim, ClockNote
from ingest.stores.memory.kept import KeptStream
from ingest.stores.records import Aside, Purge, Stream, StreamKey, Tick
from ingest.stores.rows.clocks import MAX_RECORDS
from ingest.stores.rules.active_purges import Standing
from ingest.stores.rules.belief import claim_of, is_believed
from ingest.stores.rules.dating import seqs_between
from ingest.stores.rules.seal_schedule import Kind
from ingest.stores.rules.thinning import ClockMark, insert

__all__ = ["MemoryClocks"]

Clock = tuple[str, str]
"""Node and boot."""


class MemoryClocks:
    """A part of the store in memory, which has the rest of what is named here."""

    def __init__(self) -> None:
        self._kept: list[KeptStream] = []
        self._ids: dict[StreamKey, int] = {}
        self._aside: dict[int, Aside] = {}
        self._files: dict[tuple[Kind, str], int] = {}
        """The day files that a durable store would have, and when something was last sealed."""
        self._purges: list[Purge] = []
        self._standing = Standing(())
        self._due: set[str] = set()
        self._note: ClockNote | None = None
        self._seen_runs: dict[tuple[str, int], int] = {}
        """(node, run) → where its boot clock was seen."""
        self._seen: dict[Clock, int] = {}
        self._bound_ns: int | None = None
        self._marks: defaultdict[Clock, list[ClockMark]] = defaultdict(list)
        """What is believed."""
        self._refuted: defaultdict[Clock, list[ClockMark]] = defaultdict(list)
        self._unset: dict[Clock, ClockMark] = {}
        self._refused = 0

    def streams(self, room: str | None = None) -> list[Stream]:
        runs = [kept.stream for kept in self._kept if kept.stream.main_id is None]
        return [stream for stream in runs if room is None or stream.room == room]

    def timebases(
        self, stream: Stream, *, from_boot_ns: int | None = None, to_boot_ns: int | None = None
    ) -> list[Timebase]:
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
        marks = self._marks.get((stream.node, stream.boot or ""))
        if not marks:
            return []
        offsets = [mark.offset_ns for mark in marks]
        from_ns = from_utc_ns - max(offsets)
        to_ns = to_utc_ns + stream.period_ns - min(offsets)
        return self.timebases(stream, from_boot_ns=max(0, from_ns), to_boot_ns=max(0, to_ns))

    def clock_claim(self, stream: Stream) -> ClockClaim | None:
        clock = stream.node, stream.boot or ""
        refuted, believed = self._refuted.get(clock), self._marks.get(clock)
        if not refuted or (believed and believed[-1].boot_ns > refuted[-1].boot_ns):
            return None
        return claim_of(refuted[-1], self._seen.get(clock))

    def clock_claims(self, *, limit: int) -> list[tuple[Stream, ClockClaim]]:
        newest = {(stream.room, stream.node): stream for stream in self.streams()}
        found = [(stream, self.clock_claim(stream)) for stream in newest.values()]
        return [(stream, claim) for stream, claim in found if claim is not None][-limit:]

    def streams_between(self, room: str, from_utc_ns: int, to_utc_ns: int) -> list[Stream]:
        found = []
        for stream in self.streams(room):
            newest = self._kept[stream.id - 1].ledger.newest
            spans = seqs_between(stream, self.timebases(stream), from_utc_ns, to_utc_ns)
            if any(first <= newest for first, _ in spans):
                found.append(stream)
        return found

    def newest_runs(self, room: str) -> list[Stream]:
        newest = {stream.node: stream for stream in self.streams(room)}
        return [newest[node] for node in sorted(newest)]

    def undated(self, room: str | None = None) -> list[int]:
        return [stream.id for stream in self.streams(room) if not self.timebases(stream)]

    @property
    def refused_timebases(self) -> int:
        return self._refused

    def clock_note(self) -> ClockNote | None:
        return self._note

    def note_clock(self, note: ClockNote) -> None:
        self._note = note

    def clock_was_set(self, *, from_utc_ns: int, to_utc_ns: int, now_utc_ns: int) -> None:
        def again(utc_ns: int) -> int:
            return now_utc_ns if from_utc_ns <= utc_ns <= to_utc_ns else utc_ns

        self._files = {file: again(newest_ns) for file, newest_ns in self._files.items()}
        self._aside = {
            number: replace(aside, received_utc_ns=again(aside.received_utc_ns))
            for number, aside in self._aside.items()
        }
        for kept in self._kept:
            kept.first_received_utc_ns = again(kept.first_received_utc_ns)
        for all_of in (self._marks, self._refuted):
            for clock, marks in all_of.items():
                all_of[clock] = [
                    mark._replace(received_utc_ns=again(mark.received_utc_ns)) for mark in marks
                ]
        self._seen.clear()
        self._seen_runs.clear()
        self._judge({*self._marks, *self._refuted})

    def judge_clocks(self, *, bound_ns: int | None) -> None:
        self._bound_ns = bound_ns
        self._judge({*self._marks, *self._refuted})

    def _put_timebases(self, tick: Tick) -> None:
        dated = set()
        for timebase in tick.timebases:
            clock = timebase.node, timebase.boot
            mark = ClockMark(
                timebase.boot_ns, timebase.utc_ns, timebase.error_ns, timebase.run,
                tick.received_utc_ns,
            )  # fmt: skip
            if not timebase.synchronised:
                newest = self._unset.get(clock)
                if newest is None and not self._has_room(clock[0]):
                    continue
                if newest is None or newest.boot_ns < mark.boot_ns:
                    self._unset[clock] = mark
                continue
            is_dating = is_believed(mark, self._seen.get(clock), self._bound_ns)
            all_of = self._marks if is_dating else self._refuted
            marks = list(all_of[clock])
            insert(marks, mark)
            if len(marks) > len(all_of[clock]) and not self._has_room(clock[0]):
                continue
            if is_dating and not all_of[clock]:
                dated.add(clock)
            all_of[clock] = marks
        self._concern(dated)

    def _see(self, tick: Tick) -> None:
        """What was seen of clocks counts once the runs of this tick are known."""
        self._seen_runs |= {(each.node, each.run): each.offset_ns for each in tick.seen_clocks}
        seen = {
            (birth.node, birth.boot): self._seen_runs.get((birth.node, birth.run))
            for _, _, birth in tick.births
        }
        for each in tick.seen_clocks:
            known = self._ids.get((each.node, each.run, IN_TIME))
            boot = self._kept[known - 1].stream.boot if known is not None else None
            if boot is not None:
                seen[each.node, boot] = each.offset_ns
        self._seen |= {clock: offset for clock, offset in seen.items() if offset is not None}
        self._judge(seen)

    def _judge(self, clocks: Iterable[Clock]) -> None:
        """Judge clocks again by what is seen of them."""
        dated = set()
        for clock in clocks:
            was_dated = bool(self._marks[clock])
            judged: dict[bool, dict[int, ClockMark]] = {True: {}, False: {}}
            # Of two records of one moment that come to be judged alike, the one that moves stays.
            for stays in (True, False):
                for is_dating, marks in ((True, self._marks[clock]), (False, self._refuted[clock])):
                    for mark in marks:
                        now = is_believed(mark, self._seen.get(clock), self._bound_ns)
                        if (now == is_dating) == stays:
                            judged[now][mark.boot_ns] = mark
            for now, all_of in ((True, self._marks), (False, self._refuted)):
                all_of[clock] = [judged[now][boot_ns] for boot_ns in sorted(judged[now])]
            if judged[True] and not was_dated:
                dated.add(clock)
        self._concern(dated)

    def _concern(self, dated: set[Clock]) -> None:
        """Purges are due for what is dated for the first time."""
        rooms = {k.stream.room for k in self._kept if (k.stream.node, k.stream.boot) in dated}
        self._due.update(p.id for p in self._purges if p.room in rooms)

    def _has_room(self, node: str) -> bool:
        count = sum(clock[0] == node for clock in self._unset)
        for all_of in (self._marks, self._refuted):
            count += sum(len(marks) for clock, marks in all_of.items() if clock[0] == node)
        if count < MAX_RECORDS:
            return True
        self._refused += 1
        return False
