"""What a node takes up in the store in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from contract.wire.payload import Batch, Gap, Layout
from ingest.stores.notices import Notice, NoticeKind
from ingest.stores.records import Stream, Tick
from ingest.stores.rules.admission import Ledger
from ingest.stores.rules.limits import NodeHoldings
from ingest.stores.stream_identity import StreamKey

__all__ = ["MemoryHoldings", "MemoryNotices"]


class MemoryHoldings:
    """`limits.Holdings` over the store's streams; `stream_of` gives a key's stream and ledger."""

    def __init__(
        self,
        streams: Callable[[], list[Stream]],
        stream_of: Callable[[StreamKey], tuple[Stream, Ledger] | None],
    ) -> None:
        self._streams = streams
        self._stream_of = stream_of
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
        return self._stream_of(key) is not None

    def holdings(self, node: str) -> NodeHoldings:
        its = [stream for stream in self._streams() if stream.node == node]
        return NodeHoldings(
            streams=len(its),
            rooms={stream.room for stream in its},
            layouts=set(self._layouts[node]),
        )

    def totals(self) -> tuple[int, int]:
        return len(self._streams()), len(set().union(*self._layouts.values()))

    def opens_range(self, message: Batch | Gap) -> bool:
        known = self._stream_of(message.key)
        return known is not None and known[1].opens_range(message.first_seq, message.last_seq)


class MemoryNotices:
    """What is held against nodes."""

    def __init__(self) -> None:
        self._notices: dict[tuple[str, NoticeKind], Notice] = {}

    def put(self, notices: Sequence[Notice]) -> None:
        for notice in notices:
            key = notice.node, notice.kind
            before = self._notices.pop(key, None)
            self._notices[key] = (
                notice
                if before is None
                else Notice(
                    node=notice.node, kind=notice.kind, room=notice.room,
                    sentence=notice.sentence, count=before.count + notice.count,
                    first_utc_ns=before.first_utc_ns, last_utc_ns=notice.last_utc_ns,
                )
            )  # fmt: skip

    def of_room(self, room: str | None) -> list[Notice]:
        """The latest first."""
        found = [n for n in self._notices.values() if room is None or n.room == room]
        return sorted(found, key=lambda n: (-n.last_utc_ns, n.node, n.kind))

    def retire(self, before_utc_ns: int) -> None:
        self._notices = {
            key: n for key, n in self._notices.items() if n.last_utc_ns >= before_utc_ns
        }
