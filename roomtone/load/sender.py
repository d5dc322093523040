"""The simulated kits' process: many rooms over a few connections, sent by the clock.

Each connection has the rooms of its turn, and is subscribed to their acknowledgements and to what
ingest says of itself, as a kit is. Everything that a kit does for a reading is done: births, clock
records and counts go before and with the data, and a period is held until ingest acknowledges it.
"""

from __future__ import annotations

import secrets
import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import Empty
from typing import Final

from contract.clock import SECOND_NS
from contract.errors import DecodeError
from contract.mqtt.link import LinkDown, LinkUp, MqttLink, Received
from contract.settings import BrokerSettings
from contract.topics import ingest_state
from contract.wire.messages import Ack, IngestState
from roomtone.load.backlog import Backlog, Counts
from roomtone.load.delays import Delays
from roomtone.load.messages import Kit, kits_of, simulated_rows
from roomtone.load.plan import CONNECTIONS, MAX_IN_FLIGHT, LoadPlan

__all__ = ["KitsProcess", "SenderNews", "run_kits", "started_kits"]

_ACK_TIMEOUT_NS: Final = 15 * SECOND_NS
"""As of the edge agent."""
_WAIT_S: Final = 0.005
_DUE_AT_ONCE: Final = 2
"""Births and counts that each connection sends in a turn: a school's kits don't do so all at once, and
the broker drops what is beyond its queue."""
_NEWS_NS: Final = SECOND_NS // 2
_MINUTE: Final = 60
_DRAIN_NS: Final = 90 * SECOND_NS
"""How long the end waits for acknowledgements since the last one came."""
_GOODBYE_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderNews:
    """How far the kits are; the last one has their delays in seconds (p50, p99, highest)."""

    counts: Counts
    in_flight: int
    is_linked: bool
    width: int
    """Values in a period."""
    is_over: bool = False
    send_late_s: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """From a period's end to its publication, if it was sent at once."""
    ack_late_s: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """From the end of such a period to its acknowledgement."""


@dataclass(slots=True, eq=False)
class _Wire:
    """One connection and its rooms."""

    link: MqttLink
    rooms: range
    is_linked: bool = False
    started_utc_ns: int | None = None
    """Which start of ingest is up, as far as is known."""
    due: deque[tuple[str, bytes, bool]] = field(default_factory=deque)
    """Births and others that wait for the link: topic, payload, retained."""
    is_announcing: bool = False
    """Births and what dates the data are on their way, and go before the data."""

    def flush(self) -> None:
        """Hand over some of what is due."""
        for _ in range(_DUE_AT_ONCE):
            if not self.due:
                self.is_announcing = False
                return
            topic, payload, is_retained = self.due[0]
            if not self.link.publish(topic, payload, retain=is_retained):
                return
            self.due.popleft()


class _Sender:
    """Sends one load. Times are nanoseconds of UTC: the rooms' seconds end by it."""

    def __init__(
        self, plan: LoadPlan, kits: list[Kit], broker: BrokerSettings, starts_utc_ns: int
    ) -> None:
        self._plan = plan
        self._kits = kits
        self._starts_ns = starts_utc_ns
        self._backlog = Backlog(
            plan.rooms, max_in_flight=MAX_IN_FLIGHT, ack_timeout_ns=_ACK_TIMEOUT_NS
        )
        self._room_of = {kit.topic("ack"): kit.number for kit in kits}
        self._state_topic = ingest_state(plan.site)
        n = min(CONNECTIONS, plan.rooms)
        self._wires = [self._wire(range(i, plan.rooms, n), broker, i) for i in range(n)]
        self._next = 0
        """Counts the rooms' turns: in each second of the load every room has one, in their order."""
        self._awaited = [deque[int]() for _ in kits]
        """Of each room the seqs that were sent at once and are not acknowledged."""
        self._send_late = Delays()
        self._ack_late = Delays()

    def _wire(self, rooms: range, broker: BrokerSettings, number: int) -> _Wire:
        acks = tuple(self._kits[room].topic("ack") for room in rooms)
        link = MqttLink(
            broker=broker, client_id=f"roomtone-load-{secrets.token_hex(4)}-{number}", will=None,
            subscriptions=(self._state_topic, *acks), max_events=50_000,
            max_in_flight=MAX_IN_FLIGHT, max_queued=MAX_IN_FLIGHT,
        )  # fmt: skip
        return _Wire(link, rooms)

    def run(self, pipe: Connection) -> None:
        """Send until everything is acknowledged, or no acknowledgement comes any more."""
        for wire in self._wires:
            wire.link.start()
        try:
            news_ns, acked, acked_ns = 0, -1, time.time_ns()
            while True:
                now_ns = time.time_ns()
                for wire in self._wires:
                    self._hear(wire, now_ns)
                self._send_due(now_ns)
                counts = self._backlog.counts
                if counts.acked != acked or not self._is_all_closed:
                    acked, acked_ns = counts.acked, now_ns
                is_over = self._is_all_closed and (
                    self._backlog.is_empty or now_ns - acked_ns > _DRAIN_NS
                )
                if is_over:
                    break
                if now_ns - news_ns > _NEWS_NS:
                    news_ns = now_ns
                    pipe.send(self._news())
                if pipe.poll():
                    return  # the other side has ended, or wants an end
                time.sleep(_WAIT_S)
            self._say_goodbye()
            pipe.send(self._news(is_over=True))
        finally:
            for wire in self._wires:
                wire.link.stop(timeout_s=2.0)

    @property
    def _is_all_closed(self) -> bool:
        return self._next >= self._plan.rooms * self._plan.seconds

    def _news(self, *, is_over: bool = False) -> SenderNews:
        return SenderNews(
            counts=Counts(**asdict(self._backlog.counts)),
            in_flight=self._backlog.in_flight,
            is_linked=all(wire.is_linked for wire in self._wires),
            width=self._kits[0].rows.layout.width,
            is_over=is_over,
            send_late_s=_spread(self._send_late) if is_over else (0.0, 0.0, 0.0),
            ack_late_s=_spread(self._ack_late) if is_over else (0.0, 0.0, 0.0),
        )

    def _hear(self, wire: _Wire, now_ns: int) -> None:
        while True:
            try:
                event = wire.link.events.get_nowait()
            except Empty:
                return
            if isinstance(event, Received):
                try:
                    self._read(wire, event, now_ns)
                except DecodeError:
                    continue  # somebody else's, on a broker that is not ours
                finally:
                    wire.link.acknowledge(event)
            elif isinstance(event, LinkUp):
                wire.is_linked = wire.is_announcing = True
                for room in wire.rooms:
                    kit = self._kits[room]
                    wire.due.append((kit.topic("state"), kit.birth(), True))
            elif isinstance(event, LinkDown):
                wire.is_linked, wire.started_utc_ns = False, None
                wire.due.clear()
                for room in wire.rooms:
                    self._backlog.closed(room)

    def _read(self, wire: _Wire, message: Received, now_ns: int) -> None:
        if message.topic == self._state_topic:
            self._heed(wire, IngestState.decode(message.payload), now_ns)
            return
        room = self._room_of[message.topic]
        ack = Ack.decode(message.payload)
        if ack.run != self._kits[room].run:
            return
        self._backlog.acknowledge(room, ack)
        # An ack is for all that is kept: the delay is known of the newest period alone.
        newest = ack.above[-1][1] if ack.above else ack.without_hole
        awaited = self._awaited[room]
        while awaited and awaited[0] <= newest:
            if awaited.popleft() == newest:
                ended_ns = self._ends_ns(self._number(room, newest))
                self._ack_late.add((now_ns - ended_ns) / SECOND_NS)

    def _heed(self, wire: _Wire, state: IngestState, now_ns: int) -> None:
        """Ingest says whether it is up."""
        if not state.is_up:
            wire.started_utc_ns = None
            for room in wire.rooms:
                self._backlog.closed(room)
        elif state.started_utc_ns != wire.started_utc_ns:
            wire.started_utc_ns = state.started_utc_ns
            wire.is_announcing = True
            seq = self._seq_at(now_ns)
            for room in wire.rooms:  # what dates the data goes before it
                kit = self._kits[room]
                wire.due.append((kit.topic("timebase"), kit.timebase(seq), False))
                self._backlog.opened(room)

    def _send_due(self, now_ns: int) -> None:
        for wire in self._wires:
            wire.flush()
        rooms = self._plan.rooms
        while not self._is_all_closed and self._ends_ns(self._next) <= now_ns:
            second, room = divmod(self._next, rooms)
            seq = second - self._plan.lead(room)
            if 0 <= seq < self._plan.periods:
                self._close(room, seq, self._next, now_ns)
            self._next += 1
        self._backlog.expire(now_ns)
        self._backlog.send_waiting(now_ns, self._publish)

    def _close(self, room: int, seq: int, number: int, now_ns: int) -> None:
        """A period is over."""
        if self._backlog.close(room, seq, now_ns, self._publish):
            self._awaited[room].append(seq)
            self._send_late.add((time.time_ns() - self._ends_ns(number)) / SECOND_NS)
        if (seq + room) % _MINUTE == _MINUTE - 1:  # each kit at another second
            self._note_health(room, seq)

    def _publish(self, room: int, first: int, n: int) -> bool:
        wire = self._wires[room % len(self._wires)]
        if wire.is_announcing:
            return False
        kit = self._kits[room]
        ended_ns = self._ends_ns(self._number(room, first + n - 1))
        waited_ms = max(0, time.time_ns() - ended_ns) // 1_000_000
        payload = kit.batch(first, n, waited_ms=waited_ms)
        return wire.link.publish(kit.data_topic, payload)

    def _note_health(self, room: int, seq: int, *, is_finished: bool = False) -> None:
        kit, wire = self._kits[room], self._wires[room % len(self._wires)]
        closed, sent, acked = self._backlog.of_room(room)
        health = kit.health(closed=closed, sent=sent, acked=acked, is_finished=is_finished)
        wire.due.append((kit.topic("timebase"), kit.timebase(seq), False))
        wire.due.append((kit.topic("health"), health, False))

    def _say_goodbye(self) -> None:
        """Each kit's last counts and its death, as at a clean stop."""
        for wire in self._wires:
            for room in wire.rooms:
                kit = self._kits[room]
                self._note_health(room, self._plan.periods, is_finished=True)
                wire.due.append((kit.topic("state"), kit.death(), True))
        until = time.monotonic() + _GOODBYE_S
        while any(wire.due for wire in self._wires) and time.monotonic() < until:
            for wire in self._wires:
                wire.flush()
            time.sleep(_WAIT_S)

    def _seq_at(self, now_ns: int) -> int:
        """About which period is running."""
        seq = int((now_ns - self._starts_ns) / SECOND_NS * self._plan.rate)
        return min(max(seq, 0), self._plan.periods)

    def _number(self, room: int, seq: int) -> int:
        """The turn in which a period is closed."""
        return (seq + self._plan.lead(room)) * self._plan.rooms + room

    def _ends_ns(self, number: int) -> int:
        """When the period of a turn is over."""
        rooms = self._plan.rooms
        return self._starts_ns + int((number / rooms + 1) * SECOND_NS / self._plan.rate)


def run_kits(plan: LoadPlan, broker: BrokerSettings, pipe: Connection) -> None:
    """The process: prepare, say so, get the start (wall clock and the lesson's UTC), and send."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started this process ends it
    rows = simulated_rows(plan)
    pipe.send("ready")
    try:
        starts_ns, lesson_utc_ns, runs_from = pipe.recv()
        kits = kits_of(plan, rows, starts_utc_ns=lesson_utc_ns, runs_from=runs_from)
        _Sender(plan, kits, broker, starts_ns).run(pipe)
    except (EOFError, BrokenPipeError):
        return  # the other side has ended


class KitsProcess:
    """The process from outside."""

    def __init__(self, plan: LoadPlan, broker: BrokerSettings) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=run_kits, args=(plan, broker, theirs), name="load kits", daemon=True
        )
        self._process.start()
        theirs.close()
        self.news: SenderNews | None = None

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def wait_until_ready(self, timeout_s: float) -> bool:
        """Whether the process has drawn its lesson."""
        return self._pipe.poll(timeout_s) and self._pipe.recv() == "ready"

    def begin(self, *, starts_ns: int, lesson_utc_ns: int, runs_from: int) -> None:
        """Send from a time of the clock on, with runs from a number on."""
        self._pipe.send((starts_ns, lesson_utc_ns, runs_from))

    def hear(self) -> bool:
        """Take what the process has said; whether it still runs."""
        try:
            while self._pipe.poll():
                self.news = self._pipe.recv()
        except (EOFError, OSError):
            return False
        return self._process.is_alive()

    def stop(self) -> None:
        """End it."""
        self._pipe.close()
        self._process.join(3.0)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


@contextmanager
def started_kits(plan: LoadPlan, broker: BrokerSettings) -> Iterator[KitsProcess]:
    """The process, ended with the block."""
    kits = KitsProcess(plan, broker)
    try:
        yield kits
    finally:
        kits.stop()


def _spread(delays: Delays) -> tuple[float, float, float]:
    return delays.percentile_s(50), delays.percentile_s(99), delays.percentile_s(100)
