"""Where the reader threads leave their events for the agent's own thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator

from firmware_bridge.events import HubEvent

__all__ = ["Inbox"]

_LOOK_AGAIN_S = 0.01


class Inbox:
    """A bounded queue that nobody waits on: the agent looks in when a period is due.

    When it is full the reader thread waits, and so does the serial line behind it; what the line
    then drops is missed by its sequence and counted.
    """

    def __init__(self, *, max_events: int, stop: threading.Event) -> None:
        self._max_events = max_events
        self._stop = stop
        self._events: deque[HubEvent] = deque()

    def put(self, event: HubEvent) -> None:
        """From any thread; an event that finds no room until `stop` is dropped."""
        while len(self._events) >= self._max_events:
            if self._stop.wait(_LOOK_AGAIN_S):
                return
        self._events.append(event)

    def drain(self) -> Iterator[HubEvent]:
        """What is there now, in order."""
        for _ in range(len(self._events)):
            yield self._events.popleft()
