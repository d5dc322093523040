"""The firmware bridge and the reference firmware, each as it is, speak to each other."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from contract.clock import SystemClock
from firmware_bridge.conversation import Conversation
from firmware_bridge.events import (
    FramesMissing,
    HubDown,
    HubEvent,
    HubSamples,
    HubStatus,
    HubUp,
)
from firmware_bridge.frames import ALL_SEATS, Hello, HelloRequest
from firmware_bridge.reader import HubReader
from tests.emulator.emulated_hub import Bench, Board, PacedBoard, SteppedBoard, of

pytestmark = [pytest.mark.emulator, pytest.mark.programs, pytest.mark.slow]

PATIENCE_S = 60.0
WAVE_HZ = 1.0


def converse(
    board: SteppedBoard,
    talk: Conversation,
    *,
    milliseconds: int,
    drift_ppm: float,
    from_ms: int = 0,
    seats: int = ALL_SEATS,
) -> list[HubEvent]:
    """Both sides in one made time; the host looks at its line each 0.25 ms."""
    events: list[HubEvent] = []
    for step in range(from_ms * 4, (from_ms + milliseconds) * 4):
        now_ns = step * 250_000
        if request := talk.request(elapsed_ns=now_ns, boot_ns=now_ns):
            board.do("send " + request.hex())
        if request := talk.sense(seats, elapsed_ns=now_ns):
            board.do("send " + request.hex())
        heard = board.run_bytes(0.25 * (1 + drift_ppm * 1e-6))
        if heard:
            data = b"".join(data for _, data in heard)
            read_ns = now_ns + 250_000
            events += talk.receive(data, elapsed_ns=read_ns, boot_ns=read_ns)
    return events


@pytest.mark.parametrize("drift_ppm", (0.0, 500.0))
def test_samples_are_dated_to_a_fraction_of_a_millisecond(bench: Bench, drift_ppm: float) -> None:
    talk = Conversation(hub="a")
    with SteppedBoard(bench, bench.flash()) as board:
        for seat in range(8):
            board.do(f"wave {seat} 1.0 {WAVE_HZ}")
        board.run(100)
        events = converse(board, talk, milliseconds=8_000, drift_ppm=drift_ppm)
        began_s = 8.0 - board.state()["us"] / 1e6 / (1 + drift_ppm * 1e-6)
    samples = [event for event in events if isinstance(event, HubSamples)]
    at_s = np.concatenate([event.boot_ns for event in samples]) / 1e9 - began_s
    x = np.concatenate([event.acceleration for event in samples])[:, :, 0].mean(axis=1)
    assert len(at_s) >= 380
    assert not [event for event in events if isinstance(event, FramesMissing)]
    true_x = np.sin(2 * np.pi * WAVE_HZ * at_s * (1 + drift_ppm * 1e-6))
    # A wave of 1 g and 1 Hz moves by at most 6.3 mg a millisecond.
    error_ms = np.abs(x - true_x) / 6.3e-3
    assert np.median(error_ms) < 0.3
    assert error_ms.max() < 1.0
    assert talk.clock_error_ns is not None
    assert talk.clock_error_ns < 2_000_000


def test_a_watchdog_reset_is_a_down_and_an_up(bench: Bench) -> None:
    talk = Conversation(hub="a")
    with SteppedBoard(bench, bench.flash()) as board:
        board.run(100)
        before = converse(board, talk, milliseconds=1_000, drift_ppm=0)
        board.do("hang")
        # The agent's reader closes a line that is silent for five seconds, and opens it again.
        talk.close()
        board.run(1_000)
        after = converse(board, talk, milliseconds=1_000, drift_ppm=0, from_ms=2_000)
    assert [event.hello.is_start for event in before if isinstance(event, HubUp)] == [True]
    assert [event.hello.is_start for event in after if isinstance(event, HubUp)] == [True]
    samples = [event for event in after if isinstance(event, HubSamples)]
    assert samples[0].boot_ns[0] > 2_000_000_000
    assert talk.counts.samples_missing > 20


def test_a_rest_between_lessons_is_no_gap(bench: Bench) -> None:
    talk = Conversation(hub="a")
    with SteppedBoard(bench, bench.flash()) as board:
        board.run(100)
        events = converse(board, talk, milliseconds=1_000, drift_ppm=0)
        events += converse(board, talk, milliseconds=1_500, drift_ppm=0, from_ms=1_000, seats=0)
        events += converse(board, talk, milliseconds=1_000, drift_ppm=0, from_ms=2_500)
    times = np.concatenate([event.boot_ns for event in events if isinstance(event, HubSamples)])
    (rest,) = np.flatnonzero(np.diff(times) > 30_000_000)
    assert times[rest] < 1_025_000_000
    assert 2_500_000_000 < times[rest + 1] < 2_620_000_000
    assert not [event for event in events if isinstance(event, FramesMissing)]
    assert talk.counts.samples_missing == 0


# ---- in real time, over a pseudo-terminal ----------------------------------------------------


class Listener:
    """What a reader reports, as a test waits for it."""

    def __init__(self) -> None:
        self.queue: queue.SimpleQueue[HubEvent] = queue.SimpleQueue()
        self.seen: list[HubEvent] = []

    def until(self, wanted: Callable[[HubEvent], bool]) -> HubEvent:
        while True:
            event = self.queue.get(timeout=PATIENCE_S)
            self.seen.append(event)
            if wanted(event):
                return event

    def samples(self, count: int) -> list[HubSamples]:
        """So many samples more."""
        found: list[HubSamples] = []
        while sum(len(each.boot_ns) for each in found) < count:
            event = self.until(lambda event: isinstance(event, HubSamples))
            assert isinstance(event, HubSamples)
            found.append(event)
        return found


@contextmanager
def reading(port: str) -> Iterator[tuple[HubReader, Listener]]:
    listener, stop = Listener(), threading.Event()
    reader = HubReader(
        hub="a", port=port, clock=SystemClock(), sink=listener.queue.put, retry_first_s=0.05
    )
    thread = threading.Thread(target=reader.run, args=(stop,), name="reader")
    thread.start()
    try:
        yield reader, listener
    finally:
        stop.set()
        thread.join(timeout=10)
        assert not thread.is_alive()


def led_is_on(board: Board) -> bool:
    return board.state()["led"] == 1


def test_the_reader_hears_the_hub_over_a_real_terminal(bench: Bench) -> None:
    image = bench.flash("hub-real", 8)
    with PacedBoard(bench, image, drift_ppm=-300) as board, reading(board.port) as (reader, heard):
        up = heard.until(lambda event: isinstance(event, HubUp))
        assert isinstance(up, HubUp)
        assert up.hello.hub_id == "hub-real"
        heard.samples(100)
        board.do("unplug 2")
        board.do("seat 6 0.5 0 0.5")
        heard.until(
            lambda event: isinstance(event, HubStatus) and event.status.seats_missing == 1 << 2
        )
        acceleration = heard.samples(10)[-1].acceleration[-1]
        assert np.isnan(acceleration[2]).all()
        assert acceleration[6].tolist() == [0.5, 0.0, 0.5]
        assert not np.isnan(np.delete(acceleration, 2, axis=0)).any()
        reader.identify(30)
        heard.until(lambda event: isinstance(event, HubSamples) and led_is_on(board))
        counters = reader.counters()
    assert counters.frames_refused.get("crc", 0) == 0
    assert counters.samples_missing == 0
    times = np.concatenate([each.boot_ns for each in heard.seen if isinstance(each, HubSamples)])
    # By the board's crystal, that is 300 ppm slow, with what a busy machine adds to it.
    assert np.median(np.diff(times)) == pytest.approx(20_006_000, abs=200_000)


def test_a_second_reader_goes_on_where_the_first_one_ended(bench: Bench) -> None:
    with PacedBoard(bench, bench.flash()) as board:
        with reading(board.port) as (_, heard):
            heard.samples(20)
        with reading(board.port) as (_, heard):
            up = heard.until(lambda event: isinstance(event, HubUp))
            assert isinstance(up, HubUp)
            assert not up.hello.is_start, "the hub was not reset meanwhile"
            heard.samples(20)


def test_a_hub_of_another_version_is_named_and_nothing_of_it_is_read(
    bench: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = Bench(tmp_path_factory.mktemp("other"))
    other.build("EXTRA=-DPROTOCOL=2")
    with PacedBoard(other, other.flash()) as board, reading(board.port) as (reader, heard):
        down = heard.until(lambda event: isinstance(event, HubDown))
        counters = reader.counters()
    assert isinstance(down, HubDown)
    assert down.reason == (
        "Hub a can't be understood: the hub speaks version 2, this program version 1; "
        "update Roomtone."
    )
    assert counters.samples == 0
    assert not [event for event in heard.seen if isinstance(event, (HubUp, HubSamples))]


@pytest.mark.parametrize("highest", (1, 2, 250))
def test_a_host_that_speaks_more_gets_the_version_that_both_speak(
    bench: Bench, highest: int
) -> None:
    with SteppedBoard(bench, bench.flash()) as board:
        board.run(100)
        board.send(HelloRequest(highest=highest))
        assert len(of(Hello, board.run(20))) == 1, "decoded as version 1"
