"""The virtual hub and its program, without the host's reader: what is sent, when, how counted."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from contract.clock import ManualClock, ScaledClock, SystemClock
from firmware_bridge.frames import (
    ClockReply,
    ClockRequest,
    Frame,
    Hello,
    HelloRequest,
    Identify,
    LevelBlock,
    SampleBlock,
    Status,
    decode,
    encode,
)
from firmware_bridge.framing import Unframer, frame
from simulators.hubs.hub_program import HubProgram
from simulators.hubs.virtual_hub import VirtualHub, _speed

SECOND_NS = 1_000_000_000
PATIENCE_S = 60.0


@dataclass(frozen=True, kw_only=True)
class RampSignal:
    """Sample i is (i, i, i) at every seat; the last seat has no sensor when `is_gapped`."""

    seats: int = 2
    sample_rate_hz: float = 50.0
    counts_per_g: int = 1024
    ends_at: int = 10**9
    is_gapped: bool = False
    has_levels: bool = True

    def acceleration(self, first: int, count: int) -> NDArray[np.int16]:
        index = np.arange(first, first + count, dtype=np.int16)
        values = np.repeat(index, self.seats * 3).reshape(count, self.seats, 3)
        if self.is_gapped:
            values[:, -1] = -32768
        return values

    def levels(self, first: int, count: int) -> NDArray[np.float64] | None:
        return first + np.arange(count, dtype=np.float64) if self.has_levels else None


def frames(data: bytes) -> list[Frame]:
    return [decode(payload) for payload in Unframer().feed(data)]


def taken(program: HubProgram, boot_ns: int) -> list[Frame]:
    sent = []

    def offer(data: bytes) -> bool:
        sent.append(data)
        return True

    program.take(boot_ns, offer)
    return frames(b"".join(sent))


def heard(signal: RampSignal, *, block: int = 1, start_ns: int = SECOND_NS) -> HubProgram:
    return HubProgram(signal=signal, hub_id="x", start_ns=start_ns, block=block, has_host=True)


def indexes(found: list[Frame]) -> list[int]:
    blocks = [block for block in found if isinstance(block, SampleBlock)]
    return [
        int(value)
        for block in blocks
        for value in np.frombuffer(block.raw, "<i2")[:: 3 * block.seats]
    ]


def test_a_hub_is_silent_until_it_is_spoken_to() -> None:
    program = HubProgram(signal=RampSignal(), hub_id="x", start_ns=0)
    assert taken(program, 3 * SECOND_NS) == []
    (hello,) = frames(program.receive(frame(encode(HelloRequest())), 3 * SECOND_NS))
    assert isinstance(hello, Hello)
    assert hello.is_start
    # What it would have sampled before is neither sent nor dropped.
    assert indexes(taken(program, 3 * SECOND_NS)) == [150]
    assert [seats.tolist() for seats in program.trace().sent.values()] == [[1, 1]]
    (hello,) = frames(program.receive(frame(encode(HelloRequest())), 4 * SECOND_NS))
    assert isinstance(hello, Hello)
    assert not hello.is_start


@given(
    waits_ms=st.lists(st.integers(0, 900), min_size=1, max_size=40),
    block=st.sampled_from([1, 5]),
    drift_ppm=st.floats(-500, 500),
    ends_at=st.sampled_from([10**9, 1, 77, 600]),
)
def test_every_sample_is_sent_once_and_in_order(
    waits_ms: list[int], block: int, drift_ppm: float, ends_at: int
) -> None:
    program = HubProgram(
        signal=RampSignal(ends_at=ends_at),
        hub_id="x",
        start_ns=0,
        drift_ppm=drift_ppm,
        block=block,
        has_host=True,
    )
    found: list[Frame] = []
    now_ns = 0
    for wait_ms in waits_ms:
        now_ns += wait_ms * 1_000_000
        found += taken(program, now_ns)
        assert program.due_ns > now_ns
    sent = indexes(found)
    # A boundary may be rounded to either side of a nanosecond: due within 10 ns of now is open.
    early, late = ((now_ns + off) * (1 + drift_ppm * 1e-6) for off in (-10, 10))
    least, most = (min(int(at // 20e6) + 1, ends_at) for at in (early, late))
    assert sent == list(range(len(sent)))
    assert least - block < len(sent) <= most
    assert all(block.count <= 5 for block in found if isinstance(block, SampleBlock))
    levels = [value for c in found if isinstance(c, LevelBlock) for value in c.hundredths]
    assert levels == [100 * i for i in range(len(levels))]
    level_end = ends_at * 20 // 125
    least, most = (min(int(at // 125e6), level_end) for at in (early, late))
    assert least - (8 if block == 5 else 1) < len(levels) <= most
    assert program.is_over == (len(sent) == ends_at and len(levels) == level_end)


def test_a_late_hub_catches_up_in_larger_blocks() -> None:
    program = heard(RampSignal())
    assert [type(content) for content in taken(program, SECOND_NS)] == [SampleBlock]
    late = [block for block in taken(program, 2 * SECOND_NS) if isinstance(block, SampleBlock)]
    assert [block.count for block in late] == [5] * 10
    assert late[0].tick == 5000
    assert late[1].tick - late[0].tick == 5 * late[0].step


def test_levels_and_status_come_at_their_time() -> None:
    program = heard(RampSignal())
    found = taken(program, 2 * SECOND_NS)
    levels = [block for block in found if isinstance(block, LevelBlock)]
    assert [value for block in levels for value in block.hundredths] == [100 * i for i in range(8)]
    assert levels[0].tick == 0
    (status,) = [content for content in found if isinstance(content, Status)]
    assert (status.uptime_s, status.seats_missing) == (1, 0)


def test_the_trace_counts_by_second_and_seat() -> None:
    program = heard(RampSignal(seats=3, is_gapped=True))
    taken(program, 2 * SECOND_NS)
    program.seats_missing.add(0)
    taken(program, 4 * SECOND_NS - 1)
    program.take(5 * SECOND_NS - 1, lambda data: False)
    trace = program.trace()
    assert {second: seats.tolist() for second, seats in trace.sent.items()} == {
        1: [50, 50, 0],
        2: [1, 50, 0],
        3: [0, 50, 0],
    }
    assert trace.dropped[4].tolist() == [0, 50, 0]
    assert trace.seat_seconds() == 5
    assert trace.seat_seconds(at_least=50) == 4


def test_requests_are_answered() -> None:
    program = heard(RampSignal(), start_ns=0)
    answer = program.receive(frame(encode(ClockRequest(nonce=77))), SECOND_NS)
    assert frames(answer) == [ClockReply(nonce=77, receive_tick=250_000, transmit_tick=250_000)]
    assert program.receive(frame(encode(Identify(seconds=9))), SECOND_NS) == b""
    assert program.identify_seconds == 9
    assert program.receive(b"\x02\x99\x01\0garbage\0", SECOND_NS) == b""
    (status,) = [c for c in taken(program, 2 * SECOND_NS) if isinstance(c, Status)]
    assert status.requests_refused == 2


def test_a_reset_restarts_ticks_and_sequence_and_the_signal_continues() -> None:
    program = heard(RampSignal(), start_ns=0)
    taken(program, 2 * SECOND_NS)
    (hello,) = frames(program.reset(2_005_000_000))
    assert isinstance(hello, Hello)
    assert hello.is_start
    assert program.tick(2_005_000_000) == 0
    assert indexes(taken(program, 2_005_000_000)) == [100]


@pytest.mark.parametrize(
    ("clock", "speed"),
    (
        (SystemClock(), 1.0),
        (ManualClock(), 1.0),
        (ScaledClock(speed=60.0, anchor_ns=0, utc_at_anchor_ns=0), 60.0),
    ),
)
def test_the_speed_of_a_clock_is_seen(
    clock: SystemClock | ManualClock | ScaledClock, speed: float
) -> None:
    assert _speed(clock) == pytest.approx(speed, rel=0.01)


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()
    for thread in threading.enumerate():
        if thread.name == "a-hub":
            thread.join(PATIENCE_S)


def begin(hub: VirtualHub, stop: threading.Event) -> int:
    """Run it and say hello to it; gives the host's end."""
    hub.open()
    threading.Thread(target=hub.run, args=(stop,), name="a-hub", daemon=True).start()
    line = os.open(hub.path, os.O_RDWR | os.O_NOCTTY)
    os.write(line, frame(encode(HelloRequest())))
    return line


def read_until(line: int, kind: type[Frame]) -> list[Frame]:
    unframer, found = Unframer(), list[Frame]()
    deadline = time.monotonic() + PATIENCE_S
    while not any(isinstance(content, kind) for content in found):
        assert time.monotonic() < deadline
        found += [decode(payload) for payload in unframer.feed(os.read(line, 4096))]
    return found


def test_a_host_that_does_not_read_costs_samples_that_are_counted(stop: threading.Event) -> None:
    clock = ScaledClock(speed=200.0, anchor_ns=time.monotonic_ns(), utc_at_anchor_ns=0)
    hub = VirtualHub(signal=RampSignal(seats=8), clock=clock, hub_id="x", room=1000)
    line = begin(hub, stop)
    deadline = time.monotonic() + PATIENCE_S
    while not hub.trace().dropped:
        assert time.monotonic() < deadline
        stop.wait(0.01)
    found = read_until(line, Status)
    assert [type(content) for content in found[:2]] == [Hello, SampleBlock]
    trace = hub.trace()
    os.close(line)
    for second in range(min(trace.sent) + 1, max(trace.dropped)):
        none = np.zeros(8, dtype=np.int64)
        both = trace.sent.get(second, none) + trace.dropped.get(second, none)
        assert both.tolist() == [50] * 8


def test_the_link_comes_and_goes_with_the_plug(stop: threading.Event, tmp_path: Path) -> None:
    link = tmp_path / "by-id" / "hub"
    hub = VirtualHub(signal=RampSignal(), clock=SystemClock(), hub_id="x", link=link)
    assert hub.path == str(link)
    line = begin(hub, stop)
    read_until(line, SampleBlock)
    hub.unplug()
    deadline = time.monotonic() + PATIENCE_S
    while link.is_symlink():
        assert time.monotonic() < deadline
        stop.wait(0.005)
    os.close(line)
    hub.plug()
    while not link.exists():
        assert time.monotonic() < deadline
        stop.wait(0.005)
    line = os.open(hub.path, os.O_RDWR | os.O_NOCTTY)
    os.write(line, frame(encode(HelloRequest())))
    (hello, *_) = read_until(line, SampleBlock)
    assert isinstance(hello, Hello)
    assert hello.is_start
    os.close(line)
    stop.set()
    while link.is_symlink():
        assert time.monotonic() < deadline
        time.sleep(0.005)
