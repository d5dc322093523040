"""What a node takes up in the store in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from contract.wire.payload import Batch, Gap, Layout
from ingest.stores.memory.kept import KeptStream
from ingest.stores.notices import Notice, NoticeKind
from ingest.stores.records import StreamKey, Tick
from ingest.stores.rules.limits import NodeHoldings

__all__ = ["MemoryHoldings", "MemoryNotices"]


class MemoryHoldings:
    """`limits.Holdings` over the store's streams, and the numbers of their keys."""

    def __init__(self, kept: Sequence[KeptStream], ids: Mapping[StreamKey, int]) -> None:
        self._kept = kept
        self._ids = ids
        self._layouts: defaultdict[str, set[Layout]] = defaultdict(set)

    def note(self, tick: Tick) -> None:
        """A tick was kept."""
        for arrival in tick.arrivals:
            if isinstance(arrival.message, Batch):
                self._layouts[arrival.message.node].add(arrival.message.layout)

    def knows(self, key: StreamKey, layout: Layout | None) -> bool:
        is_known = layout is None or layout in self._layouts[key[0]]
        return is_known and self.has_stream(key)

    def has_stream(self, key: StreamKey) -> bool:
        return key in self._ids

    def holdings(self, node: str) -> NodeHoldings:
        its = [kept.stream for kept in self._kept if kept.stream.node == node]
        return NodeHoldings(
            streams=len(its),
            rooms={stream.room for stream in its},
            layouts=set(self._layouts[node]),
        )

    def totals(self) -> tuple[int, int]:
        return len(self._kept), len(set().union(*self._layouts.values()))

    def opens_range(self, message: Batch | Gap) -> bool:
        number = self._ids.get(message.key, 0)
        return number > 0 and self._kept[number - 1].ledger.opens_range(
            message.first_seq, message.last_seq
        )


class MemoryNotices:
    """What is held against nodes."""

    def __init__(self) -> None:
        self._notices: dict[tuple[str, NoticeKind], Notice] = {}

    def put(self, notices: Sequence[Notice]) -> None:
        for notice in notices:
            key = notice.node, notice.kind
            before = self._notices.pop(key, None)
            count, first_utc_ns = notice.count, notice.first_utc_ns
            if before is not None:
                count, first_utc_ns = before.count + count, before.first_utc_ns
            self._notices[key] = replace(notice, count=count, first_utc_ns=first_utc_ns)

    def of_room(self, room: str | None) -> list[Notice]:
        """The latest first."""
        found = [n for n in self._notices.values() if room is None or n.room == room]
        return sorted(found, key=lambda n: (-n.last_utc_ns, n.node, n.kind))

    def retire(self, before_utc_ns: int) -> None:
        self._notices = {
            key: n for key, n in self._notices.items() if n.last_utc_ns >= before_utc_ns
        }
