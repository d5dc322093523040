"""Which kits come and go too often, counted from what is said on their `state` topics. Pure.

A connection makes two words there: a birth, and a death or the broker's will. A kit that says its
birth alone, or has a will alone, makes one. What a broker retains is no news and does not count.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from contract.errors import DecodeError
from contract.topics import Topic
from ingest.nodes.message import NodeMessage

__all__ = ["MAX_CONNECTIONS", "WINDOW_S", "ConnectionRate", "Restless"]

WINDOW_S: Final = 600
MAX_CONNECTIONS: Final = 20
"""In the last ten minutes; a kit with more of them is named."""
_BUCKETS: Final = 10
_BUCKET_NS: Final = WINDOW_S * 1_000_000_000 // _BUCKETS
_NAME_EACH_NS: Final = 60_000_000_000
_MAX_NODES: Final = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Restless:
    """A kit that connects more often than it should."""

    room: str
    """Where it spoke last."""
    node: str
    connections: int
    """In the last ten minutes."""


@dataclass(slots=True)
class _Node:
    room: str
    words: Counter[int] = field(default_factory=Counter)
    """How many in each minute of the window."""
    named_ns: int | None = None

    def add(self, bucket: int) -> None:
        """Count a word, and forget what is older than the window."""
        self.words[bucket] += 1
        for old in [each for each in self.words if each <= bucket - _BUCKETS]:
            del self.words[old]

    def restless(self, name: str, bucket: int) -> Restless | None:
        words = sum(n for each, n in list(self.words.items()) if each > bucket - _BUCKETS)
        # A last word without its other half is half a connection, so round up.
        connections = (words + 1) // 2
        if connections <= MAX_CONNECTIONS:
            return None
        return Restless(room=self.room, node=name, connections=connections)


class ConnectionRate:
    """Counts by node, whose name the broker holds to its certificate; the room is not held to it.

    Of more than 4,096 nodes the one that was silent for longest is forgotten.
    """

    def __init__(self) -> None:
        self._nodes: OrderedDict[str, _Node] = OrderedDict()

    def __len__(self) -> int:
        return len(self._nodes)

    def take(self, messages: Iterable[NodeMessage], now_ns: int) -> list[Restless]:
        """Count a tick's messages; the kits to name now, each once a minute."""
        named: dict[str, Restless] = {}
        bucket = now_ns // _BUCKET_NS
        for message in messages:
            if message.is_retained or not message.topic.endswith("/state"):
                continue
            try:
                topic = Topic.parse(message.topic)
            except DecodeError:
                continue
            node = self._nodes.setdefault(topic.node, _Node(topic.room))
            self._nodes.move_to_end(topic.node)
            node.room = topic.room
            node.add(bucket)
            restless = node.restless(topic.node, bucket)
            is_due = node.named_ns is None or now_ns - node.named_ns >= _NAME_EACH_NS
            if restless is not None and (is_due or topic.node in named):
                node.named_ns = now_ns
                named[topic.node] = restless
        while len(self._nodes) > _MAX_NODES:
            self._nodes.popitem(last=False)
        return list(named.values())

    def restless(self, now_ns: int) -> list[Restless]:
        """Every kit that is over the limit now."""
        bucket = now_ns // _BUCKET_NS
        # Copies in one step, of the words too: the health page asks from a thread of its own.
        every = (node.restless(name, bucket) for name, node in self._nodes.copy().items())
        return [found for found in every if found is not None]
