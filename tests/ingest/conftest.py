"""A real broker that a test may kill, ingest on a thread, and a database that can fail."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from queue import Empty
from time import monotonic

import pytest

from contract.clock import SystemClock
from contract.mqtt.link import Event, LinkUp, MqttLink, Received
from contract.settings import BrokerSettings
from ingest.receiving.service import Ingest
from ingest.settings import HealthTopicSettings, ServerSettings
from ingest.stores import open_period_store
from ingest.stores.protocol import PeriodStore
from roomtone.demo.broker import broker_command, free_port
from school import open_lesson_store
from school.lessons.protocol import LessonStore
from tests.ingest.replicas.stub_engine import StubEngine, stub_engine

WAIT_S = 60.0


class RunningBroker:
    """Mosquitto on a free port."""

    def __init__(self, folder: Path) -> None:
        self.settings = BrokerSettings(port=free_port())
        _, self._command = broker_command(
            python=sys.executable, port=self.settings.port, folder=folder
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class RunningIngest:
    """Ingest on a thread of its own; `stop` waits for its end."""

    def __init__(self, ingest: Ingest) -> None:
        self.ingest = ingest
        self._stop = threading.Event()
        self._thread = threading.Thread(target=ingest.run, args=(self._stop,))
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()


class Client:
    """A node's side of MQTT: messages by topic, in the order in which they came."""

    def __init__(self, broker: BrokerSettings, name: str, *topics: str) -> None:
        self.link = MqttLink(broker=broker, client_id=name, will=None, subscriptions=topics)
        self.link.start()

    def next(self, want: Callable[[Event], bool]) -> Event:
        """The next event that is wanted; fails after a while."""
        until = monotonic() + WAIT_S
        while True:
            try:
                event = self.link.events.get(timeout=max(0.0, until - monotonic()))
            except Empty:
                pytest.fail("what the test waits for did not come")
            if isinstance(event, Received):
                self.link.acknowledge(event)
            if want(event):
                return event

    def up(self) -> None:
        self.next(lambda event: isinstance(event, LinkUp))

    def message(self, topic: str, want: Callable[[bytes], bool] = lambda _: True) -> bytes:
        found = self.next(
            lambda e: isinstance(e, Received) and e.topic == topic and want(e.payload)
        )
        assert isinstance(found, Received)
        return found.payload


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RunningBroker]:
    running = RunningBroker(tmp_path)
    running.start()
    yield running
    running.kill()


@pytest.fixture
def client(broker: RunningBroker) -> Iterator[Callable[..., Client]]:
    with ExitStack() as clients:

        def make(name: str, *topics: str) -> Client:
            made = Client(broker.settings, name, *topics)
            clients.callback(made.link.stop)
            made.up()
            return made

        yield make


@pytest.fixture
def run_ingest(broker: RunningBroker, tmp_path: Path) -> Iterator[Callable[..., RunningIngest]]:
    with ExitStack() as running:

        def make(
            open_store: Callable[[Path], PeriodStore] = open_period_store,
            open_lessons: Callable[[Path], LessonStore] = open_lesson_store,
            health_topic: HealthTopicSettings | None = None,
            **ingest: object,
        ) -> RunningIngest:
            settings = ServerSettings(
                site="school",
                data_dir=tmp_path / "data",
                broker=broker.settings,
                ingest={"tick_ms": 20, **ingest},  # type: ignore[arg-type]
                health_topic=health_topic or HealthTopicSettings(),
            )
            made = RunningIngest(
                Ingest(
                    settings=settings,
                    clock=SystemClock(),
                    open_store=open_store,
                    open_lessons=open_lessons,
                )
            )
            running.callback(made.stop)
            return made

        yield make


@pytest.fixture
def stub() -> Iterator[StubEngine]:
    """A time-series database of the test's own."""
    with stub_engine() as engine:
        yield engine
