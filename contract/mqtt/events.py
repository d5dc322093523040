"""The will of an MQTT link, the events that it reports, and the queue that they go into."""

from __future__ import annotations

import queue
import threading
import time
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


@dataclass(slots=True, eq=False)  # not frozen, which would triple what it costs to make one
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
        self._words = 0
        """Events that are no messages."""
        self._enough = threading.Condition(self.mutex)
        self._wanted: int | None = None
        """How many events somebody waits for in `take`."""

    def would_fill(self, events: int, size: int) -> bool:
        """Whether so many events with so many bytes would fill an empty queue."""
        return events >= self.maxsize or size >= self._max_bytes

    def offer(self, event: Event) -> bool:
        """Put an event into the queue at once; False if it is full. Cheaper than `put`."""
        with self.mutex:
            if self._qsize() >= self.maxsize:
                return False
            self._put(event)
            self.not_empty.notify()
        return True

    def take(self, *, max_events: int, max_bytes: int, timeout_s: float) -> list[Event]:
        """What comes within a time, in order; sooner if that is enough, or a word about the link.

        At most `max_events`, and no more once their payloads have `max_bytes`. Who waits is woken
        once, where `get` wakes its caller for each message.
        """
        until = time.monotonic() + timeout_s
        taken: list[Event] = []
        size = 0
        with self.mutex:
            self._wanted = min(max_events, self.maxsize)
            while not self._has_enough() and (left_s := until - time.monotonic()) > 0:
                self._enough.wait(left_s)
            self._wanted = None
            while self.queue and len(taken) < max_events and size < max_bytes:
                event = self._get()
                taken.append(event)
                if isinstance(event, Received):
                    size += len(event.payload)
            self.not_full.notify_all()
        return taken

    def _has_enough(self) -> bool:
        return self._words > 0 or (self._wanted is not None and self._qsize() >= self._wanted)

    def _qsize(self) -> int:
        length = len(self.queue)
        return max(length, self.maxsize) if self._bytes >= self._max_bytes else length

    def _put(self, item: Event) -> None:
        self.queue.append(item)
        if isinstance(item, Received):
            self._bytes += item.size
        else:
            self._words += 1
        if self._wanted is not None and self._has_enough():
            self._enough.notify()

    def _get(self) -> Event:
        item: Event = self.queue.popleft()
        if isinstance(item, Received):
            self._bytes -= item.size
        else:
            self._words -= 1
        return item
