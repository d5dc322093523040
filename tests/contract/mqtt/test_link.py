"""The link against a real broker, and against none."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from contract.errors import ConfigurationError
from contract.mqtt import paho_connection as mqtt_connection
from contract.mqtt.link import LinkDown, LinkUp, MqttLink, Received, Will
from contract.settings import BrokerSettings
from roomtone.demo.broker import broker_command, free_port, mosquitto_path

pytestmark = pytest.mark.broker

WAIT_S = 60.0
E = TypeVar("E", LinkUp, LinkDown, Received)


class RunningBroker:
    """A broker that a test may kill and start again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        _, self._command = broker_command(python=sys.executable, port=self.port, folder=folder)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RunningBroker]:
    if mosquitto_path() is None:
        pytest.skip("Mosquitto is not installed: apt-get install mosquitto")
    running = RunningBroker(tmp_path)
    running.start()
    yield running
    running.kill()


@pytest.fixture
def link() -> Iterator[Callable[..., MqttLink]]:
    with contextlib.ExitStack() as links:

        def make(port: int, **options: object) -> MqttLink:
            arguments: dict[str, object] = {"client_id": "a", "will": None, "subscriptions": ()}
            made = MqttLink(
                broker=BrokerSettings(port=port),
                **(arguments | options),  # type: ignore[arg-type]
            )
            made.start()
            links.callback(made.stop)
            return made

        yield make


def expect(link: MqttLink, kind: type[E]) -> E:
    """The next event of a kind."""
    while True:
        event = link.events.get(timeout=WAIT_S)
        if isinstance(event, kind):
            return event


def test_a_message_arrives(broker: RunningBroker, link: Callable[..., MqttLink]) -> None:
    receiver = link(broker.port, client_id="receiver", subscriptions=("room/#",))
    expect(receiver, LinkUp)
    sender = link(broker.port, client_id="sender")
    assert expect(sender, LinkUp).protocol == "5"
    assert sender.publish("room/1", b"kept?")
    first = expect(receiver, Received)
    assert (first.topic, first.payload, first.is_retained) == ("room/1", b"kept?", False)
    receiver.acknowledge(first)


def test_it_comes_back_after_the_broker_was_killed(
    broker: RunningBroker, link: Callable[..., MqttLink]
) -> None:
    ours = link(broker.port, subscriptions=("room/#",))
    expect(ours, LinkUp)
    broker.kill()
    assert expect(ours, LinkDown).reason
    assert not ours.is_up
    assert not ours.publish("room/1", b"nobody is there")
    broker.start()
    expect(ours, LinkUp)
    assert ours.publish("room/1", b"again")
    received = expect(ours, Received)
    assert received.payload == b"again"


def test_an_acknowledgement_for_a_gone_connection_does_nothing(
    broker: RunningBroker, link: Callable[..., MqttLink]
) -> None:
    ours = link(broker.port, subscriptions=("room/#",))
    expect(ours, LinkUp)
    ours.publish("room/1", b"x")
    old = expect(ours, Received)
    broker.kill()
    expect(ours, LinkDown)
    broker.start()
    expect(ours, LinkUp)
    ours.acknowledge(old)
    ours.publish("room/1", b"y")
    assert expect(ours, Received).payload == b"y"


def test_the_will_speaks_for_the_dead_and_the_farewell_for_those_who_leave(
    broker: RunningBroker, link: Callable[..., MqttLink]
) -> None:
    watcher = link(broker.port, client_id="watcher", subscriptions=("state/#",))
    expect(watcher, LinkUp)
    leaving = link(broker.port, client_id="b", will=Will(topic="state/b", payload=b"lost"))
    expect(leaving, LinkUp)
    leaving.stop(farewell=Will(topic="state/b", payload=b"stopped"))
    assert expect(watcher, Received).payload == b"stopped"
    dying = subprocess.Popen(
        [
            sys.executable,
            "-c",
            (
                "import sys, time\n"
                "from contract.mqtt.link import MqttLink, Will\n"
                "from contract.settings import BrokerSettings\n"
                f"link = MqttLink(broker=BrokerSettings(port={broker.port}), client_id='c',\n"
                "    will=Will(topic='state/c', payload=b'lost'), subscriptions=())\n"
                "link.start(); print(link.events.get(), flush=True); time.sleep(60)\n"
            ),
        ],
        stdout=subprocess.PIPE,
    )
    with dying:
        assert dying.stdout is not None
        assert b"LinkUp" in dying.stdout.readline()
        dying.kill()
    assert expect(watcher, Received).payload == b"lost"


def test_a_slow_reader_holds_the_network_back_and_loses_nothing(
    broker: RunningBroker, link: Callable[..., MqttLink]
) -> None:
    slow = link(broker.port, client_id="slow", subscriptions=("room/#",), max_events=4)
    expect(slow, LinkUp)
    sender = link(broker.port, client_id="sender", max_queued=500)
    expect(sender, LinkUp)
    for number in range(300):
        assert sender.publish("room/1", str(number).encode())
    got = []
    while len(got) < 300:
        message = expect(slow, Received)
        assert slow.events.qsize() <= 4
        slow.acknowledge(message)
        got.append(int(message.payload))
    assert got == list(range(300))


def test_a_missing_broker_is_named_and_tried_again(link: Callable[..., MqttLink]) -> None:
    port = free_port()
    ours = link(port)
    for _ in range(2):
        down = expect(ours, LinkDown)
        assert f"127.0.0.1:{port}" in down.reason
    assert ours.is_alive


def test_a_broker_of_the_older_protocol_is_met_half_way(
    link: Callable[..., MqttLink],
) -> None:
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "roomtone.demo.broker", "--port", str(port)],
        stderr=subprocess.DEVNULL,
    ) as old:
        ours = link(port)
        assert expect(ours, LinkUp).protocol == "3.1.1"
        old.terminate()


def test_a_missing_certificate_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="PEM"):
        MqttLink(
            broker=BrokerSettings(ca_file=tmp_path / "none.pem"),
            client_id="a",
            will=None,
            subscriptions=(),
        )


def test_what_is_published_leaves_at_once_on_an_idle_link(
    broker: RunningBroker, link: Callable[..., MqttLink], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Who is not woken waits for the end of a round, now longer than any machine is slow.
    monkeypatch.setattr(mqtt_connection, "_ROUND_S", 2 * WAIT_S)
    receiver = link(broker.port, client_id="receiver", subscriptions=("room/#",))
    expect(receiver, LinkUp)
    sender = link(broker.port, client_id="sender")
    expect(sender, LinkUp)
    for number in range(10):
        time.sleep(0.05)  # both threads wait for something to happen
        assert sender.publish("room/1", b"now", qos=0 if number % 2 else 1)
        receiver.acknowledge(expect(receiver, Received))


def test_who_can_take_nothing_more_can_still_say_so(
    broker: RunningBroker, link: Callable[..., MqttLink]
) -> None:
    full = link(broker.port, client_id="full", subscriptions=("room/#",), max_events=2)
    expect(full, LinkUp)
    others = link(broker.port, client_id="others", subscriptions=("state",))
    expect(others, LinkUp)
    for _ in range(20):
        assert others.publish("room/1", b"too much")
    until = time.monotonic() + WAIT_S
    while not full.events.full():
        assert time.monotonic() < until
        time.sleep(0.01)
    assert full.publish("state", b"down", retain=True)
    assert expect(others, Received).payload == b"down"
