"""A whole edge: virtual hubs, the agent, a real Mosquitto that is killed, and an ingest that acks."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from contract.clock import Clock
from contract.messages import (
    Ack,
    Birth,
    Command,
    CommandResult,
    Config,
    Death,
    Health,
    IngestState,
    LessonSpan,
    Timebase,
    decode_state,
)
from contract.mqtt import LinkUp, MqttLink, Received
from contract.payload import Batch, Gap, decode
from contract.quantities import MISSING
from contract.ranges import SeqRanges
from contract.settings import BrokerSettings
from contract.topics import Topic, ingest_state, subscription
from edge_agent.agent import EdgeAgent
from edge_agent.settings import EdgeSettings
from simulators.running import VirtualClassroom

pytest_plugins = ["simulators.pytest_plugin"]
pytestmark = [pytest.mark.broker, pytest.mark.slow]

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
SPEED = 20.0


class Mosquitto:
    """A broker on a free port that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
            "max_inflight_messages 0\nmax_queued_messages 2000\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert MOSQUITTO
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self._config)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + 5
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("mosquitto did not start")

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(5)
            self._process = None


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    if MOSQUITTO is None:
        pytest.skip("no Mosquitto here: apt-get install mosquitto")
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.kill()


class SmallIngest:
    """Keeps each seq once, in memory, and acknowledges it: the edge's view of ingest."""

    def __init__(self, port: int, *, site: str = "school") -> None:
        self.site = site
        self.rows: dict[tuple[int, int], np.ndarray | str] = {}
        self.kept: dict[int, SeqRanges] = {}
        self.states: list[Birth | Death] = []
        self.health: list[Health] = []
        self.timebases: list[Timebase] = []
        self.results: list[CommandResult] = []
        self.doubled = 0
        self._topic: Topic | None = None
        self._started = 1
        self._stop = threading.Event()
        kinds = ("data", "state", "health", "timebase", "command/result")
        self.link = MqttLink(
            broker=BrokerSettings(port=port), client_id="small-ingest", will=None,
            subscriptions=tuple(subscription(site, kind) for kind in kinds),  # type: ignore[arg-type]
        )  # fmt: skip
        self._thread = threading.Thread(target=self._run, name="small ingest")

    def start(self) -> None:
        self.link.start()
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(5)
        self.link.stop()

    def say(self, topic: Topic, payload: bytes, *, retain: bool = False) -> None:
        assert until(lambda: self.link.publish(str(topic), payload, retain=retain))

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            is_news = False
            while not self.link.events.empty():
                event = self.link.events.get()
                if isinstance(event, LinkUp):
                    state = IngestState(is_up=True, started_utc_ns=self._started)
                    self.link.publish(ingest_state(self.site), state.encode(), retain=True)
                elif isinstance(event, Received):
                    is_news |= self._take(event)
                    self.link.acknowledge(event)
            for run, kept in self.kept.items() if is_news and self._topic else ():
                low = kept.without_hole()
                above = tuple(pair for pair in kept if pair[0] > low)[:64]
                ack = Ack(run=run, without_hole=low, above=above)
                topic = Topic(self.site, self._topic.room, self._topic.node, "ack")
                self.link.publish(str(topic), ack.encode())

    def _take(self, event: Received) -> bool:
        self._topic = topic = Topic.parse(event.topic)
        match topic.kind:
            case "state":
                self.states.append(decode_state(event.payload))
            case "health":
                self.health.append(Health.decode(event.payload))
            case "timebase":
                self.timebases.append(Timebase.decode(event.payload))
            case "command/result":
                self.results.append(CommandResult.decode(event.payload))
            case _:
                self._keep(decode(event.payload))
                return True
        return False

    def _keep(self, message: Batch | Gap) -> None:
        kept = self.kept.setdefault(message.run, SeqRanges())
        fresh = kept.missing(message.first_seq, message.last_seq)
        self.doubled += message.n - sum(last - first + 1 for first, last in fresh)
        for first, last in fresh:
            if isinstance(message, Gap):
                self.rows[message.run, first] = f"{message.reason} to {last}"
                continue
            for seq in range(first, last + 1):
                self.rows[message.run, seq] = message.values[seq - message.first_seq]
        kept.add(message.first_seq, message.last_seq)

    def seat_seconds(self, run: int) -> int:
        seats = 30
        return sum(
            int((row[:seats] != MISSING).sum())
            for (of_run, _), row in self.rows.items()
            if of_run == run and not isinstance(row, str)
        )


def until(fact: Callable[[], object], seconds: float = 15.0) -> bool:
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
        self._thread.join(20)
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
    broker: Mosquitto, tmp_path: Path, virtual_classroom: Callable[..., VirtualClassroom]
) -> None:
    classroom = virtual_classroom(speed=SPEED, minutes=3)
    settings = settings_for(classroom, tmp_path, broker.port)
    ingest = SmallIngest(broker.port)
    ingest.start()
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
    reasons = [row for (_, _), row in ingest.rows.items() if isinstance(row, str)]
    assert len(reasons) == 2
    assert all(reason.startswith("off") for reason in reasons)
    got = sum(isinstance(row, np.ndarray) for row in ingest.rows.values())
    assert 128 <= got <= 130
    assert ingest.timebases[0].run == run
    assert not list((tmp_path / "outbox").glob("*.outbox"))


def test_commands_and_a_restart_and_what_an_earlier_run_left(
    broker: Mosquitto, tmp_path: Path, virtual_classroom: Callable[..., VirtualClassroom]
) -> None:
    classroom = virtual_classroom(speed=SPEED, minutes=6)
    settings = settings_for(classroom, tmp_path, broker.port)
    ingest = SmallIngest(broker.port)
    ingest.start()
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
    ingest = SmallIngest(broker.port)
    ingest.start()
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
