"""The microphone: levels come out, samples never do."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from contract.clock import ManualClock
from contract.quantities.sound import AWeighting
from edge_agent.sources.microphone import Microphone
from edge_agent.sources.protocol import MICROPHONE, Wiring
from edge_agent.sources.sound_settings import MicrophoneSettings
from firmware_bridge.events import HubEvent, Levels

SECOND = 1_000_000_000


class PacedSource(io.RawIOBase):
    """A recording that moves the clock as it is read."""

    def __init__(self, samples: np.ndarray, clock: ManualClock, *, pause_at: int = -1) -> None:
        self._data = samples.astype("<i4").tobytes()
        self._clock = clock
        self._at = 0
        self._pause_at = pause_at

    def read(self, size: int = -1) -> bytes:
        size = min(size, 7_000)  # pipes give what they have
        piece = self._data[self._at : self._at + size]
        if self._at <= self._pause_at < self._at + size:
            self._clock.advance(3.0)
        self._at += len(piece)
        self._clock.advance(len(piece) / 4 / 48_000)
        return piece


class Lesson:
    """A gate: a lesson is on until it is switched off."""

    excluded: frozenset[int] = frozenset()

    def __init__(self) -> None:
        self.is_on = True
        self.asked = 0

    def is_open(self, boot_ns: int) -> bool:
        self.asked += 1
        return self.is_on


def microphone(
    clock: ManualClock, heard: list[HubEvent], *command: str, lesson: Lesson | None = None
) -> Microphone:
    wiring = Wiring(
        clock=clock, sink=heard.append, gate=lesson or Lesson(), gather_s=lambda: 0.0, max_undated=1
    )
    return Microphone(MicrophoneSettings(command=command or ("true",)), wiring)


def noise(seconds: float, seed: int = 1) -> np.ndarray:
    draw = np.random.default_rng(seed).normal(0, 2e6, round(seconds * 48_000))
    return draw.astype(np.int32)


def test_levels_are_those_of_the_shared_weighting_and_dated_by_arrival() -> None:
    clock, heard = ManualClock(now_ns=5 * SECOND), []
    samples = noise(3.0)
    assert microphone(clock, heard).listen(PacedSource(samples, clock), threading.Event())
    assert all(isinstance(event, Levels) and event.hub == MICROPHONE for event in heard)
    levels = np.concatenate([event.laeq for event in heard if isinstance(event, Levels)])
    expected = AWeighting(full_scale_db=123.0).short_laeq(samples)
    assert np.allclose(levels, expected, atol=0.01)
    times = np.concatenate([event.boot_ns for event in heard if isinstance(event, Levels)])
    due = 5 * SECOND + np.arange(24) * SECOND // 8
    assert np.abs(times - due).max() < 10_000_000


def test_after_a_pause_the_times_begin_anew() -> None:
    clock, heard = ManualClock(), []
    source = PacedSource(noise(3.0), clock, pause_at=48_000 * 4)
    microphone(clock, heard).listen(source, threading.Event())
    times = np.concatenate([event.boot_ns for event in heard if isinstance(event, Levels)])
    steps = np.diff(times)
    assert (steps > 0).all()
    assert ((steps > 2.5 * SECOND) == (steps == steps.max())).all()


def test_no_file_and_no_socket_is_touched_while_listening() -> None:
    touched: list[str] = []
    watching = [True]

    def audit(event: str, args: tuple[object, ...]) -> None:
        if watching[0] and (event == "open" or event.startswith(("os.", "socket.", "subprocess."))):
            touched.append(f"{event} {args!r:.60}")

    clock, heard = ManualClock(), []
    source = PacedSource(noise(4.0), clock)
    sys.addaudithook(audit)
    with contextlib.suppress(FileNotFoundError), open("/nonexistent/file", "rb"):  # noqa: PTH123
        pass
    assert len(touched) == 1  # the watch sees what it should
    microphone(clock, heard).listen(source, threading.Event())
    watching[0] = False
    assert len(touched) == 1
    for event in heard:
        assert isinstance(event, Levels)
        assert len(event.laeq) == len(event.boot_ns) == 1
        for array in (event.laeq, event.boot_ns):
            assert array.base is None or array.base.nbytes <= 64  # no view of more than the level


def memory_of(seconds: float) -> tuple[int, int]:
    """Bytes that listening leaves behind, and the most that it held at once."""
    clock = ManualClock()
    source = PacedSource(noise(seconds), clock)
    wiring = Wiring(
        clock=clock, sink=lambda _event: None, gate=Lesson(), gather_s=lambda: 0.0, max_undated=1
    )
    monkey = Microphone(MicrophoneSettings(command=("true",)), wiring)
    tracemalloc.start()
    try:
        assert monkey.listen(source, threading.Event())
        gc.collect()
        return tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()


def test_samples_are_dropped_after_use() -> None:
    a_second_of_samples = 48_000 * 4
    # In a process of its own: what other tests leave for the collector would count here.
    done = subprocess.run([sys.executable, __file__], check=True, capture_output=True, text=True)
    (_, short_peak), (left, long_peak) = json.loads(done.stdout)
    assert left < a_second_of_samples / 10
    assert long_peak - short_peak < a_second_of_samples / 10


def test_a_program_that_fails_or_is_missing_is_named_and_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for command, expected in (
        (("/nonexistent/arecord",), "No such file or directory"), (("true",), "it ended"),
    ):  # fmt: skip
        stop = threading.Event()
        monkey = microphone(ManualClock(), [], *command)
        thread = threading.Thread(target=monkey.run, args=(stop,))
        thread.start()
        for _ in range(6000):
            if expected in caplog.text:
                break
            stop.wait(0.01)
        stop.set()
        thread.join(60.0)
        assert not thread.is_alive()
        assert expected in caplog.text
        (fault,) = monkey.faults()
        assert expected in fault.said


def test_the_program_runs_in_lessons_alone() -> None:
    """A program that never ends by itself is ended with the lesson, and started with the next."""
    stop, heard, lesson = threading.Event(), [], Lesson()
    lesson.is_on = False
    source = "import sys\nwhile True: sys.stdout.buffer.write(bytes(24000))"
    monkey = microphone(ManualClock(), heard, sys.executable, "-c", source, lesson=lesson)
    thread = threading.Thread(target=monkey.run, args=(stop,))
    thread.start()

    def comes(enough: Callable[[], bool]) -> bool:
        return any(enough() or stop.wait(0.01) for _ in range(6000)) and enough()

    try:
        assert comes(lambda: lesson.asked > 3)
        assert not heard
        for starts in (1, 2):
            known, lesson.is_on = len(heard), True
            assert comes(lambda known=known: len(heard) > known)
            assert monkey.counters() == {"is_up": 1, "reconnects": starts - 1}
            lesson.is_on = False
            assert comes(lambda: monkey.counters()["is_up"] == 0)
    finally:
        stop.set()
        thread.join(60.0)
    assert not thread.is_alive()


def test_a_running_program_is_ended_with_the_agent() -> None:
    stop, heard = threading.Event(), []
    source = "import sys,time; sys.stdout.buffer.write(bytes(24000)); sys.stdout.flush(); time.sleep(600)"
    monkey = microphone(ManualClock(), heard, sys.executable, "-c", source)
    thread = threading.Thread(target=monkey.run, args=(stop,))
    thread.start()
    for _ in range(6000):
        if heard:
            break
        stop.wait(0.01)
    stop.set()
    thread.join(60.0)
    assert not thread.is_alive()
    assert len(heard) == 1


if __name__ == "__main__":
    memory_of(1.0)  # what is loaded or cached once
    print(json.dumps([memory_of(2.0), memory_of(20.0)]))
