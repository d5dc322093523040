"""How much the agent hands to a broker that takes nothing: what the settings say, and no more."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract.clock import ManualClock
from contract.mqtt.link import LinkUp, MqttLink, Will
from edge_agent.agent import EdgeAgent
from edge_agent.settings import EdgeSettings

CONNECT, CONNACK, PUBLISH, PUBACK = 0x10, b"\x20\x02\0\0", 0x30, b"\x40\x02"
PAYLOAD = b"x"
HEAD = len(b"\0\1t")  # a topic of one letter


class BusyBroker:
    """Welcomes one client by MQTT 3.1.1, and confirms a message when a test says so."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._connection: socket.socket | None = None
        self.unconfirmed: list[bytes] = []
        """The packet ids of messages that came and were not confirmed."""
        self.came = 0
        self.unasked = 0
        """Messages of QoS 0, which nobody confirms."""
        self._thread = threading.Thread(target=self._run, name="busy broker")
        self._thread.start()

    def confirm(self) -> None:
        assert self._connection is not None
        self._connection.sendall(PUBACK + self.unconfirmed.pop(0))

    def stop(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)  # wakes a thread that still waits for a client
        self._thread.join(60)
        self._server.close()
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._connection, _ = self._server.accept()
        except OSError:
            return
        with self._connection as connection, connection.makefile("rb") as stream:
            # Every packet of this test is shorter than 128 bytes: its length is one byte.
            while len(head := stream.read(2)) == 2:
                body = stream.read(head[1])
                if head[0] & 0xF0 == CONNECT:
                    connection.sendall(CONNACK)
                elif head[0] & 0xF0 == PUBLISH:
                    self.came += 1
                    if head[0] & 0x06:
                        self.unconfirmed.append(body[HEAD : HEAD + 2])
                    else:
                        self.unasked += 1


@pytest.fixture
def busy() -> Iterator[BusyBroker]:
    broker = BusyBroker()
    yield broker
    broker.stop()


def until(fact: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not fact():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.parametrize(("in_flight", "queued"), ((2, 10), (5, 12), (30, 10)))
def test_what_a_busy_broker_is_sent_is_bounded_by_the_settings(
    busy: BusyBroker, tmp_path: Path, in_flight: int, queued: int
) -> None:
    settings = EdgeSettings.checked(
        {
            "site": "school", "room": "r1", "node": "pi-1",
            "broker": {"port": busy.port, "protocol": "3.1.1"},
            "hub": [{"name": "hub-a", "port": "/dev/none", "seats": [1]}],
            "outbox": {"dir": str(tmp_path)},
            "limits": {"max_in_flight": in_flight, "max_queued": queued},
        },
        where="test",
    )  # fmt: skip
    agent = EdgeAgent(settings=settings, clock=ManualClock())
    link = agent._mqtt_link("pi-1", Will(topic="w", payload=b""), ())
    assert isinstance(link, MqttLink)
    link.start()
    try:
        assert isinstance(link.events.get(timeout=60), LinkUp)
        handed = 0
        while link.publish("t", PAYLOAD):
            handed += 1
            assert handed <= queued
        assert handed == queued
        # One of QoS 0 goes out behind whatever went out before it.
        assert link.publish("t", PAYLOAD, qos=0)
        until(lambda: busy.unasked == 1)
        sent = min(in_flight, queued)
        assert len(busy.unconfirmed) == sent
        busy.confirm()
        until(lambda: link.publish("t", PAYLOAD))
        assert not link.publish("t", PAYLOAD)
        until(lambda: busy.came == sent + 1 + busy.unasked)
        assert len(busy.unconfirmed) == sent
    finally:
        link.stop(timeout_s=2)
