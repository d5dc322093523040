"""The reader on real ports: a virtual hub's pseudo-terminal, `socket://`, `loop://`, and none."""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.clock import ManualClock, ScaledClock, SystemClock
from firmware_bridge.events import FramesMissing, HubDown, HubEvent, HubSamples, HubUp
from firmware_bridge.ports import BytePort, open_port
from firmware_bridge.reader import HubReader
from simulators.hubs.hub_program import HubProgram
from simulators.hubs.link_faults import LinkFaults
from simulators.hubs.virtual_hub import VirtualHub

PATIENCE_S = 60.0


class Listener:
    """A sink that a test can wait on."""

    def __init__(self) -> None:
        self.queue: queue.SimpleQueue[HubEvent] = queue.SimpleQueue()
        self.seen: list[HubEvent] = []

    def until(self, wanted: Callable[[HubEvent], bool]) -> HubEvent:
        """The next event that is wanted; all that come before are in `seen`."""
        while True:
            try:
                event = self.queue.get(timeout=PATIENCE_S)
            except queue.Empty:
                pytest.fail(f"nothing came; the last seen was {self.seen[-1:]}")
            self.seen.append(event)
            if wanted(event):
                return event

    def samples(self, count: int) -> None:
        """Wait for so many samples more."""
        left = [count]

        def are_enough(event: HubEvent) -> bool:
            left[0] -= len(event.boot_ns) if isinstance(event, HubSamples) else 0
            return left[0] <= 0

        self.until(are_enough)


@pytest.fixture
def running() -> Iterator[Callable[[Callable[[threading.Event], None]], None]]:
    """Run something with a `stop` until the test is over."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def begin(run: Callable[[threading.Event], None]) -> None:
        threads.append(threading.Thread(target=run, args=(stop,), daemon=True))
        threads[-1].start()

    yield begin
    stop.set()
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def fast_clock(speed: float = 20.0) -> ScaledClock:
    return ScaledClock(speed=speed, anchor_ns=time.monotonic_ns(), utc_at_anchor_ns=0)


def test_a_virtual_hub_is_read(running: Any, marked: Any, indexes: Any, tmp_path: Path) -> None:
    clock, listener = fast_clock(), Listener()
    start_ns = clock.boot_ns() + 5_000_000_000
    hub = VirtualHub(
        signal=marked(ends_at=1500),
        clock=clock,
        hub_id="hub-1",
        link=tmp_path / "dev" / "hub",
        start_ns=start_ns,
        drift_ppm=-100.0,
    )
    hub.open()
    reader = HubReader(hub="h", port=hub.path, clock=clock, sink=listener.queue.put)
    running(hub.run)
    running(reader.run)
    listener.samples(1500)
    assert indexes(listener.seen).tolist() == list(range(1500))
    dates = np.concatenate([e.boot_ns for e in listener.seen if isinstance(e, HubSamples)])
    true = start_ns + np.arange(1500) * 20_000_000 / (1 - 100e-6)
    # At twenty times the speed, 10 ms of a busy machine are 200 ms.
    assert np.abs(np.median(dates - true)) < 200_000_000
    assert (np.diff(dates) > 0).all()
    assert isinstance(listener.seen[0], HubUp)
    assert not [e for e in listener.seen if isinstance(e, FramesMissing | HubDown)]
    counters = reader.counters()
    assert counters.samples == 1500
    assert counters.samples_missing == counters.frames_missing == 0
    assert not counters.frames_refused
    assert counters.is_up
    # The last level is over 20 ms of observed time after the last sample.
    deadline = time.monotonic() + PATIENCE_S
    while not hub.is_over:
        assert time.monotonic() < deadline
    trace = hub.trace()
    assert np.sum(list(trace.sent.values()), axis=0).tolist() == [1500] * 3
    assert trace.seat_seconds(at_least=49) >= 29 * 3
    assert not trace.dropped


def test_unplug_and_replug(running: Any, marked: Any, indexes: Any, tmp_path: Path) -> None:
    clock, listener = SystemClock(), Listener()
    hub = VirtualHub(signal=marked(), clock=clock, hub_id="hub-1", link=tmp_path / "hub")
    hub.open()
    reader = HubReader(
        hub="h", port=hub.path, clock=clock, sink=listener.queue.put, retry_first_s=0.02
    )
    running(hub.run)
    running(reader.run)
    listener.samples(10)
    hub.unplug()
    down = listener.until(lambda event: isinstance(event, HubDown))
    assert isinstance(down, HubDown)
    assert f"Port {hub.path} is gone" in down.reason
    down = listener.until(lambda event: isinstance(event, HubDown))
    assert isinstance(down, HubDown)
    assert "there is no such device" in down.reason
    assert not reader.counters().is_up
    hub.plug()
    up = listener.until(lambda event: isinstance(event, HubUp))
    assert isinstance(up, HubUp)
    assert up.hello.is_start
    listener.samples(10)
    found = indexes(listener.seen)
    assert (np.diff(found) > 0).all()
    missing = [event for event in listener.seen if isinstance(event, FramesMissing)]
    assert abs(sum(event.samples for event in missing) - (np.diff(found) - 1).sum()) <= 1
    assert reader.counters().reconnects >= 1


def test_a_reboot_on_an_open_line(running: Any, marked: Any, indexes: Any) -> None:
    clock, listener = SystemClock(), Listener()
    hub = VirtualHub(signal=marked(), clock=clock, hub_id="hub-1", seed=3)
    hub.open()
    reader = HubReader(hub="h", port=hub.path, clock=clock, sink=listener.queue.put)
    running(hub.run)
    running(reader.run)
    listener.samples(10)
    hub.reboot()
    down = listener.until(lambda event: isinstance(event, HubDown))
    assert isinstance(down, HubDown)
    assert "reset" in down.reason
    listener.until(lambda event: isinstance(event, HubUp))
    listener.samples(10)
    assert (np.diff(indexes(listener.seen)) >= 0).all()
    assert reader.counters().hellos == 2


def test_a_corrupting_line_gives_no_wrong_value(running: Any, marked: Any, indexes: Any) -> None:
    clock, listener = fast_clock(), Listener()
    faults = LinkFaults(bit_flips=0.0005, is_trickling=True)
    hub = VirtualHub(signal=marked(), clock=clock, hub_id="hub-1", faults=faults, seed=5)
    hub.open()
    reader = HubReader(hub="h", port=hub.path, clock=clock, sink=listener.queue.put)
    running(hub.run)
    running(reader.run)
    listener.samples(1500)
    found = indexes(listener.seen)
    assert (np.diff(found) > 0).all()
    counters = reader.counters()
    assert sum(counters.frames_refused.values()) > 0
    assert counters.bytes_skipped > 0
    assert counters.samples_missing >= (np.diff(found) - 1).sum() > 0


def test_a_port_that_another_program_reads(running: Any, marked: Any) -> None:
    clock, first, second = SystemClock(), Listener(), Listener()
    hub = VirtualHub(signal=marked(), clock=clock, hub_id="hub-1")
    hub.open()
    running(hub.run)
    running(HubReader(hub="h", port=hub.path, clock=clock, sink=first.queue.put).run)
    first.samples(1)
    running(HubReader(hub="h", port=hub.path, clock=clock, sink=second.queue.put).run)
    down = second.until(lambda event: True)
    assert isinstance(down, HubDown)
    assert "another program has it open" in down.reason


def test_a_seat_unplugged_and_identify(running: Any, marked: Any) -> None:
    clock, listener = SystemClock(), Listener()
    hub = VirtualHub(signal=marked(), clock=clock, hub_id="hub-1")
    hub.open()
    reader = HubReader(hub="h", port=hub.path, clock=clock, sink=listener.queue.put)
    running(hub.run)
    running(reader.run)
    listener.samples(1)
    hub.unplug_seat(2)
    reader.identify(seconds=7)
    listener.until(
        lambda event: (
            isinstance(event, HubSamples) and bool(np.isnan(event.acceleration[:, 2]).all())
        )
    )
    hub.plug_seat(2)
    listener.until(
        lambda event: isinstance(event, HubSamples) and not np.isnan(event.acceleration).any()
    )
    assert hub.identify_seconds == 7


def test_a_socket(running: Any, marked: Any, indexes: Any) -> None:
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(PATIENCE_S)
    clock, listener = SystemClock(), Listener()
    program = HubProgram(signal=marked(), hub_id="hub-1", start_ns=clock.boot_ns())

    def serve(stop: threading.Event) -> None:
        with server, server.accept()[0] as line:
            line.settimeout(0.01)

            def offer(data: bytes) -> bool:
                line.sendall(data)
                return True

            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    heard = line.recv(4096)
                    if not heard:
                        return
                    line.sendall(program.receive(heard, clock.boot_ns()))
                with contextlib.suppress(OSError):
                    program.take(clock.boot_ns(), offer)

    port = f"socket://127.0.0.1:{server.getsockname()[1]}"
    reader = HubReader(hub="h", port=port, clock=clock, sink=listener.queue.put)
    running(serve)
    running(reader.run)
    listener.samples(15)
    assert (np.diff(indexes(listener.seen)) == 1).all()


def test_a_looped_line_is_no_hub(running: Any) -> None:
    listener = Listener()
    reader = HubReader(
        hub="h",
        port="loop://",
        clock=SystemClock(),
        sink=listener.queue.put,
        silent_after_s=0.3,
        retry_first_s=0.01,
    )
    running(reader.run)
    down = listener.until(lambda event: True)
    assert isinstance(down, HubDown)
    assert "gave no good frame for 0.3 s" in down.reason
    assert reader.counters().frames_refused["type"] >= 1


@pytest.mark.parametrize(
    ("port", "reason"),
    (
        ("/dev/no-such-hub", "Port /dev/no-such-hub can't be opened: there is no such device"),
        ("/dev/null/hub", "Port /dev/null/hub can't be opened: there is no such device"),
        ("/tmp", "Port /tmp can't be opened: it is a directory, name a serial device such as"),
        (__file__, f"Port {__file__} can't be opened: it is a plain file, name a serial device"),
        ("/dev/null", "Port /dev/null can't be opened: it is no serial device, name a serial"),
        ("nonsense://x", "Port nonsense://x can't be opened"),
        ("socket://127.0.0.1:1", "Port socket://127.0.0.1:1 can't be opened"),
    ),
)
def test_a_port_that_is_not_there_is_reported_once(running: Any, port: str, reason: str) -> None:
    listener, again = Listener(), threading.Event()
    opened: list[int] = []

    def open_line(name: str, baudrate: int) -> BytePort:
        opened.append(baudrate)
        if len(opened) == 3:
            again.set()
        return open_port(name, baudrate)

    reader = HubReader(
        hub="h",
        port=port,
        clock=SystemClock(),
        sink=listener.queue.put,
        retry_first_s=0.01,
        open_line=open_line,
    )
    running(reader.run)
    assert again.wait(PATIENCE_S)
    down = listener.until(lambda event: True)
    assert isinstance(down, HubDown)
    assert down.reason.startswith(reason)
    assert listener.queue.empty()


class ScriptedLine:
    """A line for `open_line` whose waiting moves a manual clock: no time really passes."""

    def __init__(self, program: HubProgram, clock: ManualClock, stop: threading.Event) -> None:
        self.program = program
        self.clock = clock
        self.stop = stop
        self.waiting = b""
        self.closed = 0

    def wait(self, timeout_s: float) -> bool:
        self.clock.advance(max(0.001, timeout_s))
        self.program.take(self.clock.boot_ns(), self.offer)
        if self.clock.boot_ns() > 8e9:
            self.stop.set()
        return bool(self.waiting)

    def offer(self, data: bytes) -> bool:
        self.waiting += data
        return True

    def read(self, gather_s: float = 0.0) -> bytes:
        data, self.waiting = self.waiting, b""
        return data

    def write(self, data: bytes) -> bool:
        self.waiting += self.program.receive(data, self.clock.boot_ns())
        return True

    def close(self) -> None:
        self.closed += 1


def test_a_stop_does_not_wait_until_bytes_have_collected(marked: Any) -> None:
    clock, stop = fast_clock(1.0), threading.Event()
    hub = VirtualHub(signal=marked(), clock=clock, hub_id="hub-1", start_ns=0)
    hub.open()
    # The first round trips of the clock are read at once; after them a minute is let pass.
    reader = HubReader(hub="h", port=hub.path, clock=clock, sink=lambda _: None, gather_s=60.0)
    threads = [threading.Thread(target=run, args=(stop,)) for run in (hub.run, reader.run)]
    for thread in threads:
        thread.start()
    while not reader.counters().is_up:
        time.sleep(0.01)
    began = time.monotonic()
    stop.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert time.monotonic() - began < 30.0


def test_the_reader_needs_no_real_time(marked: Any, indexes: Any) -> None:
    clock, stop = ManualClock(), threading.Event()
    program = HubProgram(signal=marked(), hub_id="hub-1", start_ns=1_000_000_000)
    line = ScriptedLine(program, clock, stop)
    events: list[HubEvent] = []
    reader = HubReader(
        hub="h", port="any", clock=clock, sink=events.append, open_line=lambda *_: line
    )
    reader.run(stop)
    assert line.closed == 1
    found = indexes(events)
    assert found[0] == 0
    assert found[-1] >= 340
    assert (np.diff(found) == 1).all()


def test_a_program_that_was_kept_waiting_does_not_take_a_good_line_for_a_dead_one(
    running: Any, marked: Any, indexes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel took the bytes, and then this thread did not run for a while."""
    clock, listener, write = SystemClock(), Listener(), os.write
    hub = VirtualHub(signal=marked(), clock=clock, hub_id="hub-1")
    hub.open()
    reader = HubReader(hub="h", port=hub.path, clock=clock, sink=listener.queue.put)
    stalls = [0.7]

    def stalled(fd: int, data: bytes) -> int:
        taken = write(fd, data)
        if stalls and threading.current_thread().name == "reader" and reader.counters().is_up:
            time.sleep(stalls.pop())
        return taken

    def read(stop: threading.Event) -> None:
        threading.current_thread().name = "reader"
        reader.run(stop)

    monkeypatch.setattr(os, "write", stalled)
    running(hub.run)
    running(read)
    listener.samples(60)
    assert not stalls
    assert not [e for e in listener.seen if isinstance(e, FramesMissing | HubDown)]
    assert (np.diff(indexes(listener.seen)) == 1).all()
    assert reader.counters().reconnects == 0


def test_a_hub_that_does_not_listen_is_heard_all_the_same(marked: Any, indexes: Any) -> None:
    clock, stop, events = ManualClock(), threading.Event(), list[HubEvent]()
    program = HubProgram(signal=marked(), hub_id="hub-1", start_ns=0)
    line = ScriptedLine(program, clock, stop)
    answer, refused = line.write, list[bytes]()

    def write(data: bytes) -> bool:
        if clock.boot_ns() < 2e9:
            return answer(data)
        refused.append(data)
        return False

    line.write = write  # type: ignore[method-assign]
    reader = HubReader(
        hub="h", port="x", clock=clock, sink=events.append, silent_after_s=3.0,
        open_line=lambda *_: line,
    )  # fmt: skip
    reader.run(stop)
    assert len(refused) >= 2
    assert not [e for e in events if isinstance(e, FramesMissing | HubDown)]
    found = indexes(events)
    assert len(found) > 350
    assert (np.diff(found) == 1).all()


def test_a_hub_that_neither_listens_nor_speaks_is_down(marked: Any) -> None:
    clock, stop, events = ManualClock(), threading.Event(), list[HubEvent]()
    line = ScriptedLine(HubProgram(signal=marked(), hub_id="hub-1", start_ns=0), clock, stop)
    line.write = lambda data: False  # type: ignore[method-assign]

    def sink(event: HubEvent) -> None:
        events.append(event)
        stop.set()

    reader = HubReader(
        hub="h", port="x", clock=clock, sink=sink, silent_after_s=3.0, open_line=lambda *_: line
    )
    reader.run(stop)
    (down,) = events
    assert isinstance(down, HubDown)
    assert "gave no good frame for 3 s and takes no bytes any more" in down.reason


def test_a_full_line_drops_whole_requests_and_spoils_none() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    line = open_port(os.ttyname(slave), 500_000)
    try:
        piece = bytes(range(1, 12)) + b"\0"
        taken = 0
        while line.write(piece):
            taken += 1
            assert taken < 1_000_000
        # Hours of requests at one a second: a hub that stalls is no line that takes no bytes.
        assert taken > 300
        heard = b""
        for _ in range(taken):
            with contextlib.suppress(BlockingIOError):
                heard += os.read(master, 65536)
            if line.write(piece):
                break
        with contextlib.suppress(BlockingIOError):
            while data := os.read(master, 65536):
                heard += data
        assert set(heard.split(b"\0")) == {piece[:-1], b""}
    finally:
        line.close()
        os.close(master)
        os.close(slave)
