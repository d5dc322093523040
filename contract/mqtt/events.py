"""The will of an MQTT link, the events that it reports, and the queue that they go into."""

from __future__ import annotations

import queue
from dataclasses import dataclass
from typing import Final

__all__ = ["Event", "EventQueue", "LinkDown", "LinkUp", "Received", "Refused", "Will"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Will:
    """What the broker publishes, retained, when this client disappears without a goodbye."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The broker accepted the connection and has the subscriptions."""

    protocol: str
    client: str = "paho"
    """The library that speaks it."""


@dataclass(frozen=True, slots=True)
class LinkDown:
    """There is no connection: it was lost or refused, or could not be opened."""

    reason: str
    is_taken_over: bool = False
    """Another client connected with the same client id (only MQTT 5 reports this)."""


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """A message. Its reader passes it to `MqttLink.acknowledge` once it is safe."""

    topic: str
    payload: bytes
    is_retained: bool
    receipt: object | None = None
    """What its connection needs in order to acknowledge it; None with QoS 0."""
    connection: object | None = None
    """The connection that it came over."""

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes."""
        return len(self.payload) + len(self.topic) + _OBJECT_BYTES


@dataclass(frozen=True, slots=True)
class Refused:
    """The broker received a message and refused to publish it (only MQTT 5 reports this)."""

    topic: str
    reason: str


Event = LinkUp | LinkDown | Received | Refused

_OBJECT_BYTES: Final = 300


class EventQueue(queue.Queue[Event]):
    """A queue that is full at `max_events` events or at `max_bytes` bytes of messages."""

    def __init__(self, *, max_events: int, max_bytes: int) -> None:
        super().__init__(max_events)
        self._max_bytes = max_bytes
        self._bytes = 0

    def would_fill(self, events: int, size: int) -> bool:
        """Whether so many events with so many bytes would fill an empty queue."""
        return events >= self.maxsize or size >= self._max_bytes

    def _qsize(self) -> int:
        length = super()._qsize()
        return max(length, self.maxsize) if self._bytes >= self._max_bytes else length

    def _put(self, item: Event) -> None:
        super()._put(item)
        if isinstance(item, Received):
            self._bytes += item.size

    def _get(self) -> Event:
        item = super()._get()
        if isinstance(item, Received):
            self._bytes -= item.size
        return item
