"""The broker's configuration for a school, on a real Mosquitto with real certificates."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from contract.mqtt.client_id import program_client_id
from contract.mqtt.link import LinkDown, LinkUp, MqttLink, Received, Refused
from contract.wire.payload import MAX_PERIODS, Batch, Layout, encode
from tests.ingest.shipped_broker import (
    DEPLOY,
    SHIPPED_ACL,
    ShippedBroker,
    make_certificates,
    shipped_broker,
)

pytestmark = [
    pytest.mark.broker,
    # paho leaves the socket of a refused handshake to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.skipif(
        shutil.which("openssl") is None, reason="openssl is missing: sudo apt-get install openssl"
    ),
]

WAIT_S = 60.0
# What is published here is retained, so that it does not matter whose subscription came first.


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificates(tmp_path_factory.mktemp("certs"))


@pytest.fixture
def broker(certificates: Path, tmp_path: Path) -> Iterator[ShippedBroker]:
    with shipped_broker(tmp_path, certificates) as running:
        yield running


@pytest.fixture
def connect(broker: ShippedBroker) -> Iterator[Callable[..., MqttLink]]:
    with ExitStack() as links:

        def make(
            name: str | None, *topics: str, client_id: str | None = None, port: int | None = None
        ) -> MqttLink:
            link = MqttLink(
                broker=broker.settings(name, port), client_id=client_id or f"c-{name}", will=None,
                subscriptions=topics,
            )  # fmt: skip
            link.start()
            links.callback(link.stop)
            return link

        yield make


def test_a_node_is_heard_by_the_server_under_its_own_name_alone(
    connect: Callable[..., MqttLink],
) -> None:
    server = connect("server", "roomtone/1/school/+/+/data")
    node = connect("pi-1")
    for link in (server, node):
        assert isinstance(link.events.get(timeout=WAIT_S), LinkUp)
    node.publish("roomtone/1/school/r1/pi-2/data", b"in another's name")
    assert isinstance(node.events.get(timeout=WAIT_S), Refused)
    node.publish("roomtone/1/school/ingest/state", b"as ingest")
    assert isinstance(node.events.get(timeout=WAIT_S), Refused)
    node.publish("roomtone/1/school/r1/pi-1/data", b"mine", retain=True)
    heard = server.events.get(timeout=WAIT_S)
    assert isinstance(heard, Received)
    assert heard.payload == b"mine"


def test_a_node_reads_what_is_meant_for_it_and_no_data(connect: Callable[..., MqttLink]) -> None:
    node = connect("pi-2", "roomtone/1/school/#", "roomtone/1/school/+/pi-2/ack")
    server = connect("server")
    for link in (server, node):
        assert isinstance(link.events.get(timeout=WAIT_S), LinkUp)
    server.publish("roomtone/1/school/r1/pi-1/ack", b"for another", retain=True)
    server.publish("roomtone/1/school/r1/pi-2/ack", b"mine", retain=True)
    heard = node.events.get(timeout=WAIT_S)
    assert isinstance(heard, Received)
    assert heard.payload == b"mine"


def test_nobody_gets_in_without_a_certificate(connect: Callable[..., MqttLink]) -> None:
    assert isinstance(connect(None).events.get(timeout=WAIT_S), LinkDown)


def test_a_kit_has_one_connection_whatever_it_calls_itself(
    connect: Callable[..., MqttLink],
) -> None:
    other = connect("pi-1")
    first = connect("pi-2", client_id="one")
    for link in (other, first):
        assert isinstance(link.events.get(timeout=WAIT_S), LinkUp)
    second = connect("pi-2", client_id="c-pi-1")  # another kit's id does it no good
    assert isinstance(second.events.get(timeout=WAIT_S), LinkUp)
    assert isinstance(first.events.get(timeout=WAIT_S), LinkDown)
    first.stop()
    assert other.is_up
    assert other.events.empty()


def test_the_servers_programs_share_a_certificate_and_leave_one_another_alone(
    connect: Callable[..., MqttLink],
) -> None:
    links = [connect("server", client_id=program_client_id("doctor")) for _ in range(3)]
    for link in links:
        assert isinstance(link.events.get(timeout=WAIT_S), LinkUp)
    assert all(link.is_up and link.events.empty() for link in links)


def test_a_message_larger_than_any_of_ours_ends_the_senders_connection_alone(
    connect: Callable[..., MqttLink],
) -> None:
    other, bad = connect("pi-1"), connect("pi-2")
    for link in (other, bad):
        assert isinstance(link.events.get(timeout=WAIT_S), LinkUp)
    bad.publish("roomtone/1/school/r1/pi-2/data", bytes(257_000))
    assert isinstance(bad.events.get(timeout=WAIT_S), LinkDown)
    assert other.is_up
    assert other.events.empty()


def test_the_largest_batch_passes(connect: Callable[..., MqttLink]) -> None:
    server = connect("server", "roomtone/1/school/+/+/data")
    node = connect("pi-1")
    for link in (server, node):
        assert isinstance(link.events.get(timeout=WAIT_S), LinkUp)
    layout = Layout(tuple(range(1, 256)))
    values = np.zeros((MAX_PERIODS, layout.width), np.uint16)
    largest = encode(
        Batch(
            node="n" * 32, run=(1 << 58) - 1, first_seq=1 << 40, boot_ns=1 << 60,
            period_ns=1 << 30, synchronised=True, waited_ms=1 << 40, layout=layout, values=values,
        )
    )  # fmt: skip
    assert len(largest) > 60_000
    node.publish(f"roomtone/1/school/{'r' * 32}/pi-1/data", largest)
    heard = server.events.get(timeout=WAIT_S)
    assert isinstance(heard, Received)
    assert heard.payload == largest


def tied(acl: str, *kits: tuple[str, str]) -> str:
    """The access list with each kit (room, node) tied to its room, as docs/mosquitto.md says."""
    acl = "\n".join(line for line in acl.splitlines() if not line.startswith("pattern write"))
    script = ["sh", str(DEPLOY / "kit-acl.sh"), "school"]
    for kit in kits:
        done = subprocess.run([*script, *kit], check=True, capture_output=True, text=True)
        acl += done.stdout
    return acl


@pytest.fixture
def connect_to() -> Iterator[Callable[..., MqttLink]]:
    with ExitStack() as links:

        def make(broker: ShippedBroker, name: str, *topics: str) -> MqttLink:
            link = MqttLink(
                broker=broker.settings(name), client_id="x", will=None, subscriptions=topics
            )
            links.callback(link.stop)
            link.start()
            assert isinstance(link.events.get(timeout=WAIT_S), LinkUp)
            return link

        yield make


@pytest.mark.parametrize("is_tied", (False, True))
def test_the_certificate_of_a_stolen_kit_is_worth_nothing_any_more(
    certificates: Path, tmp_path: Path, connect_to: Callable[..., MqttLink], is_tied: bool
) -> None:
    said = (DEPLOY.parents[1] / "docs" / "mosquitto.md").read_text()
    lines = (
        said.partition("A stolen kit's certificate may")[2].split("```")[1].replace("pi-12", "pi-2")
    )
    acl = tied(SHIPPED_ACL, ("r1", "pi-1"), ("r1", "pi-2")) if is_tied else SHIPPED_ACL
    with shipped_broker(tmp_path, certificates, acl=acl + lines) as broker:
        own = "roomtone/1/school/+/pi-2/ack"
        stolen = connect_to(broker, "pi-2", own, "roomtone/1/school/ingest/state")
        server = connect_to(broker, "server", "roomtone/1/school/+/+/data")
        server.publish("roomtone/1/school/ingest/state", b"up", retain=True)
        stolen.publish("roomtone/1/school/r1/pi-2/data", b"mine", retain=True)
        assert isinstance(stolen.events.get(timeout=WAIT_S), Refused)
        good = connect_to(broker, "pi-1", "roomtone/1/school/ingest/state")
        heard = good.events.get(timeout=WAIT_S)
        assert isinstance(heard, Received)
        assert heard.payload == b"up"
        assert stolen.events.empty()
        assert server.events.empty()
        for link in (stolen, server, good):
            link.stop()


def test_a_kit_can_be_tied_to_its_room(
    certificates: Path, tmp_path: Path, connect_to: Callable[..., MqttLink]
) -> None:
    acl = tied(SHIPPED_ACL, ("r1", "pi-1"), ("r2", "pi-2"))
    with shipped_broker(tmp_path, certificates, acl=acl) as broker:
        server = connect_to(broker, "server", "roomtone/1/school/#")
        kit = connect_to(broker, "pi-1", "roomtone/1/school/+/pi-1/ack")
        for topic in ("r2/pi-1/data", "invented/pi-1/state", "r1/pi-1/ack", "r1/pi-2/data"):
            kit.publish(f"roomtone/1/school/{topic}", b"no")
            assert isinstance(kit.events.get(timeout=WAIT_S), Refused)
        kinds = ("state", "data", "timebase", "health", "config/reported", "command/result")
        for kind in kinds:
            kit.publish(f"roomtone/1/school/r1/pi-1/{kind}", b"mine", retain=True)
            heard = server.events.get(timeout=WAIT_S)
            assert isinstance(heard, Received)
            assert heard.topic == f"roomtone/1/school/r1/pi-1/{kind}"
        server.publish("roomtone/1/school/r1/pi-1/ack", b"kept")
        heard = kit.events.get(timeout=WAIT_S)
        assert isinstance(heard, Received)
        assert heard.payload == b"kept"
        for link in (server, kit):
            link.stop()
