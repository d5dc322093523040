"""The queue from the reader threads to the agent's own thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator

from firmware_bridge.events import HubEvent

__all__ = ["Inbox"]

_LOOK_AGAIN_S = 0.01


class Inbox:
    """A bounded queue without blocking reads: the agent empties it when a period is due.

    When it is full the reader thread waits, and so does the serial line behind it. What the line
    then drops is missing by its sequence and is counted.
    """

    def __init__(self, *, max_events: int, stop: threading.Event) -> None:
        self._max_events = max_events
        self._stop = stop
        self._events: deque[HubEvent] = deque()

    def put(self, event: HubEvent) -> None:
        """Add an event, from any thread; it is dropped if `stop` comes before there is room."""
        while len(self._events) >= self._max_events:
            if self._stop.wait(_LOOK_AGAIN_S):
                return
        self._events.append(event)

    def drain(self) -> Iterator[HubEvent]:
        """Take the events that are there now, in order."""
        for _ in range(len(self._events)):
            yield self._events.popleft()
