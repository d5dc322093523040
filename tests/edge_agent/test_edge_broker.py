"""A whole edge: virtual hubs, the agent, a real Mosquitto that is killed, and an ingest that acks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.clock import Clock
from contract.topics import Topic
from contract.wire.messages import (
    Birth,
    Command,
    Config,
    Death,
    LessonSpan,
)
from edge_agent.agent import EdgeAgent
from edge_agent.settings import EdgeSettings
from simulators.running import VirtualClassroom

pytest_plugins = ["simulators.pytest_plugin"]
pytestmark = [pytest.mark.broker, pytest.mark.programs, pytest.mark.slow]

SPEED = 20.0


def until(fact: Callable[[], object], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fact():
            return True
        time.sleep(0.01)
    return False


def settings_for(
    classroom: VirtualClassroom, folder: Path, port: int, **changes: object
) -> EdgeSettings:
    hubs = []
    first = 1
    for name, path, signal_of in zip(
        (f"hub-{letter}" for letter in "abcdefgh"),
        classroom.ports, classroom.classroom.hub_signals(), strict=False,
    ):  # fmt: skip
        hubs.append(
            {"name": name, "port": path, "seats": list(range(first, first + signal_of.seats))}
        )
        first += signal_of.seats
    fields: dict[str, object] = {
        "site": "school", "room": "r1", "node": "pi-1", "hub": hubs,
        "broker": {"port": port, "keepalive_s": 5},
        "outbox": {"dir": str(folder / "outbox")},
        "delivery": {"spill_s": 1.0, "ack_timeout_s": 2.0},
    }  # fmt: skip
    return EdgeSettings.checked(fields | changes, where="test")


class RunningAgent:
    """An agent in a thread of its own."""

    def __init__(self, settings: EdgeSettings, clock: Clock) -> None:
        self.agent = EdgeAgent(settings=settings, clock=clock)
        self.outcome = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="agent")
        self._thread.start()

    def _run(self) -> None:
        self.outcome = self.agent.run(self._stop)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()


def lesson_config(classroom: VirtualClassroom, start_s: float, end_s: float | None) -> bytes:
    zero = classroom.starts_utc_ns
    span = LessonSpan(
        lesson="l1",
        starts_utc_ns=zero + round(start_s * 1e9),
        ends_utc_ns=None if end_s is None else zero + round(end_s * 1e9),
    )
    return Config(revision=1, lessons=(span,)).encode()


def test_a_lesson_survives_the_death_of_the_broker(
    broker: Any,
    small_ingest: Callable[..., Any],
    tmp_path: Path,
    virtual_classroom: Callable[..., VirtualClassroom],
) -> None:
    classroom = virtual_classroom(speed=SPEED, minutes=3)
    settings = settings_for(classroom, tmp_path, broker.port)
    ingest = small_ingest(broker.port)
    config = Topic("school", "r1", "pi-1", "config")
    ingest.say(config, lesson_config(classroom, 20, 150), retain=True)
    running = RunningAgent(settings, classroom.clock)
    try:
        assert until(lambda: any(isinstance(row, np.ndarray) for row in ingest.rows.values()))
        broker.kill()
        # Long enough for periods to be spilled.
        assert until(lambda: running.agent.outbox.bytes_used > 0)
        time.sleep(0.5)
        broker.start()
        assert until(lambda: classroom.lesson_s > 155)
        assert until(lambda: running.agent.delivery.is_empty)
    finally:
        running.stop()
        assert until(lambda: any(health.is_finished for health in ingest.health))
        assert until(lambda: isinstance(ingest.states[-1], Death))
        ingest.stop()
    assert running.outcome == "stopped"
    birth = next(state for state in ingest.states if isinstance(state, Birth))
    assert [hub.seats for hub in birth.hubs] == [hub.seats for hub in settings.hub]
    last = ingest.health[-1]
    assert last.sampled == last.acked == last.published
    assert last.waiting == last.gap == 0
    assert last.sampled + last.unsampled >= 128 * len(settings.seats)
    run = birth.run
    # Without a hole from the first period on, at most a gap before the lesson and one after it.
    assert len(list(ingest.kept[run])) == 1
    its = [row for (of_run, _), row in ingest.rows.items() if of_run == run]
    reasons = [row for row in its if isinstance(row, str)]
    assert len(reasons) == 2
    assert all(reason.startswith("off") for reason in reasons)
    got = sum(isinstance(row, np.ndarray) for row in its)
    assert 128 <= got <= 130
    assert ingest.timebases[0].run == run
    assert not list((tmp_path / "outbox").glob("*.outbox"))


def test_commands_and_a_restart_and_what_an_earlier_run_left(
    broker: Any,
    small_ingest: Callable[..., Any],
    tmp_path: Path,
    virtual_classroom: Callable[..., VirtualClassroom],
) -> None:
    classroom = virtual_classroom(speed=SPEED, minutes=6)
    settings = settings_for(classroom, tmp_path, broker.port)
    ingest = small_ingest(broker.port)
    command = Topic("school", "r1", "pi-1", "command")
    running = RunningAgent(settings, classroom.clock)
    try:
        assert until(lambda: any(state.is_up for state in ingest.states))
        for name in ("start", "identify"):
            ingest.say(command, Command(id=f"c-{name}", command=name).encode())  # type: ignore[arg-type]
        assert until(lambda: len(ingest.results) == 2)
        assert all(result.is_done for result in ingest.results)
        assert until(lambda: any(isinstance(row, np.ndarray) for row in ingest.rows.values()))
        # Ingest goes; what is sampled then is found by the next run.
        ingest.stop()
        assert until(lambda: running.agent.outbox.bytes_used > 0)
    finally:
        running.stop()
    waiting = running.agent.delivery.counters().waiting
    assert waiting > 0
    first_run = running.agent.birth().run
    ingest = small_ingest(broker.port)
    running = RunningAgent(settings, classroom.clock)
    try:
        assert until(lambda: first_run in ingest.kept)
        assert until(lambda: running.agent.delivery.is_empty)
        assert any(timebase.run == first_run for timebase in ingest.timebases)
        ingest.say(command, Command(id="r", command="restart").encode())
        assert until(lambda: running.outcome == "restart")
    finally:
        running.stop()
        ingest.stop()
    assert not list((tmp_path / "outbox").glob("*.outbox"))
