"""What several tests of the edge agent build on."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.mqtt.link import LinkUp, MqttLink, Received
from contract.quantities.table import MISSING
from contract.ranges import SeqRanges
from contract.settings import BrokerSettings
from contract.topics import Topic, ingest_state, subscription
from contract.wire.messages import (
    Ack,
    Birth,
    CommandResult,
    Death,
    Health,
    IngestState,
    Timebase,
    decode_state,
)
from contract.wire.parts import packed_run, unpacked_run
from contract.wire.payload import Batch, Gap, Layout, decode
from edge_agent.outbox.store import Outbox
from roomtone.demo.broker import free_port

SECOND = 1_000_000_000
LAYOUT = Layout((1, 2, 3))
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


@pytest.fixture
def batch() -> Callable[..., Batch]:
    """Makes a batch whose values show its run and seqs."""

    def make(first_seq: int, n: int = 1, run: int = 1, part: int = 0) -> Batch:
        values = np.zeros((n, LAYOUT.width), np.uint16)
        values[:] = ((first_seq + np.arange(n)) % 60_000)[:, None]
        return Batch(
            node="pi-1", run=run, part=part, first_seq=first_seq, boot_ns=first_seq * SECOND,
            period_ns=SECOND, synchronised=True, waited_ms=None, layout=LAYOUT, values=values,
        )  # fmt: skip

    return make


@pytest.fixture
def gap() -> Callable[..., Gap]:
    def make(first_seq: int, n: int, reason: str = "off", run: int = 1, part: int = 0) -> Gap:
        return Gap(
            node="pi-1", run=run, part=part, first_seq=first_seq, n=n, boot_ns=first_seq * SECOND,
            period_ns=SECOND, synchronised=True, seats=LAYOUT.seats,
            reason=reason,  # type: ignore[arg-type]
        )  # fmt: skip

    return make


def timebase(run: int = 1) -> bytes:
    return Timebase(
        node="pi-1", run=run, boot="a", boot_ns=5, utc_ns=7, error_ns=0, synchronised=True
    ).encode()


@pytest.fixture
def make_outbox(tmp_path: Path) -> Callable[..., Outbox]:
    """Makes outboxes on one directory; `run` dates its segments. They are not synced."""

    def make(run: int = 1, *, max_bytes: int = 8 << 20, **how: object) -> Outbox:
        return Outbox(
            directory=tmp_path / "outbox", max_bytes=max_bytes, node="pi-1",
            **{"timebase": lambda: timebase(run), "sync": lambda _: None} | how,  # type: ignore[arg-type]
        )  # fmt: skip

    return make


class Mosquitto:
    """A broker on a free port that can be killed and started again."""

    def __init__(self, folder: Path, extra: str = "allow_anonymous true\n") -> None:
        self.port = free_port()
        self.config = folder / "mosquitto.conf"
        self.config.write_text(
            f"listener {self.port} 127.0.0.1\npersistence false\n"
            f"max_inflight_messages 0\nmax_queued_messages 2000\n{extra}"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert MOSQUITTO
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self.config)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("mosquitto did not start")

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
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

    def __init__(
        self,
        port: int,
        *,
        site: str = "school",
        is_up: bool = True,
        kept: SmallIngest | None = None,
        broker: BrokerSettings | None = None,
    ) -> None:
        self.site = site
        self.is_up = is_up
        self.rows: dict[tuple[int, int], np.ndarray | str] = kept.rows if kept else {}
        self.kept: dict[int, SeqRanges] = kept.kept if kept else {}
        self.states: list[Birth | Death] = []
        self.health: list[Health] = []
        self.timebases: list[Timebase] = []
        self.results: list[CommandResult] = []
        self.doubled = 0
        self._topic: Topic | None = None
        self._started = time.monotonic_ns()
        self._stop = threading.Event()
        kinds = ("data", "state", "health", "timebase", "command/result")
        self.link = MqttLink(
            broker=broker or BrokerSettings(port=port), client_id="small-ingest", will=None,
            subscriptions=tuple(subscription(site, kind) for kind in kinds),  # type: ignore[arg-type]
        )  # fmt: skip
        self._thread = threading.Thread(target=self._run, name="small ingest")

    def start(self) -> None:
        self.link.start()
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()
        self.link.stop()

    def say(self, topic: Topic, payload: bytes, *, retain: bool = False) -> None:
        assert until(lambda: self.link.publish(str(topic), payload, retain=retain))

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            is_news = False
            while not self.link.events.empty():
                event = self.link.events.get()
                if isinstance(event, LinkUp):
                    state = IngestState(is_up=self.is_up, started_utc_ns=self._started)
                    self.link.publish(ingest_state(self.site), state.encode(), retain=True)
                elif isinstance(event, Received):
                    is_news |= self._take(event)
                    self.link.acknowledge(event)
            for number, kept in self.kept.items() if is_news and self._topic else ():
                low = kept.without_hole()
                above = tuple(pair for pair in kept if pair[0] > low)[:64]
                run, part = unpacked_run(number)
                ack = Ack(run=run, part=part, without_hole=low, above=above)
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
        of = packed_run(message.run, message.part)
        kept = self.kept.setdefault(of, SeqRanges())
        fresh = kept.missing(message.first_seq, message.last_seq)
        self.doubled += message.n - sum(last - first + 1 for first, last in fresh)
        for first, last in fresh:
            if isinstance(message, Gap):
                self.rows[of, first] = f"{message.reason} to {last}"
                continue
            for seq in range(first, last + 1):
                self.rows[of, seq] = message.values[seq - message.first_seq]
        kept.add(message.first_seq, message.last_seq)

    def seat_seconds(self, run: int) -> int:
        seats = 30
        return sum(
            int((row[:seats] != MISSING).sum())
            for (of_run, _), row in self.rows.items()
            if unpacked_run(of_run)[0] == run and not isinstance(row, str)
        )


def until(fact: Callable[[], object], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fact():
            return True
        time.sleep(0.01)
    return False


@pytest.fixture
def small_ingest() -> Iterator[Callable[..., SmallIngest]]:
    """Starts ingests that keep in memory, by the broker's port; all end with the test."""
    started: list[SmallIngest] = []

    def start(port: int, **how: Any) -> SmallIngest:
        ingest = SmallIngest(port, **how)
        started.append(ingest)
        ingest.start()
        return ingest

    yield start
    for ingest in reversed(started):
        ingest.stop()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority `ca`, a stranger `other-ca`, and what `ca` signed.

    `broker` for localhost, `pi-1` and `pi-2` for nodes, `server`; each as NAME.pem and NAME.key.
    `soon` is a node's that lasts for ten days more.
    """
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here")
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for ca in ("ca", "other-ca"):
        openssl("req", "-x509", *key, "-keyout", f"{ca}.key", "-out", f"{ca}.pem", "-days", "90",
                "-subj", f"/CN={ca}")  # fmt: skip
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name, days in (("broker", 60), ("pi-1", 60), ("pi-2", 60), ("server", 60), ("soon", 10)):
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj",
                f"/CN={name}")  # fmt: skip
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", str(days), "-out", f"{name}.pem", "-extfile",
                "names")  # fmt: skip
    return folder


@pytest.fixture
def tls_broker(certificates: Path, tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker as a school has it: the project's ACL, and a client's id is its certificate's name."""
    yield from _tls_broker(certificates, tmp_path, "use_username_as_clientid true\n")


@pytest.fixture
def tls_broker_with_free_ids(certificates: Path, tmp_path: Path) -> Iterator[Mosquitto]:
    """The same, but each client chooses its id."""
    yield from _tls_broker(certificates, tmp_path, "")


def _tls_broker(certificates: Path, tmp_path: Path, more: str) -> Iterator[Mosquitto]:
    if MOSQUITTO is None:
        pytest.skip("no Mosquitto here: apt-get install mosquitto")
    acl = Path(__file__).parents[2] / "deploy" / "mosquitto" / "roomtone.acl"
    copied = tmp_path / "roomtone.acl"
    copied.write_bytes(acl.read_bytes())
    broker = Mosquitto(
        tmp_path,
        f"cafile {certificates}/ca.pem\ncertfile {certificates}/broker.pem\n"
        f"keyfile {certificates}/broker.key\nrequire_certificate true\n"
        f"use_identity_as_username true\nallow_anonymous false\nacl_file {copied}\n{more}",
    )
    # As root it would drop to a user that can't read a test's folder.
    with broker.config.open("a") as file:
        file.write(f"user {pwd.getpwuid(os.getuid()).pw_name}\n")
    broker.start()
    yield broker
    broker.kill()
