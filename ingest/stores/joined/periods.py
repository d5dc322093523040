"""The periods of several shards as one `PeriodReader`: a room is looked for in all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from contract.ranges import SeqRanges
from contract.wire.messages import Birth, Health, Timebase
from ingest.stores.clock_records import ClockClaim, ClockNote
from ingest.stores.joined import join, split
from ingest.stores.notices import Notice
from ingest.stores.protocol import PeriodReader, Which
from ingest.stores.records import Aside, Change, GapRecord, Periods, Stream

__all__ = ["JoinedPeriodReader"]

T = TypeVar("T")

_CURSOR_BITS: Final = 48
_CURSOR: Final = (1 << _CURSOR_BITS) - 1


class JoinedPeriodReader:
    """`PeriodReader` over those of several shards."""

    def __init__(self, shards: Sequence[PeriodReader]) -> None:
        self._shards = tuple(shards)

    def shard_of(self, room: str) -> int:
        """The place of the shard that keeps a room; 0 if none does."""
        return next((at for at, each in enumerate(self._shards) if each.newest_runs(room)), 0)

    def streams(self, room: str | None = None) -> list[Stream]:
        return self._of_all(lambda each: each.streams(room))

    def parts(self, stream_id: int) -> list[Stream]:
        at, number = split(stream_id)
        return [_joined(at, each) for each in self._shards[at].parts(number)]

    def stream(self, stream_id: int) -> Stream:
        at, number = split(stream_id)
        return _joined(at, self._shards[at].stream(number))

    def kept(self, stream_id: int) -> SeqRanges:
        at, number = split(stream_id)
        return self._shards[at].kept(number)

    def read(
        self, stream_id: int, first_seq: int, last_seq: int, *, own: bool = False
    ) -> list[Periods]:
        at, number = split(stream_id)
        return [
            replace(each, stream=_joined(at, each.stream))
            for each in self._shards[at].read(number, first_seq, last_seq, own=own)
        ]

    def gaps(self, stream_id: int, *, own: bool = False) -> list[GapRecord]:
        at, number = split(stream_id)
        return [
            replace(each, stream_id=stream_id) for each in self._shards[at].gaps(number, own=own)
        ]

    def birth(self, stream_id: int) -> Birth | None:
        at, number = split(stream_id)
        return self._shards[at].birth(number)

    def is_up(self, stream_id: int) -> bool:
        at, number = split(stream_id)
        return self._shards[at].is_up(number)

    def health(self, stream_id: int) -> Health | None:
        at, number = split(stream_id)
        return self._shards[at].health(number)

    def timebases(
        self, stream: Stream, *, from_boot_ns: int | None = None, to_boot_ns: int | None = None
    ) -> list[Timebase]:
        at, own = _own(stream)
        return self._shards[at].timebases(own, from_boot_ns=from_boot_ns, to_boot_ns=to_boot_ns)

    def timebases_between(self, stream: Stream, from_utc_ns: int, to_utc_ns: int) -> list[Timebase]:
        at, own = _own(stream)
        return self._shards[at].timebases_between(own, from_utc_ns, to_utc_ns)

    def clock_claim(self, stream: Stream) -> ClockClaim | None:
        at, own = _own(stream)
        return self._shards[at].clock_claim(own)

    def clock_claims(self, *, limit: int) -> list[tuple[Stream, ClockClaim]]:
        return [
            (_joined(at, stream), claim)
            for at, each in enumerate(self._shards)
            for stream, claim in each.clock_claims(limit=limit)
        ][:limit]

    def streams_between(self, room: str, from_utc_ns: int, to_utc_ns: int) -> list[Stream]:
        return self._of_all(lambda each: each.streams_between(room, from_utc_ns, to_utc_ns))

    def newest_runs(self, room: str) -> list[Stream]:
        found = self._of_all(lambda each: each.newest_runs(room))
        return sorted(found, key=lambda stream: stream.node)

    def clock_note(self) -> ClockNote | None:
        """That of the first shard: its server's clock."""
        return self._shards[0].clock_note()

    def runs(self, which: Which) -> list[Stream]:
        return self._of_all(lambda each: each.runs(which))

    def undated(self, room: str | None = None) -> list[int]:
        return [
            join(at, number)
            for at, each in enumerate(self._shards)
            for number in each.undated(room)
        ]

    def aside(self, limit: int = 100, *, after: int = 0) -> list[Aside]:
        first, number = split(after)
        found: list[Aside] = []
        for at, each in enumerate(self._shards[first:], start=first):
            here = each.aside(limit - len(found), after=number if at == first else 0)
            found += [replace(aside, id=join(at, aside.id)) for aside in here]
            if len(found) >= limit:
                break
        return found

    def count_aside(self) -> int:
        return sum(each.count_aside() for each in self._shards)

    def notices(self, room: str | None = None) -> list[Notice]:
        found = [notice for each in self._shards for notice in each.notices(room)]
        return sorted(found, key=lambda each: (-each.last_utc_ns, each.node, each.kind))

    def version(self) -> int:
        return hash(tuple(each.version() for each in self._shards))

    def newest_cursor(self) -> int:
        return _packed(each.newest_cursor() for each in self._shards)

    def changes(self, cursor: int, *, own: bool = False) -> tuple[int, list[Change]]:
        found: list[Change] = []
        cursors: list[int] = []
        for at, each in enumerate(self._shards):
            newest, changes = each.changes(cursor >> _CURSOR_BITS * at & _CURSOR, own=own)
            cursors.append(newest)
            found += [replace(c, stream_id=join(at, c.stream_id)) for c in changes]
        return _packed(cursors), found

    def close(self) -> None:
        for each in self._shards:
            each.close()

    def _of_all(self, ask: Callable[[PeriodReader], list[Stream]]) -> list[Stream]:
        return [_joined(at, each) for at, shard in enumerate(self._shards) for each in ask(shard)]


def _packed(cursors: Iterable[int]) -> int:
    return sum(cursor << _CURSOR_BITS * at for at, cursor in enumerate(cursors))


def _joined(shard: int, stream: Stream) -> Stream:
    """A shard's stream under its number among all."""
    if shard == 0:
        return stream
    main = None if stream.main_id is None else join(shard, stream.main_id)
    return replace(stream, id=join(shard, stream.id), main_id=main)


def _own(stream: Stream) -> tuple[int, Stream]:
    """Which shard a stream is of, and the stream as that one knows it."""
    at, number = split(stream.id)
    if at == 0:
        return at, stream
    main = None if stream.main_id is None else split(stream.main_id)[1]
    return at, replace(stream, id=number, main_id=main)
