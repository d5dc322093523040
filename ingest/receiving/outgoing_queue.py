"""What ingest has to say to nodes: the newest word on each matter, until the broker takes it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Literal, Protocol

__all__ = ["Outgoing", "OutgoingPublisher"]


class OutgoingPublisher(Protocol):
    """The part of `MqttLink` that is used here."""

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, qos: Literal[0, 1] = 1
    ) -> bool: ...


class Outgoing:
    """A bounded buffer in which a later word on the same matter replaces the earlier one.

    When it is full the oldest goes: a node that misses an ack sends again and is acked again, and
    configurations are published again at each connection.
    """

    def __init__(self, most: int) -> None:
        self.dropped = 0
        self._max_waiting = most
        self._words: OrderedDict[Hashable, tuple[str, bytes, bool, Literal[0, 1]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._words)

    def say(
        self,
        about: Hashable,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        qos: Literal[0, 1] = 1,
    ) -> None:
        self._words.pop(about, None)
        self._words[about] = topic, payload, retain, qos
        if len(self._words) > self._max_waiting:
            self._words.popitem(last=False)
            self.dropped += 1

    def flush(self, link: OutgoingPublisher, *, max_words: int | None = None) -> None:
        """Hand over as much as the link takes, in order, or so many of them."""
        stay = 0 if max_words is None else max(0, len(self._words) - max_words)
        while len(self._words) > stay:
            about = next(iter(self._words))
            topic, payload, retain, qos = self._words[about]
            if not link.publish(topic, payload, retain=retain, qos=qos):
                return
            del self._words[about]
