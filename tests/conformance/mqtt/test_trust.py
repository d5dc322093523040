"""Whom every MQTT link trusts, who refuses it, what it says then, and what bytes of others can do to it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.mqtt.link import Event, LinkDown, LinkUp, MqttLink, Received
from roomtone.demo.broker import free_port
from tests.certificates import make_certificate
from tests.conformance.mqtt.brokers import WAIT_S, FakeBroker, Mosquitto, published, until
from tests.conformance.mqtt.links import LINKS, LinkKind, expect, new_link
from tests.ingest.shipped_broker import make_certificates

pytestmark = [
    pytest.mark.broker,
    # paho leaves the socket of a refused handshake to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def secured(certificates: Path, tmp_path: Path, stack: contextlib.ExitStack) -> Mosquitto:
    """A broker with TLS that wants a certificate of whoever connects."""
    broker = Mosquitto(
        tmp_path, f"cafile {certificates}/ca.crt", f"certfile {certificates}/broker.crt",
        f"keyfile {certificates}/broker.key", "require_certificate true",
        "use_identity_as_username true", "user root",
    )  # fmt: skip
    stack.callback(broker.kill)
    broker.start()
    return broker


def files(folder: Path, who: str | None = "pi-1", ca: str = "ca.crt") -> dict[str, object]:
    named: dict[str, object] = {"host": "localhost", "ca_file": folder / ca}
    if who is not None:
        named |= {"certificate_file": folder / f"{who}.crt", "key_file": folder / f"{who}.key"}
    return named


# ------------------------------------------------------------------ TLS and credentials


def test_who_has_a_certificate_is_let_in_and_messages_pass(
    secured: Mosquitto, certificates: Path, link: Callable[..., MqttLink]
) -> None:
    ours = link(secured.port, broker=files(certificates), subscriptions=("room/#",))
    expect(ours, LinkUp)
    for number in range(200):
        until(lambda n=number: ours.publish("room/1", bytes(60_000) + str(n).encode()))
    for number in range(200):
        message = expect(ours, Received)
        assert message.payload[60_000:] == str(number).encode()
        ours.acknowledge(message)


def test_who_has_no_certificate_is_not_let_in(
    secured: Mosquitto, certificates: Path, link: Callable[..., MqttLink]
) -> None:
    ours = link(secured.port, broker=files(certificates, who=None))
    assert isinstance(ours.events.get(timeout=WAIT_S), LinkDown)
    assert not ours.is_up


def test_a_broker_that_nobody_known_signed_is_refused_with_the_reason(
    secured: Mosquitto, certificates: Path, tmp_path: Path, link: Callable[..., MqttLink]
) -> None:
    foreign = make_certificate(tmp_path, "foreign")
    broker = files(certificates) | {"ca_file": foreign.certificate}
    down = expect(link(secured.port, broker=broker), LinkDown)
    assert f"localhost:{secured.port}" in down.reason
    assert "certificate verify failed" in down.reason


def test_a_broker_of_another_name_is_refused_with_the_reason(
    secured: Mosquitto, certificates: Path, link: Callable[..., MqttLink]
) -> None:
    broker = files(certificates) | {"host": "127.0.0.1"}  # its certificate is for localhost
    down = expect(link(secured.port, broker=broker), LinkDown)
    assert "IP address mismatch" in down.reason


def test_a_broker_without_tls_is_refused(
    kind: LinkKind, certificates: Path, stack: contextlib.ExitStack, link: Callable[..., MqttLink]
) -> None:
    broker = FakeBroker(kind.protocol)
    stack.callback(broker.close)
    down = expect(link(broker.port, broker=files(certificates)), LinkDown)
    assert f"localhost:{broker.port}" in down.reason


def test_a_refusal_is_in_the_brokers_words(
    kind: LinkKind, stack: contextlib.ExitStack, link: Callable[..., MqttLink]
) -> None:
    broker = FakeBroker(
        kind.protocol,
        greeting={"5": b"\x20\x03\x00\x87\x00", "3.1.1": b"\x20\x02\x00\x05"}[kind.protocol],
    )
    stack.callback(broker.close)
    ours = link(broker.port)
    for _ in range(2):
        assert expect(ours, LinkDown).reason == "Not authorized"
    assert ours.is_alive


def test_a_name_that_nobody_knows_is_named(link: Callable[..., MqttLink]) -> None:
    down = expect(link(1883, broker={"host": "no-such-broker.invalid"}), LinkDown)
    assert down.reason.startswith("no-such-broker.invalid:1883: ")


@pytest.mark.slow
@pytest.mark.parametrize("name", ("paho 5", "awscrt"))
def test_a_broker_without_mqtt_5_is_met_with_3_1_1(name: str, stack: contextlib.ExitStack) -> None:
    port = free_port()
    old = subprocess.Popen(
        [sys.executable, "-P", "-m", "roomtone.demo.broker", "--port", str(port)],
        stderr=subprocess.DEVNULL,
    )
    stack.callback(old.wait)
    stack.callback(old.terminate)
    ours = new_link(LINKS[name], port, broker={"protocol": "auto"}, subscriptions=("room/#",))
    stack.callback(ours.stop)
    ours.start()
    up = expect(ours, LinkUp)
    assert (up.protocol, up.client) == ("3.1.1", "paho")
    assert ours.publish("room/1", b"x")
    assert expect(ours, Received).payload == b"x"


@pytest.mark.parametrize("name", ("paho 5", "awscrt"))
@pytest.mark.parametrize("refusal", (b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00"))
def test_a_refusal_of_mqtt_5_leads_to_3_1_1_at_once(
    name: str, refusal: bytes, stack: contextlib.ExitStack
) -> None:
    broker = FakeBroker("5", greeting=refusal)
    stack.callback(broker.close)
    ours = new_link(LINKS[name], broker.port, broker={"protocol": "auto"})
    stack.callback(ours.stop)
    ours.start()
    expect(ours, LinkDown)
    until(lambda: ours._choice.version == "3.1.1")
    assert broker.connections <= 2


# ------------------------------------------------------------------ bytes of others


def test_a_topic_that_is_no_text_is_passed_over_and_the_connection_stands(
    kind: LinkKind, stack: contextlib.ExitStack, link: Callable[..., MqttLink]
) -> None:
    packets = published(kind.protocol, b"\xff\xfe", b"bad", mid=7)
    broker = FakeBroker(kind.protocol, packets + published(kind.protocol, b"room/1", b"good"))
    stack.callback(broker.close)
    ours = link(broker.port, subscriptions=("#",))
    assert expect(ours, Received).payload == b"good"
    until(lambda: b"\x40\x02\x00\x07" in broker.heard)  # a PUBACK, or it would come again
    assert broker.connections == 1


PROPERTY = b"\x26\x00\x01a\x00\x01b"  # a user property
STARTS = (
    b"\x20\x03\x00\x87\x00", b"\x90\x04\x00\x02\x00\x87", b"\x40\x02\x00\x01",
    b"\x40\x04\x00\x01\x10\x00", b"\xe0\x02\x8e\x00", b"\x62\x02\x00\x01", b"\x50\x02\x00\x01",
    b"\xd0\x00", b"\xb0\x02\x00\x01", b"\xf7" * 40, b"",
)  # fmt: skip
"""Packets that a broker may begin with, beside a message."""


@pytest.mark.slow
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    start=st.sampled_from(STARTS) | st.none(), at=st.integers(0, 40), junk=st.binary(max_size=30)
)
def test_no_bytes_of_a_broker_end_the_link(
    kind: LinkKind, start: bytes | None, at: int, junk: bytes
) -> None:
    message = published(kind.protocol, b"room/1", b"x" * 20, mid=9, properties=PROPERTY)
    packets = message if start is None else start
    packets = packets[:at] + junk + packets[at + len(junk) :]
    broker = FakeBroker(kind.protocol, packets, closes=True)
    link = new_link(kind, broker.port, subscriptions=("#",))
    try:
        link.start()
        event: Event = link.events.get(timeout=WAIT_S)
        while not isinstance(event, LinkUp | LinkDown):
            event = link.events.get(timeout=WAIT_S)
        assert link.is_alive
    finally:
        link.stop()
        broker.close()
    assert not link.is_alive


@pytest.mark.slow
@pytest.mark.alone
def test_properties_of_others_take_awscrt_no_quadratic_time(stack: contextlib.ExitStack) -> None:
    """With quadratic time, 16 times as many would take 256 times as long."""

    def cpu_s(properties: int) -> float:
        packet = published("5", b"room/1", b"x", mid=1, properties=PROPERTY * properties)
        broker = FakeBroker("5", packet * 4)
        stack.callback(broker.close)
        ours = new_link(LINKS["awscrt"], broker.port, subscriptions=("#",))
        stack.callback(ours.stop)
        began = time.process_time()
        ours.start()
        for _ in range(4):
            expect(ours, Received)
        return time.process_time() - began

    few = min(cpu_s(2_000) for _ in range(3))
    many = min(cpu_s(32_000) for _ in range(3))
    assert many < 64 * few
