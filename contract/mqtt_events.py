"""What goes into an MQTT link and what it reports, with the queue that it reports through."""

from __future__ import annotations

import queue
from dataclasses import dataclass
from typing import Final

import paho.mqtt.client as paho

__all__ = ["Event", "EventQueue", "LinkDown", "LinkUp", "Received", "Refused", "Will"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Will:
    """What the broker publishes, retained, when this client is gone without a word."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The broker accepted the connection and has the subscriptions."""

    protocol: str


@dataclass(frozen=True, slots=True)
class LinkDown:
    """There is no connection: it was lost, refused, or could not be made."""

    reason: str
    is_taken_over: bool = False
    """Another client connected under the same client id (MQTT 5 alone says so)."""


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """A message. Whoever takes it gives it to `MqttLink.acknowledge` when it is safe."""

    topic: str
    payload: bytes
    is_retained: bool
    mid: int
    qos: int
    client: paho.Client

    @property
    def size(self) -> int:
        """Bytes that it takes in memory, roughly."""
        return len(self.payload) + len(self.topic) + _OBJECT_BYTES


@dataclass(frozen=True, slots=True)
class Refused:
    """The broker took a message and did not let it be published (MQTT 5 alone tells)."""

    topic: str
    reason: str


Event = LinkUp | LinkDown | Received | Refused

_OBJECT_BYTES: Final = 300


class EventQueue(queue.Queue[Event]):
    """A queue that is full at so many events, and also at so many bytes of messages."""

    def __init__(self, *, max_events: int, max_bytes: int) -> None:
        super().__init__(max_events)
        self._max_bytes = max_bytes
        self._bytes = 0

    def would_fill(self, events: int, size: int) -> bool:
        """Whether so many events, with so many bytes in all, would fill the queue if it was empty."""
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
