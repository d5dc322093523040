"""What is the link's own, or paho's alone; `tests/conformance/mqtt` holds paho and awscrt to one suite."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client as PahoClient

from contract.errors import ConfigurationError
from contract.mqtt.link import LinkUp, MqttLink, Received
from contract.settings import BrokerSettings
from tests.conformance.mqtt.brokers import WAIT_S, FakeBroker, Mosquitto
from tests.conformance.mqtt.links import expect


@pytest.fixture
def stack() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as opened:
        yield opened


def new_link(port: int, *, client_id: str = "a", subscriptions: tuple[str, ...] = ()) -> MqttLink:
    """A link with the default settings, which is not started."""
    broker = BrokerSettings(port=port)
    return MqttLink(broker=broker, client_id=client_id, will=None, subscriptions=subscriptions)


@pytest.mark.broker
def test_a_message_arrives_with_the_default_settings(
    tmp_path: Path, stack: contextlib.ExitStack
) -> None:
    mosquitto = Mosquitto(tmp_path)
    stack.callback(mosquitto.kill)
    mosquitto.start()
    receiver = new_link(mosquitto.port, client_id="receiver", subscriptions=("room/#",))
    sender = new_link(mosquitto.port, client_id="sender")
    for each in (receiver, sender):
        stack.callback(each.stop)
        each.start()
    expect(receiver, LinkUp)
    assert expect(sender, LinkUp).protocol == "5"
    assert sender.publish("room/1", b"kept?")
    first = expect(receiver, Received)
    assert (first.topic, first.payload, first.is_retained) == ("room/1", b"kept?", False)
    receiver.acknowledge(first)


def test_a_missing_certificate_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="PEM"):
        MqttLink(
            broker=BrokerSettings(ca_file=tmp_path / "none.pem"),
            client_id="a",
            will=None,
            subscriptions=(),
        )


def test_who_reads_what_others_write_speaks_3_1_1() -> None:
    link = MqttLink(
        broker=BrokerSettings(), client_id="b", will=None, subscriptions=("#",), others_write=True
    )
    assert link._choice.version == "3.1.1"
    fixed = BrokerSettings(protocol="5")
    link = MqttLink(broker=fixed, client_id="b", will=None, subscriptions=(), others_write=True)
    assert link._choice.version == "5"


def test_a_stop_during_an_attempt_to_connect_ends_the_thread_without_a_greeting(
    stack: contextlib.ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go = threading.Event(), threading.Event()
    connect = PahoClient._create_socket_connection

    def slow(client: PahoClient) -> socket.socket:
        reached.set()
        go.wait(WAIT_S)
        return connect(client)

    monkeypatch.setattr(PahoClient, "_create_socket_connection", slow)
    broker = FakeBroker("3.1.1")
    stack.callback(broker.close)
    link = new_link(broker.port, subscriptions=("#",))
    stack.callback(link.stop)
    link.start()
    assert reached.wait(WAIT_S)
    link.stop(timeout_s=0.1)
    go.set()
    link._thread.join(WAIT_S)
    assert not link.is_alive
    assert broker.heard == b""
