"""What a store in memory knows about clocks: the nodes' and the server's own."""

from __future__ import annotations

from dataclasses import replace

from contract.wire.messages import Timebase
from contract.wire.parts import IN_TIME
from ingest.stores.clock_records import ClockClaim, ClockNote
from ingest.stores.memory.clocks import MemoryClocks
from ingest.stores.memory.kept import KeptStream
from ingest.stores.records import Aside, Purge, Stream, StreamKey, Tick
from ingest.stores.rules.active_purges import Standing
from ingest.stores.rules.dating import seqs_between
from ingest.stores.rules.seal_schedule import Kind

__all__ = ["MemoryClockKeeping"]


class MemoryClockKeeping:
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
        self._clocks = MemoryClocks()
        self._note: ClockNote | None = None
        self._seen: dict[tuple[str, int], int] = {}
        """(node, run) → where its boot clock was seen."""

    def streams(self, room: str | None = None) -> list[Stream]:
        runs = [kept.stream for kept in self._kept if kept.stream.main_id is None]
        return [stream for stream in runs if room is None or stream.room == room]

    def timebases(
        self, stream: Stream, *, from_boot_ns: int | None = None, to_boot_ns: int | None = None
    ) -> list[Timebase]:
        return self._clocks.timebases(stream, from_boot_ns, to_boot_ns)

    def timebases_between(self, stream: Stream, from_utc_ns: int, to_utc_ns: int) -> list[Timebase]:
        return self._clocks.timebases_between(stream, from_utc_ns, to_utc_ns)

    def clock_claim(self, stream: Stream) -> ClockClaim | None:
        return self._clocks.claim(stream)

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
        self._seen.clear()
        self._clocks.stamp_again(again)
        self._concern(self._clocks.judge_all())

    def undated(self, room: str | None = None) -> list[int]:
        return [stream.id for stream in self.streams(room) if not self.timebases(stream)]

    @property
    def refused_timebases(self) -> int:
        return self._clocks.refused

    def _see(self, tick: Tick) -> None:
        self._seen |= {(each.node, each.run): each.offset_ns for each in tick.seen_clocks}
        seen = {
            (birth.node, birth.boot): self._seen.get((birth.node, birth.run))
            for _, _, birth in tick.births
        }
        for each in tick.seen_clocks:
            known = self._ids.get((each.node, each.run, IN_TIME))
            boot = self._kept[known - 1].stream.boot if known is not None else None
            if boot is not None:
                seen[each.node, boot] = each.offset_ns
        self._concern({clock for clock, offset in seen.items() if self._clocks.see(clock, offset)})

    def _concern(self, dated: set[tuple[str, str]]) -> None:
        """Purges are due for what is dated for the first time."""
        rooms = {k.stream.room for k in self._kept if (k.stream.node, k.stream.boot) in dated}
        self._due.update(p.id for p in self._purges if p.room in rooms)

    def judge_clocks(self, *, bound_ns: int | None) -> None:
        self._clocks.bound_ns = bound_ns
        self._concern(self._clocks.judge_all())
