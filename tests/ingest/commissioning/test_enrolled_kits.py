"""From a code to a locked-out kit, on a real Mosquitto with the configuration that we write."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest

from contract.mqtt.link import LinkDown, LinkUp, MqttLink, Received, Refused, Will
from contract.settings import BrokerSettings
from edge_agent.enrolment.command import renew_identity
from edge_agent.enrolment.identity_folder import read_identity
from ingest.commissioning.broker_files import BrokerFiles
from ingest.commissioning.disconnecting import Disconnecting
from roomtone.cli import main
from roomtone.demo.broker import free_port, mosquitto_path
from tests.ingest.authority.conftest import Served
from tests.ingest.commissioning.conftest import Behind

pytestmark = [
    pytest.mark.broker,
    pytest.mark.slow,
    # paho leaves the socket of a refused handshake to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

WAIT_S = 30.0


@dataclass
class School:
    """A server with its authority and broker, and the kits that a test enrols."""

    served: Served
    files: BrokerFiles
    broker: subprocess.Popen[bytes]
    kits_port: int
    server_port: int
    folder: Path
    links: ExitStack

    def apply(self) -> None:
        """What roomtone-broker.service does when the authority has new lists."""
        if self.files.apply().needs_reload:
            self.broker.send_signal(signal.SIGHUP)

    @property
    def server_settings(self) -> BrokerSettings:
        return self.settings(self.folder / "programs", "server", self.server_port)

    def settings(self, folder: Path, name: str, port: int) -> BrokerSettings:
        return BrokerSettings(
            host="localhost", port=port, ca_file=folder / "ca.crt",
            certificate_file=folder / f"{name}.crt", key_file=folder / f"{name}.key",
        )  # fmt: skip

    @property
    def disconnecting(self) -> Disconnecting:
        return Disconnecting(self.served.client, self.server_settings)

    def enrol(self, node: str, room: str) -> Path:
        """A kit's directory after the command on the kit."""
        made = self.served.client.new_code("school", room, node, self.toml(room, node))
        self.apply()
        etc = self.folder / f"etc-{node}"
        assert main([
            "enrol", "--server", f"127.0.0.1:{self.served.port}", "--code", made.code,
            "--dir", str(etc), "--no-start",
        ]) == 0  # fmt: skip
        self.apply()
        return etc

    def toml(self, room: str, node: str) -> str:
        place = "/etc/roomtone/identity"
        return (
            f'site = "school"\nroom = "{room}"\nnode = "{node}"\n[[hub]]\nname = "hub-a"\n'
            f'port = "/dev/none"\nseats = [1, 2]\n[broker]\nhost = "localhost"\n'
            f'port = {self.kits_port}\nca_file = "{place}/ca.crt"\n'
            f'certificate_file = "{place}/node.crt"\nkey_file = "{place}/node.key"\n'
            f'[outbox]\ndir = "{self.folder}/outbox"\n'
        )

    def connect(self, etc: Path, *topics: str, will: Will | None = None) -> MqttLink:
        return self.link(
            self.settings(etc / "identity", "node", self.kits_port), *topics, will=will
        )

    def link(self, broker: BrokerSettings, *topics: str, will: Will | None = None) -> MqttLink:
        link = MqttLink(broker=broker, client_id="a program", will=will, subscriptions=topics)
        link.start()
        self.links.callback(link.stop)
        return link


def next_of(link: MqttLink, kind: type) -> object:
    """The next event of a kind; others before it are passed over."""
    until = monotonic() + WAIT_S
    while monotonic() < until:
        event = link.events.get(timeout=WAIT_S)
        if isinstance(event, kind):
            return event
    raise AssertionError(f"no {kind.__name__}")


@pytest.fixture
def school(served: Served, tmp_path: Path) -> Iterator[School]:
    kits, server = free_port(), free_port()
    with ExitStack() as stack:
        files = BrokerFiles(
            served.client, directory=tmp_path / "mosquitto", programs=tmp_path / "programs",
            give_keys=False, kits=f"{kits} 127.0.0.1", server=f"{server} 127.0.0.1",
        )  # fmt: skip
        files.configure(["localhost"])
        broker = stack.enter_context(mosquitto(tmp_path))
        links = stack.enter_context(ExitStack())
        yield School(served, files, broker, kits, server, tmp_path, links)


@contextmanager
def mosquitto(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The broker with the configuration as it was written, but for where it logs and its user."""
    text = (folder / "mosquitto" / "conf.d" / "roomtone.conf").read_text()
    conf = folder / "test.conf"
    text = text.replace("log_dest syslog", "log_dest stderr\nlog_type information")
    conf.write_text(text + "user root\n")
    program = mosquitto_path()
    assert program is not None
    log = folder / "broker-log"
    with (
        log.open("wb") as output,
        subprocess.Popen([program, "-c", str(conf)], stderr=output) as process,
    ):
        try:
            until = monotonic() + 30
            # Its ports are open before it takes signals; this is its last word before its work.
            while "running" not in log.read_text():
                if process.poll() is not None or monotonic() > until:
                    pytest.fail(log.read_text())
            yield process
        finally:
            process.kill()


def test_a_kit_writes_for_its_own_room_and_no_other(school: School) -> None:
    server = school.link(school.server_settings, "roomtone/1/school/+/+/data")
    next_of(server, LinkUp)
    etc = school.enrol("pi-1", "r1")
    kit = school.connect(etc)
    next_of(kit, LinkUp)
    for topic in (
        "roomtone/1/school/r2/pi-1/data",  # another room
        "roomtone/1/school/r1/pi-2/data",  # another kit
        "roomtone/1/annexe/r1/pi-1/data",  # another school
        "roomtone/1/school/r1/pi-1/config",  # what is the server's to write
        "roomtone/1/school/ingest/state",
    ):
        kit.publish(topic, b"not mine")
        assert isinstance(next_of(kit, Refused), Refused), topic
    kit.publish("roomtone/1/school/r1/pi-1/data", b"mine")
    heard = next_of(server, Received)
    assert isinstance(heard, Received)
    assert (heard.topic, heard.payload) == ("roomtone/1/school/r1/pi-1/data", b"mine")


def test_a_revoked_kit_is_locked_out_and_its_connection_ends(school: School) -> None:
    server = school.link(school.server_settings, "roomtone/1/school/+/+/state")
    next_of(server, LinkUp)
    stolen, other = school.enrol("pi-1", "r1"), school.enrol("pi-2", "r2")
    topic = "roomtone/1/school/r1/pi-1/state"
    kit = school.connect(stolen, will=Will(topic=topic, payload=b"gone"))
    neighbour = school.connect(other)
    next_of(kit, LinkUp)
    next_of(neighbour, LinkUp)

    begin = monotonic()
    school.served.client.revoke("pi-1")
    lists = school.served.client.lists()
    assert school.disconnecting.broker_has(lists) == "older"
    school.disconnecting.step()  # it would come back at once, so nothing is ended yet
    assert school.served.client.pending() == ["pi-1"]
    assert kit.is_up

    school.apply()
    until = monotonic() + WAIT_S
    while school.served.client.pending() and monotonic() < until:
        school.disconnecting.step()
    assert isinstance(next_of(kit, LinkDown), LinkDown)
    took = monotonic() - begin
    assert took < 60
    heard = next_of(server, Received)
    assert isinstance(heard, Received)
    assert (heard.topic, heard.payload) == (topic, b"gone")  # its pages say that it is gone
    (state,) = [node for node in school.served.client.nodes() if node.node == "pi-1"]
    assert state.disconnected_at is not None
    assert isinstance(next_of(kit, LinkDown), LinkDown)  # its next try
    assert not kit.is_up
    assert neighbour.is_up
    assert neighbour.events.empty()

    school.apply()
    assert "pi-1" not in (school.folder / "mosquitto/roomtone/access.acl").read_text()
    assert "pi-2" in (school.folder / "mosquitto/roomtone/access.acl").read_text()


def test_a_new_kit_takes_the_place_of_a_stolen_one(school: School) -> None:
    stolen = school.enrol("pi-1", "r1")
    kept = stolen.rename(school.folder / "stolen")
    thief = school.connect(kept)
    next_of(thief, LinkUp)
    new = school.connect(school.enrol("pi-1", "r1"))
    next_of(new, LinkUp)
    next_of(thief, LinkDown)  # one connection for each name
    next_of(thief, LinkDown)  # and the old certificate is refused
    assert new.is_up


def test_the_command_on_the_kit_tries_the_broker(
    school: School, capsys: pytest.CaptureFixture[str]
) -> None:
    school.enrol("pi-1", "r1")
    said = capsys.readouterr().out
    assert f"localhost:{school.kits_port} answers; there is no word from ingest" in said


def test_a_renewed_certificate_is_used_from_the_next_connection_on(school: School) -> None:
    """The agent runs for a whole term: it can't wait for a restart."""
    etc = school.enrol("pi-1", "r1")
    kit = school.connect(etc)
    next_of(kit, LinkUp)
    old = read_identity(etc)
    renew_identity(etc, lambda: old.renewing.renew_after + 1)
    assert kit.is_up
    # Without the old certificate, the kit can only come back with the new one.
    state = school.served.authority.state
    with state.changing():
        state.revoke_certificates(
            "pi-1", 1, but=read_identity(etc).certificate.serial_number
        )  # fmt: skip
    school.served.client.new_code("school", "r1", "pi-2", "")  # has the lists published
    school.apply()
    lists = school.served.client.lists()
    until = monotonic() + WAIT_S
    while school.disconnecting.broker_has(lists) != "newest" and monotonic() < until:
        pass
    assert school.disconnecting._end("pi-1")
    next_of(kit, LinkDown)
    next_of(kit, LinkUp)
    kit.publish("roomtone/1/school/r1/pi-1/data", b"x")
    assert kit.is_up


def test_a_kit_that_was_off_for_ten_weeks_comes_back(
    long_ago: None, school: School, behind: Behind
) -> None:
    """Its certificate ended, and the broker refuses it, until it has renewed it."""
    etc = school.enrol("pi-1", "r1")
    behind.by = timedelta()
    late = school.connect(etc)
    next_of(late, LinkDown)
    late.stop()
    stopped = (datetime.now(UTC) - timedelta(days=70)).timestamp()  # where its clock stands
    renew_identity(etc, lambda: stopped)
    kit = school.connect(etc)
    next_of(kit, LinkUp)
    kit.publish("roomtone/1/school/r1/pi-1/data", b"x")
    assert kit.is_up


def test_the_command_waits_until_the_kit_is_locked_out(
    school: School, capsys: pytest.CaptureFixture[str]
) -> None:
    kit = school.connect(school.enrol("pi-1", "r1"))
    next_of(kit, LinkUp)
    sockets = school.served.authority.settings.socket_dir
    config = school.folder / "server.toml"
    config.write_text(f'site = "school"\n[authority]\nsocket_dir = "{sockets}"\n')
    result: list[int] = []
    words = ["node", "revoke", "pi-1", "--timeout", str(WAIT_S), "--config", str(config)]
    command = threading.Thread(target=lambda: result.append(main(words)))
    command.start()
    until = monotonic() + WAIT_S
    while not school.served.client.pending() and monotonic() < until:
        pass
    while school.served.client.pending() and monotonic() < until:
        school.apply()
        school.disconnecting.step()
    command.join(WAIT_S)
    assert result == [0]
    assert "pi-1 is locked out: the broker refuses it" in capsys.readouterr().out
    assert not kit.is_up
    assert main(["node", "list", "--config", str(config)]) == 0
    assert "pi-1  school/r1  revoked and disconnected" in capsys.readouterr().out


def test_a_broker_that_is_down_is_not_taken_for_one_that_refuses(school: School) -> None:
    school.enrol("pi-1", "r1")
    school.broker.kill()
    school.broker.wait()
    school.served.client.revoke("pi-1")
    assert school.disconnecting.broker_has(school.served.client.lists()) == "unknown"
    school.disconnecting.step()
    assert school.served.client.pending() == ["pi-1"]
