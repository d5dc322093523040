"""The agent's memory does not grow, whatever a school day brings: counted to the byte, no timing.

A node of two hubs runs by a clock that the test moves: lessons, breaks, a line that loses frames,
hubs that are plugged in anew, a broker that goes away so that the outbox fills and is drained. Such
rounds are all alike, so after the first ones none may leave anything behind.
"""

from __future__ import annotations

import gc
import logging
import os
import queue
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from contract.clock import SECOND_NS, Clock, ManualClock
from contract.mqtt.link import Event, LinkDown, LinkUp, Received, Will
from contract.quantities.motion import LOWEST_RATE_HZ, MotionQuantities
from contract.wire.messages import Ack, Config, IngestState, LessonSpan
from contract.wire.payload import decode
from edge_agent import agent as agent_module
from edge_agent.agent import EdgeAgent
from edge_agent.settings import EdgeSettings, HubSettings
from edge_agent.timebase import ClockQuality
from firmware_bridge.conversation import Conversation
from firmware_bridge.events import HubCounters, HubEvent
from firmware_bridge.frames import (
    ClockReply,
    ClockRequest,
    Hello,
    HelloRequest,
    LevelBlock,
    SampleBlock,
    encode,
)
from firmware_bridge.frames import (
    decode as decode_frame,
)
from firmware_bridge.framing import Unframer, frame
from firmware_bridge.ports import open_port

RATE_HZ = 25
TICK_HZ = 1_000
SEATS = 2
ROUND_S = 30
LESSON_S = (3, 27)
OUTAGE_S = (8, 20)
PLUGGED_ANEW_S = 15
LOST_S = 11
ROUNDS_BEFORE = 4
ROUNDS = 11
NODE = "roomtone/1/school/r1/pi-1/"
SETTINGS = {
    "site": "school", "room": "r1", "node": "pi-1",
    "hub": [
        {"name": "hub-a", "port": "/dev/a", "seats": [1, 2]},
        {"name": "hub-b", "port": "/dev/b", "seats": [3, 4]},
    ],
}  # fmt: skip


class Hub:
    """A hub and its line, at the reader's place: what the agent's readers would hand over."""

    def __init__(
        self, settings: HubSettings, clock: ManualClock, sink: Callable[[HubEvent], None]
    ) -> None:
        self._name, self._clock, self._sink = settings.name, clock, sink
        still = np.tile(np.array([0, 0, 256], "<i2"), (5, SEATS, 1))
        # A sensor that never changes would be taken for a stuck one.
        still[::2, :, 0] = 1
        self._raw = still.tobytes()
        self.plug_in()

    def plug_in(self) -> None:
        """A new start of the hub, and a new connection."""
        self._talk = Conversation(hub=self._name)
        self._unframer = Unframer()
        self._sequence = 0
        self._begun_ns = self._clock.now_ns
        self._next_sample = self._next_level = 0

    def step(self, *, loses: bool) -> None:
        """One turn of the reader: it asks, the hub answers and says what it has sensed."""
        now_ns = self._clock.now_ns
        said = b""
        for payload in self._unframer.feed(self._talk.request(elapsed_ns=now_ns, boot_ns=now_ns)):
            match decode_frame(payload):
                case HelloRequest():
                    said += self._framed(HELLO)
                case ClockRequest(nonce=nonce):
                    tick = self._tick
                    said += self._framed(
                        ClockReply(nonce=nonce, receive_tick=tick, transmit_tick=tick)
                    )
        said += b"".join(self._sensed(loses=loses))
        for event in self._talk.receive(said, elapsed_ns=now_ns, boot_ns=now_ns):
            self._sink(event)

    @property
    def _tick(self) -> int:
        return (self._clock.now_ns - self._begun_ns) * TICK_HZ // SECOND_NS

    def _sensed(self, *, loses: bool) -> Iterator[bytes]:
        step = TICK_HZ // RATE_HZ
        while (self._next_sample + 5) * step <= self._tick:
            tick = self._next_sample * step
            self._next_sample += 5
            sent = self._framed(
                SampleBlock(tick=tick, step=step, count=5, seats=SEATS, raw=self._raw)
            )
            if not (loses and self._next_sample % 3):
                yield sent
        while (self._next_level + 1) * 125 <= self._tick:
            yield self._framed(
                LevelBlock(tick=self._next_level * 125, step=125, hundredths=(5525,))
            )
            self._next_level += 1

    def _framed(self, content: Hello | ClockReply | SampleBlock | LevelBlock) -> bytes:
        self._sequence = (self._sequence + 1) & 0xFF
        return frame(encode(content, self._sequence))

    def run(self, stop: threading.Event) -> None:
        stop.wait(300)

    def identify(self, seconds: int = 5) -> None: ...

    def counters(self) -> HubCounters:
        return HubCounters()


HELLO = Hello(
    is_start=False, has_levels=True, tick_hz=TICK_HZ, sample_rate_hz=RATE_HZ, counts_per_g=256,
    seats=SEATS, hub_id="h", firmware="f", firmware_version="1",
)  # fmt: skip


class Broker:
    """The link, the broker and an ingest that acknowledges at once."""

    def __init__(self) -> None:
        self.events: queue.Queue[Event] = queue.Queue()
        self.is_alive = True
        self.is_up = False

    def start(self) -> None:
        self.turn(is_up=True)

    def stop(self, *, farewell: Will | None = None, timeout_s: float = 5.0) -> None: ...

    def turn(self, *, is_up: bool) -> None:
        self.is_up = is_up
        if is_up:
            self.events.put(LinkUp("5"))
            state = IngestState(is_up=True, started_utc_ns=1)
            self._say("roomtone/1/school/ingest/state", state.encode())
        else:
            self.events.put(LinkDown("it went away"))

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        if not self.is_up:
            return False
        if topic == NODE + "data":
            message = decode(payload)
            just_it = (message.first_seq, message.last_seq)
            ack = Ack(run=message.run, part=message.part, without_hole=-1, above=(just_it,))
            self._say(NODE + "ack", ack.encode())
        return True

    def acknowledge(self, message: Received) -> None: ...

    def _say(self, topic: str, payload: bytes) -> None:
        self.events.put(Received(topic, payload, False))


class Day:
    """The `stop` that the agent waits on: each wait moves the clock, and so all else."""

    def __init__(self, clock: ManualClock, hubs: list[Hub], broker: Broker) -> None:
        self._clock, self._hubs, self._broker = clock, hubs, broker
        self._round = 0
        self._is_plugged_anew = False
        self.held: list[int] = []
        """Bytes that were in use at the end of each round."""

    def is_set(self) -> bool:
        return self._round >= ROUNDS

    def wait(self, timeout: float) -> bool:
        self._clock.advance(max(timeout, 0.05))
        at_s = self._clock.now_ns / SECOND_NS - self._round * ROUND_S
        for hub in self._hubs:
            hub.step(loses=LOST_S <= at_s < LOST_S + 2)
        if self._broker.is_up == (OUTAGE_S[0] <= at_s < OUTAGE_S[1]):
            self._broker.turn(is_up=not self._broker.is_up)
        if at_s >= PLUGGED_ANEW_S and not self._is_plugged_anew:
            self._hubs[0].plug_in()
            self._is_plugged_anew = True
        if at_s >= ROUND_S:
            self._round += 1
            self._is_plugged_anew = False
            # What Python itself keeps for speed, and gives back: names that were looked up.
            sys._clear_type_cache()
            gc.collect()
            self.held.append(tracemalloc.get_traced_memory()[0])
        return self.is_set()


def config() -> Config:
    """A lesson in each round; UTC and boot clock are one here."""
    return Config(
        revision=1,
        lessons=tuple(
            LessonSpan(
                lesson=f"l{i}",
                starts_utc_ns=(i * ROUND_S + LESSON_S[0]) * SECOND_NS,
                ends_utc_ns=(i * ROUND_S + LESSON_S[1]) * SECOND_NS,
            )
            for i in range(ROUNDS)
        ),
    )


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start(1)
    yield
    tracemalloc.stop()


@pytest.mark.slow
def test_lessons_outages_and_pulled_plugs_leave_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, traced: None
) -> None:
    # Collecting is done here once a round; and what is logged, pytest keeps.
    monkeypatch.setattr(agent_module.Tidying, "look", lambda *_: None)
    logging.disable(logging.CRITICAL)
    clock, hubs, broker = ManualClock(utc_at_boot_ns=0), list[Hub](), Broker()

    def plug_in(settings: HubSettings, _: Clock, sink: Callable[[HubEvent], None]) -> Hub:
        hubs.append(Hub(settings, clock, sink))
        return hubs[-1]

    agent = EdgeAgent(
        settings=EdgeSettings.checked(
            SETTINGS | {"outbox": {"dir": str(tmp_path / "outbox")}, "delivery": {"spill_s": 2}},
            where="test",
        ),
        clock=clock,
        quality=lambda: ClockQuality(synchronised=True, error_ns=0),
        open_reader=plug_in,
        open_link=lambda *_: broker,
    )
    agent.handle_config(config())
    day = Day(clock, hubs, broker)
    agent._nap = cast("threading.Event", day)
    try:
        agent.run(cast("threading.Event", day))
    finally:
        logging.disable(logging.NOTSET)

    counters = agent.delivery.counters()
    assert counters.sampled > ROUNDS * (LESSON_S[1] - LESSON_S[0] - 5) * 3 * SEATS // 2
    assert counters.acked == counters.sampled
    settled = day.held[ROUNDS_BEFORE:]
    # A round may add to lists that have an end; what keeps a number a second is over this.
    assert max(settled) - min(settled) < 16 * len(settled) * ROUND_S


def test_whatever_number_of_samples_a_second_has_the_memory_for_it_is_bounded(
    traced: None,
) -> None:
    hubs = [MotionQuantities(seats=2, rate_hz=LOWEST_RATE_HZ) for _ in range(3)]

    def feed(numbers: range) -> int:
        for n in numbers:
            for quantities in hubs:
                quantities.update(np.full((n, 2, 3), 0.5, np.float32))
        return tracemalloc.get_traced_memory()[0]

    before = feed(range(18, 22))
    assert feed(range(22, 75)) - before < 64 * 46_000  # each for itself: 7 MB


def test_a_read_takes_no_more_memory_than_what_was_read(traced: None) -> None:
    # A large buffer for each read, cut down to what came, tears the C heap into holes.
    near, far = os.openpty()
    port = open_port(os.ttyname(far), 500_000)
    try:
        os.write(near, b"\x01" * 100)
        assert port.wait(5.0)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        data = port.read()
        assert len(data) == 100
        assert tracemalloc.get_traced_memory()[1] - before < 2_000
    finally:
        port.close()
        os.close(near)
        os.close(far)
