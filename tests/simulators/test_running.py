from __future__ import annotations

import os
import select
import threading
import time
import tty
from pathlib import Path

import numpy as np
import pytest

from contract.clock import ScaledClock, SystemClock
from firmware_bridge.frames import HelloRequest, LevelBlock, SampleBlock, decode, encode
from firmware_bridge.framing import Unframer, frame
from simulators.classroom import Classroom
from simulators.hubs.link_faults import LinkFaults
from simulators.running import VirtualClassroom, clock_at
from simulators.scenario import Scenario, load_scenario

pytest_plugins = ["simulators.pytest_plugin"]


def listen(path, *, until, timeout_s=60.0):
    """What a hub says after HELLO_REQUEST, frame by frame, until the predicate is true."""
    port = os.open(path, os.O_RDWR | os.O_NOCTTY)
    frames, unframer = [], Unframer()
    deadline = time.monotonic() + timeout_s
    try:
        tty.setraw(port)
        os.write(port, frame(encode(HelloRequest(), 0)))
        while not until(frames):
            assert time.monotonic() < deadline, f"only {len(frames)} frames came"
            if select.select([port], [], [], 0.5)[0]:
                frames += [decode(payload) for payload in unframer.feed(os.read(port, 65536))]
    finally:
        os.close(port)
    return frames


def test_a_running_classroom_plays_what_it_drew(virtual_classroom):
    running = virtual_classroom("lively_class", minutes=0.5, speed=20.0)
    assert len(running.ports) == 4
    assert len(set(running.ports)) == 4

    def enough(frames):
        return (
            sum(one.count for one in frames if isinstance(one, SampleBlock)) >= 200
            and sum(len(one.hundredths) for one in frames if isinstance(one, LevelBlock)) >= 16
        )

    frames = listen(running.ports[0], until=enough)
    signal = running.classroom.hub_signals()[0]
    compared = 0
    for one in frames:
        if isinstance(one, SampleBlock):
            first = round(one.tick / one.step)
            counts = np.frombuffer(one.raw, "<i2").reshape(one.count, one.seats, 3)
            assert np.array_equal(counts, signal.acceleration(first, one.count))
            compared += one.count
        elif isinstance(one, LevelBlock):
            first = round(one.tick / one.step)
            levels = signal.levels(first, len(one.hundredths))
            assert np.allclose(np.array(one.hundredths) / 100.0, levels, atol=0.0051)
    assert compared >= 200
    trace = running.trace()
    assert list(trace) == ["hub-1", "hub-2", "hub-3", "hub-4"]
    assert sum(int(seats.sum()) for seats in trace["hub-1"].sent.values()) >= 200 * 8
    assert trace["hub-2"].sent == {}, "a hub that no host spoke to is silent"
    assert running.truth().kind.shape == (30, 30)


def test_two_classrooms_run_side_by_side_and_end_with_the_test(virtual_classroom):
    one = virtual_classroom(Scenario(), minutes=1, seed=1)
    two = virtual_classroom("group_work", minutes=1, seed=2, faults=LinkFaults(lost=0.5))
    assert not set(one.ports) & set(two.ports)
    assert all(Path(port).exists() for port in (*one.ports, *two.ports))
    assert isinstance(one.clock, SystemClock)
    for running in (one, two):
        running.stop()
        running.stop()
        assert not any(Path(port).exists() for port in running.ports)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("hub-")]


def test_time_runs_at_the_given_speed():
    clock = clock_at(50.0)
    assert isinstance(clock, ScaledClock)
    assert clock.speed == 50.0
    assert abs(clock.utc_ns() - time.time_ns()) < 60e9
    classroom = Classroom(load_scenario("lively_class").lasting(0.05), 1)
    with VirtualClassroom(classroom=classroom, clock=clock) as running:
        assert running.start_ns >= clock.anchor_ns
        offset = running.starts_utc_ns - running.start_ns
        assert offset == clock.utc_at_anchor_ns - clock.anchor_ns
        listen(running.ports[0], until=lambda _frames: running.is_over)
        assert running.lesson_s >= 3.0


def test_before_it_is_started_it_has_no_start():
    classroom = Classroom(Scenario().lasting(0.05), 1)
    running = VirtualClassroom(classroom=classroom, clock=SystemClock())
    assert running.ports == ()
    with pytest.raises(RuntimeError, match="not been started"):
        _ = running.start_ns
