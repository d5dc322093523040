"""What bytes of others can do to the link: they end no thread, and take no memory without bound."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.properties import VariableByteIntegers

from contract.mqtt import paho_connection as mqtt_connection
from contract.mqtt.events import EventQueue
from contract.mqtt.link import Event, LinkDown, LinkUp, MqttLink, Received
from contract.settings import BrokerSettings

WAIT_S = 60.0
CONNACK = {"3.1.1": b"\x20\x02\x00\x00", "5": b"\x20\x03\x00\x00\x00"}
SUBACK = {"3.1.1": b"\x90\x03\x00\x01\x01", "5": b"\x90\x04\x00\x01\x00\x01"}


def published(topic: bytes, payload: bytes, *, mid: int = 0, properties: bytes = b"") -> bytes:
    body = struct.pack(">H", len(topic)) + topic + (struct.pack(">H", mid) if mid else b"")
    body += properties + payload
    return bytes([0x32 if mid else 0x30]) + VariableByteIntegers.encode(len(body)) + body


class FakeBroker:
    """Greets whoever connects, sends them its bytes, and notes what they say."""

    def __init__(self, protocol: str, packets: bytes, *, greets: bool = True) -> None:
        self.heard = b""
        self.connections = 0
        self._protocol, self._packets, self._greets = protocol, packets, greets
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                self.connections += 1
                with client, contextlib.suppress(OSError):
                    self._talk(client)

    def _talk(self, client: socket.socket) -> None:
        client.recv(1024)
        if self._greets:
            client.sendall(CONNACK[self._protocol])
            client.recv(1024)
            client.sendall(self._packets)
            client.sendall(SUBACK[self._protocol])
        while data := client.recv(1024):
            self.heard += data

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()


@pytest.fixture
def talk() -> Iterator[Callable[..., tuple[FakeBroker, MqttLink]]]:
    with contextlib.ExitStack() as stack:

        def make(
            protocol: str, packets: bytes, *, greets: bool = True, **options: object
        ) -> tuple[FakeBroker, MqttLink]:
            broker = FakeBroker(protocol, packets, greets=greets)
            stack.callback(broker.close)
            link = MqttLink(
                broker=BrokerSettings(port=broker.port, protocol=protocol),  # type: ignore[arg-type]
                client_id="a", will=None, subscriptions=("#",),
                **options,  # type: ignore[arg-type]
            )  # fmt: skip
            stack.callback(link.stop)
            link.start()
            return broker, link

        yield make


def until(fact: Callable[[], object]) -> None:
    end = time.monotonic() + WAIT_S
    while not fact():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("protocol", ("3.1.1", "5"))
def test_a_topic_that_is_no_text_is_passed_over_and_the_connection_stands(
    talk: Callable[..., tuple[FakeBroker, MqttLink]], protocol: str
) -> None:
    none = b"\x00" if protocol == "5" else b""
    packets = published(b"\xff\xfe", b"bad", mid=7, properties=none)
    packets += published(b"room/1", b"good", properties=none)
    broker, link = talk(protocol, packets)
    assert isinstance(link.events.get(timeout=WAIT_S), LinkUp)
    received = link.events.get(timeout=WAIT_S)
    assert isinstance(received, Received)
    assert received.payload == b"good"
    until(lambda: b"\x40\x02\x00\x07" in broker.heard)  # a PUBACK, or it would come again
    assert broker.connections == 1


PROPERTY = b"\x26\x00\x01a\x00\x01b"  # a user property


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    protocol=st.sampled_from(("3.1.1", "5")),
    start=st.sampled_from((
        published(b"room/1", b"x" * 20, mid=9, properties=VariableByteIntegers.encode(7) + PROPERTY), b"",
        b"\x20\x03\x00\x87\x00", b"\x90\x04\x00\x02\x00\x87", b"\x40\x04\x00\x01\x10\x00",
        b"\xe0\x02\x8e\x00", b"\x62\x02\x00\x01", b"\x50\x02\x00\x01", b"\xd0\x00", b"\xb0\x02\x00\x01",
    )),
    at=st.integers(0, 40),
    junk=st.binary(max_size=30),
)  # fmt: skip
def test_no_bytes_of_a_broker_end_the_thread(
    monkeypatch: pytest.MonkeyPatch, protocol: str, start: bytes, at: int, junk: bytes
) -> None:
    monkeypatch.setattr(
        mqtt_connection, "_GREETING_S", 0.1
    )  # a packet may say that much more is to come
    monkeypatch.setattr(mqtt_connection, "_ROUND_S", 0.1)
    packets = start[:at] + junk + start[at + len(junk) :]
    broker = FakeBroker(protocol, packets)
    link = MqttLink(
        broker=BrokerSettings(port=broker.port, protocol=protocol),  # type: ignore[arg-type]
        client_id="a", will=None, subscriptions=("#",),
    )  # fmt: skip
    try:
        link.start()
        event: Event = link.events.get(timeout=WAIT_S)
        while not isinstance(event, LinkUp | LinkDown):
            event = link.events.get(timeout=WAIT_S)
        assert link.is_alive
    finally:
        link.stop()
        broker.close()


def test_what_comes_before_the_subscription_is_confirmed_is_bounded_by_bytes(
    talk: Callable[..., tuple[FakeBroker, MqttLink]],
) -> None:
    packets = b"".join(published(b"room/1", bytes(100_000)) for _ in range(40))
    _, link = talk("3.1.1", packets, max_events=1_000, max_event_bytes=1_000_000)
    # The subscription counts as confirmed after ten of them; more waits in the network.
    until(link.events.full)
    time.sleep(0.1)
    held = 0
    while not link.events.empty():
        held += isinstance(link.events.get(), Received)
        if held == 10:
            break
    assert held == 10
    for _ in range(30):
        assert isinstance(link.events.get(timeout=WAIT_S), Received)


def test_a_queue_is_full_by_bytes_too() -> None:
    queue = EventQueue(max_events=100, max_bytes=10_000)
    message = Received("t", bytes(6_000), False)
    queue.put(message)
    assert (queue.qsize(), queue.full()) == (1, False)
    queue.put(message)
    assert queue.full()
    queue.get()
    assert (queue.qsize(), queue.full()) == (1, False)
    queue.get()
    assert queue.empty()


def test_who_reads_what_others_write_speaks_3_1_1(
    talk: Callable[..., tuple[FakeBroker, MqttLink]],
) -> None:
    broker, _ = talk("3.1.1", b"")
    link = MqttLink(
        broker=BrokerSettings(port=broker.port), client_id="b", will=None, subscriptions=("#",),
        others_write=True,
    )  # fmt: skip
    assert link._choice.version == "3.1.1"
    fixed = BrokerSettings(port=broker.port, protocol="5")
    link = MqttLink(broker=fixed, client_id="b", will=None, subscriptions=(), others_write=True)
    assert link._choice.version == "5"


def test_a_stop_during_an_attempt_to_connect_ends_the_thread_without_a_greeting(
    talk: Callable[..., tuple[FakeBroker, MqttLink]], monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go = threading.Event(), threading.Event()
    connect = PahoClient._create_socket_connection

    def slow(client: PahoClient) -> socket.socket:
        reached.set()
        go.wait(WAIT_S)
        return connect(client)

    monkeypatch.setattr(PahoClient, "_create_socket_connection", slow)
    broker, link = talk("3.1.1", b"")
    assert reached.wait(WAIT_S)
    link.stop(timeout_s=0.1)
    go.set()
    link._thread.join(WAIT_S)
    assert not link.is_alive
    assert broker.heard == b""


def test_a_stop_while_the_broker_says_nothing_ends_the_thread(
    talk: Callable[..., tuple[FakeBroker, MqttLink]],
) -> None:
    broker, link = talk("3.1.1", b"", greets=False)
    until(lambda: broker.connections)
    link.stop()
    assert not link.is_alive
