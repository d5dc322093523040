"""What one node may take up in a store: so that no kit, mad or stolen, uses up what all share.

Streams and layouts have numbers, and numbers end. A node has a share of them that it never needs;
beyond that what is new of it is refused, and what is known of it goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from contract.wire.parts import IN_TIME
from contract.wire.payload import Batch, Gap, Layout
from ingest.stores.notices import (
    TOO_MANY_HOLES,
    TOO_MANY_LAYOUTS,
    TOO_MANY_LAYOUTS_HERE,
    TOO_MANY_ROOMS,
    TOO_MANY_RUNS,
    TOO_MANY_RUNS_HERE,
)
from ingest.stores.records import StreamKey, Tick
from ingest.stores.rules.admission import MAX_RANGES

__all__ = [
    "MAX_LAYOUTS",
    "MAX_LAYOUTS_OF_NODE",
    "MAX_ROOMS_OF_NODE",
    "MAX_STREAMS",
    "MAX_STREAMS_OF_NODE",
    "Holdings",
    "NodeHoldings",
    "NodeLimits",
]

MAX_STREAMS: Final = (1 << 21) - 1
"""Runs and parts of runs: their number stands in 21 bits of a live row's key."""
MAX_STREAMS_OF_NODE: Final = 1 << 14
"""A kit that starts twice a day and whose hubs all come late has some 7,000 in a year."""
MAX_ROOMS_OF_NODE: Final = 16
MAX_LAYOUTS: Final = (1 << 16) - 1
"""Their number stands in 16 bits of a live row."""
MAX_LAYOUTS_OF_NODE: Final = 512
"""One for each set of seats that a node has ever had, and one for each of its hubs."""
_MAX_NODES: Final = 4_096
"""So many nodes are remembered."""


@dataclass(slots=True)
class NodeHoldings:
    """What a store holds of one node."""

    streams: int
    rooms: set[str]
    layouts: set[Layout]


class Holdings(Protocol):
    """What a store is asked."""

    def knows(self, key: StreamKey, layout: Layout | None) -> bool:
        """Whether a stream is in memory and, if a layout is named, has just that one."""

    def has_stream(self, key: StreamKey) -> bool: ...
    def holdings(self, node: str) -> NodeHoldings: ...
    def totals(self) -> tuple[int, int]:
        """How many streams and how many layouts there are."""

    def opens_range(self, message: Batch | Gap) -> bool:
        """Whether it would be one range more of a stream that has all it may have."""


class NodeLimits:
    """Holds each tick against the limits, before anything of it is written."""

    def __init__(self, store: Holdings) -> None:
        self._store = store
        self._nodes: dict[str, NodeHoldings] = {}
        """What the store holds."""
        self._with_tick: dict[str, NodeHoldings] = {}
        """What it will hold of the nodes that a tick adds something of."""
        self._streams: set[StreamKey] = set()
        """Those that a tick adds."""
        self._n_layouts = 0
        """How many layouts a tick adds."""

    def forget(self) -> None:
        """Ask the store again: what was to be kept was not, or something went."""
        self._nodes.clear()
        self._begin()

    def refused(self, tick: Tick) -> list[tuple[object, str]]:
        """The births and arrivals of a tick that are beyond a limit, as they stand in it, and why.

        What they would have added is not counted. `kept` follows when the rest is kept.
        """
        self._begin()
        return list(self._refused(tick))

    def kept(self) -> None:
        """What the last tick added is in the store."""
        self._nodes |= self._with_tick
        self._begin()

    def _begin(self) -> None:
        self._with_tick = {}
        self._streams = set()
        self._n_layouts = 0

    def _refused(self, tick: Tick) -> Iterator[tuple[object, str]]:
        for born in tick.births:
            _, room, birth = born
            reason = self._stream(room, (birth.node, birth.run, IN_TIME))
            if reason is not None:
                yield born, reason
        knows = self._store.knows
        for arrival in tick.arrivals:
            message = arrival.message
            layout = message.layout if isinstance(message, Batch) else None
            if not knows(message.key, layout):
                reason = self._stream(arrival.room, message.key)
                if reason is None and layout is not None:
                    reason = self._layout(message.node, layout)
                if reason is not None:
                    yield arrival, reason
                    continue
            if self._store.opens_range(message):
                yield arrival, TOO_MANY_HOLES.format(node=message.node, n=MAX_RANGES)

    def _stream(self, room: str, key: StreamKey) -> str | None:
        node, run, part = key
        if key in self._streams or self._store.knows(key, None) or self._store.has_stream(key):
            return None
        new = {key}
        # A part brings its run with it.
        main = node, run, IN_TIME
        if part and main not in self._streams and not self._store.has_stream(main):
            new.add(main)
        known = self._node(node)
        if known.streams + len(new) > MAX_STREAMS_OF_NODE:
            return TOO_MANY_RUNS.format(node=node, n=MAX_STREAMS_OF_NODE)
        if room not in known.rooms and len(known.rooms) >= MAX_ROOMS_OF_NODE:
            return TOO_MANY_ROOMS.format(node=node, n=MAX_ROOMS_OF_NODE)
        if self._store.totals()[0] + len(self._streams) + len(new) > MAX_STREAMS:
            return TOO_MANY_RUNS_HERE.format(n=MAX_STREAMS)
        known.streams += len(new)
        known.rooms.add(room)
        self._streams |= new
        return None

    def _layout(self, node: str, layout: Layout) -> str | None:
        known = self._node(node).layouts
        if layout in known:
            return None
        if len(known) >= MAX_LAYOUTS_OF_NODE:
            return TOO_MANY_LAYOUTS.format(node=node, n=MAX_LAYOUTS_OF_NODE)
        if self._store.totals()[1] + self._n_layouts >= MAX_LAYOUTS:
            return TOO_MANY_LAYOUTS_HERE.format(n=MAX_LAYOUTS)
        known.add(layout)
        self._n_layouts += 1
        return None

    def _node(self, node: str) -> NodeHoldings:
        """What the store holds of a node with what the tick has added so far."""
        if node not in self._with_tick:
            if node not in self._nodes:
                if len(self._nodes) >= _MAX_NODES:
                    self._nodes.clear()
                self._nodes[node] = self._store.holdings(node)
            known = self._nodes[node]
            self._with_tick[node] = NodeHoldings(
                streams=known.streams, rooms=set(known.rooms), layouts=set(known.layouts)
            )
        return self._with_tick[node]
