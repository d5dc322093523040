"""The broker's configuration for a school, on a real Mosquitto with real certificates."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

import pytest

from contract.mqtt import LinkDown, LinkUp, MqttLink, Received, Refused
from contract.settings import BrokerSettings
from roomtone.broker import free_port, mosquitto_path

pytestmark = [
    pytest.mark.broker,
    # paho leaves the socket of a refused handshake to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.skipif(
        shutil.which("openssl") is None, reason="openssl is missing: sudo apt-get install openssl"
    ),
]

DEPLOY = Path(__file__).parents[2] / "deploy" / "mosquitto"
KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
WAIT_S = 60.0
# What is published here is retained, so that it does not matter whose subscription came first.


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def certify(folder: Path, name: str) -> None:
    """A key and a certificate with this common name, as docs/mosquitto.md says."""
    openssl(folder, "req", *KEY, "-subj", f"/CN={name}", "-keyout", f"{name}.key",
            "-out", f"{name}.csr")  # fmt: skip
    (folder / "extensions").write_text(
        "subjectAltName=DNS:localhost\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
    )
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", "extensions", "-out", f"{name}.crt")  # fmt: skip


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certs")
    openssl(folder, "req", "-x509", *KEY, "-days", "2", "-subj", "/CN=authority",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", "ca.key", "-out", "ca.crt")  # fmt: skip
    for name in ("broker", "server", "pi-1", "pi-2"):
        certify(folder, name)
    return folder


@pytest.fixture
def port(certificates: Path, tmp_path: Path) -> Iterator[int]:
    """Mosquitto with the configuration as it is shipped, but for paths and port."""
    number = free_port()
    conf = (DEPLOY / "mosquitto.conf").read_text()
    conf = conf.replace("listener 8883", f"listener {number} 127.0.0.1")
    conf = conf.replace("/etc/mosquitto/certs", str(certificates))
    conf = conf.replace("/etc/mosquitto/conf.d", str(DEPLOY)).replace("log_dest syslog", "")
    # Started by root it would become the user mosquitto, who may not read a test's files.
    (tmp_path / "m.conf").write_text(conf + "\nuser root\n")
    program = mosquitto_path()
    assert program is not None
    log = tmp_path / "log"
    with log.open("wb") as output:
        broker = subprocess.Popen([program, "-c", str(tmp_path / "m.conf")], stderr=output)
    try:
        until = monotonic() + WAIT_S
        while not answers(number) and monotonic() < until:
            if broker.poll() is not None:
                pytest.fail(log.read_text())
        yield number
    finally:
        broker.kill()
        broker.wait()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def connect(certificates: Path, port: int) -> Iterator[Callable[..., MqttLink]]:
    with ExitStack() as links:

        def make(name: str | None, *topics: str) -> MqttLink:
            link = MqttLink(
                broker=BrokerSettings(
                    host="localhost",
                    port=port,
                    ca_file=certificates / "ca.crt",
                    certificate_file=certificates / f"{name}.crt" if name else None,
                    key_file=certificates / f"{name}.key" if name else None,
                ),
                client_id=f"c-{name}",
                will=None,
                subscriptions=topics,
            )
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
