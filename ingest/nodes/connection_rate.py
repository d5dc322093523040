"""Finds kits that connect too often, from the messages on their `state` topics. Pure.

A connection makes two messages there: a birth, and a death or the will that the broker sends. A kit
that sends only a birth, or has only a will, makes one. Retained messages do not count.
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
"""In ten minutes; a kit with more is reported."""
_BUCKETS: Final = 10
_BUCKET_NS: Final = WINDOW_S * 1_000_000_000 // _BUCKETS
_NAME_EACH_NS: Final = 60_000_000_000
_MAX_NODES: Final = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Restless:
    """A kit that connects too often."""

    room: str
    """The room of its latest message."""
    node: str
    connections: int
    """In the last ten minutes."""


@dataclass(slots=True)
class _Node:
    room: str
    messages: Counter[int] = field(default_factory=Counter)
    """How many in each minute of the window."""
    named_ns: int | None = None

    def add(self, bucket: int) -> None:
        """Count a message, and forget those older than the window."""
        self.messages[bucket] += 1
        for old in [each for each in self.messages if each <= bucket - _BUCKETS]:
            del self.messages[old]

    def restless(self, name: str, bucket: int) -> Restless | None:
        messages = sum(n for each, n in list(self.messages.items()) if each > bucket - _BUCKETS)
        # A message without its counterpart is half a connection, so round up.
        connections = (messages + 1) // 2
        if connections <= MAX_CONNECTIONS:
            return None
        return Restless(room=self.room, node=name, connections=connections)


class ConnectionRate:
    """Counts by node: the broker checks a node's name by its certificate, but not its room.

    With more than 4,096 nodes, the one that was silent longest is forgotten.
    """

    def __init__(self) -> None:
        self._nodes: OrderedDict[str, _Node] = OrderedDict()

    def __len__(self) -> int:
        return len(self._nodes)

    def take(self, messages: Iterable[NodeMessage], now_ns: int) -> list[Restless]:
        """Count a tick's messages; returns the kits to report now, each once a minute."""
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
        # Copies in one step, of the counts too: the health page calls this from another thread.
        every = (node.restless(name, bucket) for name, node in self._nodes.copy().items())
        return [found for found in every if found is not None]
