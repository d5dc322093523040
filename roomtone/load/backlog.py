"""What simulated kits hold, send, resend and forget. Pure: times are passed in, bytes go elsewhere.

The rules are those of the edge agent (`edge_agent/publishing/delivery.py`): a period is held until
ingest acknowledges it; live ones go first, one a message, then what waits, up to ten a message;
what is not acknowledged in time, or was under way when ingest came up again, is sent again. A kit's
disk is not simulated: a period's values follow from the seed, so a seq is enough to send it again.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from contract.wire.messages import Ack
from contract.wire.payload import MAX_PERIODS

__all__ = ["Backlog", "Counts", "Send"]

Send = Callable[[int, int, int], bool]
"""Publish a room's periods from a seq on, so many; false while the link takes no more."""

_MAX_AT_ONCE: Final = 64
"""Backlog messages in one call of `send_waiting`, so that live periods get their turn in between."""


@dataclass(slots=True, kw_only=True)
class Counts:
    """Of all rooms, in periods, but for messages."""

    closed: int = 0
    sent: int = 0
    """At least once."""
    acked: int = 0
    resent: int = 0
    messages: int = 0
    """With those that were sent again."""


@dataclass(slots=True, kw_only=True)
class _Span:
    """Consecutive periods that wait to be sent."""

    first: int
    n: int
    is_fresh: bool
    """Never sent before."""


@dataclass(slots=True, kw_only=True)
class _Held:
    """What one room holds."""

    waiting: deque[_Span] = field(default_factory=deque)
    under_way: OrderedDict[int, tuple[int, int]] = field(default_factory=OrderedDict)
    """First seq → number of periods, and when they were sent."""
    is_open: bool = False
    """Ingest is up, and the room's connection too."""
    closed: int = 0
    sent: int = 0
    acked: int = 0


class Backlog:
    """The held periods of all rooms."""

    def __init__(self, rooms: int, *, max_in_flight: int, ack_timeout_ns: int) -> None:
        self.counts = Counts()
        self.in_flight = 0
        """Messages of all rooms that ingest has not acknowledged."""
        self._rooms = [_Held() for _ in range(rooms)]
        self._max_in_flight = max_in_flight
        self._timeout_ns = ack_timeout_ns
        self._queue: OrderedDict[int, None] = OrderedDict()
        """The open rooms with something that waits; each gets its turn."""
        self._sent_order: deque[tuple[int, int, int]] = deque()
        """(when, room, first seq) of what was sent, the oldest first."""

    @property
    def is_empty(self) -> bool:
        """Everything that was closed is acknowledged."""
        return self.counts.acked == self.counts.closed

    def of_room(self, room: int) -> tuple[int, int, int]:
        """Periods closed, sent and acknowledged."""
        held = self._rooms[room]
        return held.closed, held.sent, held.acked

    def close(self, room: int, seq: int, now_ns: int, send: Send) -> bool:
        """A period is over: send it if that is possible now, else hold it; returns whether sent."""
        held = self._rooms[room]
        held.closed += 1
        self.counts.closed += 1
        is_sent = (
            held.is_open
            and self.in_flight < self._max_in_flight
            and self._send(room, _Span(first=seq, n=1, is_fresh=True), now_ns, send)
        )
        if not is_sent:
            last = held.waiting[-1] if held.waiting else None
            if last is not None and last.is_fresh and last.first + last.n == seq:
                last.n += 1
            else:
                held.waiting.append(_Span(first=seq, n=1, is_fresh=True))
            self._enqueue(room)
        return is_sent

    def send_waiting(self, now_ns: int, send: Send) -> None:
        """Send some of what waits; it takes at most half of what may be under way."""
        for _ in range(_MAX_AT_ONCE):
            if not self._queue or self.in_flight >= self._max_in_flight // 2:
                return
            room, _none = self._queue.popitem(last=False)
            held = self._rooms[room]
            span = held.waiting[0]
            now = _Span(first=span.first, n=min(span.n, MAX_PERIODS), is_fresh=span.is_fresh)
            if not self._send(room, now, now_ns, send):
                self._queue[room] = None
                self._queue.move_to_end(room, last=False)
                return
            span.first += now.n
            span.n -= now.n
            if not span.n:
                held.waiting.popleft()
            self._enqueue(room)

    def acknowledge(self, room: int, ack: Ack) -> None:
        """Forget what ingest has kept."""
        held = self._rooms[room]
        for first, (n, _) in list(held.under_way.items()):
            if _is_kept(ack, first, first + n - 1):
                del held.under_way[first]
                self.in_flight -= 1
                held.acked += n
                self.counts.acked += n
        kept = [
            span
            for span in held.waiting
            if not span.is_fresh and _is_kept(ack, span.first, span.first + span.n - 1)
        ]
        for span in kept:  # its first ack was lost, or came late
            held.waiting.remove(span)
            held.acked += span.n
            self.counts.acked += span.n
        if not held.waiting:
            self._queue.pop(room, None)

    def expire(self, now_ns: int) -> None:
        """Send again what has not been acknowledged in time."""
        late: dict[int, list[int]] = {}
        while self._sent_order and self._sent_order[0][0] <= now_ns - self._timeout_ns:
            sent_ns, room, first = self._sent_order.popleft()
            n, last_ns = self._rooms[room].under_way.get(first, (0, 0))
            if n and last_ns == sent_ns:
                late.setdefault(room, []).append(first)
        for room, firsts in late.items():
            self._again(room, firsts)

    def opened(self, room: int) -> None:
        """Ingest came up: send again what was under way, because it may be lost."""
        held = self._rooms[room]
        held.is_open = True
        self._again(room, list(held.under_way))
        self._enqueue(room)

    def closed(self, room: int) -> None:
        """Ingest, or the connection to it, is gone."""
        self._rooms[room].is_open = False
        self._queue.pop(room, None)

    def _send(self, room: int, span: _Span, now_ns: int, send: Send) -> bool:
        if not send(room, span.first, span.n):
            return False
        held, counts = self._rooms[room], self.counts
        held.under_way[span.first] = span.n, now_ns
        self._sent_order.append((now_ns, room, span.first))
        self.in_flight += 1
        counts.messages += 1
        if span.is_fresh:
            held.sent += span.n
            counts.sent += span.n
        else:
            counts.resent += span.n
        return True

    def _again(self, room: int, firsts: list[int]) -> None:
        held = self._rooms[room]
        for first in sorted(firsts, reverse=True):
            n, _ = held.under_way.pop(first)
            self.in_flight -= 1
            held.waiting.appendleft(_Span(first=first, n=n, is_fresh=False))
        self._enqueue(room)

    def _enqueue(self, room: int) -> None:
        held = self._rooms[room]
        if held.is_open and held.waiting:
            self._queue[room] = None


def _is_kept(ack: Ack, first: int, last: int) -> bool:
    return last <= ack.without_hole or any(a <= first and last <= b for a, b in ack.above)
