"""The effect of one flooding kit on other rooms, and on the memory of broker and ingest.

    python benchmarks/bench_flood.py [--rates 100,1000,10000] [--kinds batches,poison,large]
        [--size BYTES] [--qos 0] [--seconds 10] [--json]

One kit sends `--rates` messages per second to a real Mosquitto that has the limits of
deploy/mosquitto/mosquitto.conf. A good room sends a batch each second over the same broker, and
resends what is not acknowledged after 15 s, as the edge does. Ingest runs as the program that
it is. The figures: how long the good room waits for ingest's acknowledgement, from the first time
it sent a batch, and the most memory that broker and ingest took. Without Mosquitto there is
nothing to measure.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import socket
import statistics
import struct
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from queue import Empty
from typing import Final

import numpy as np
from paho.mqtt.properties import VariableByteIntegers
from support.child_process import child

from contract.mqtt.link import LinkUp, MqttLink, Received
from contract.settings import BrokerSettings
from contract.topics import Topic, ingest_state
from contract.wire.messages import Ack, IngestState
from contract.wire.payload import Batch, Layout, encode
from roomtone.demo.broker import free_port, mosquitto_path

SECOND = 1_000_000_000
SITE = "bench"
LAYOUT = Layout(tuple(range(1, 31)))
SHIPPED = Path(__file__).parents[1] / "deploy" / "mosquitto" / "mosquitto.conf"
LIMITS = r"^(max_[a-z_]+|memory_limit|persistence|queue_[a-z0-9_]+) .*$"
RESEND_S = 15.0
WAIT_S = 60.0
AFTER_S = 35.0
SLICE_S: Final = 0.01


@dataclass(frozen=True, kw_only=True)
class FloodFigures:
    """The figures of one case; latencies in ms, memory in MB."""

    kind: str
    size: int
    wanted_rate: int
    sent_rate: int
    sent: int
    acked: int
    p50_ms: float
    max_ms: float
    broker_mb: float
    ingest_mb: float


def main() -> int:
    """Run every kind at every rate and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rates", default="100,1000,10000", help="messages a second")
    parser.add_argument("--kinds", default="batches,poison,large", help="what the flood is of")
    parser.add_argument("--size", type=int, default=65_000, help="bytes of a large message")
    parser.add_argument("--qos", type=int, choices=(0, 1), default=1, help="of the flood")
    parser.add_argument("--seconds", type=int, default=10, help="how long each flood lasts")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    args = parser.parse_args()
    if mosquitto_path() is None:
        print("Mosquitto is not installed: sudo apt-get install mosquitto")
        return 0
    figures: list[FloodFigures] = []
    for kind in args.kinds.split(","):
        for rate in (int(word) for word in args.rates.split(",")):
            with tempfile.TemporaryDirectory() as folder:
                size = args.size if kind == "large" else 60
                case = flooded(Path(folder), kind, size, rate, args.qos, args.seconds)
            figures.append(case)
            if not args.json:
                print(line(case), flush=True)
    if args.json:
        print(json.dumps({"flood": [asdict(case) for case in figures]}))
    return 0


def line(f: FloodFigures) -> str:
    return (
        f"{f.kind} of {f.size} bytes, {f.wanted_rate}/s wanted, {f.sent_rate}/s sent: "
        f"good room {f.acked} of {f.sent} acknowledged, p50 {f.p50_ms:.0f} ms, "
        f"max {f.max_ms:.0f} ms; broker {f.broker_mb:.0f} MB, ingest {f.ingest_mb:.0f} MB"
    )


def flooded(folder: Path, kind: str, size: int, rate: int, qos: int, seconds: int) -> FloodFigures:
    """Run one flood and one good room."""
    port = free_port()
    conf = folder / "mosquitto.conf"
    # The limits of a listener follow it in the file; general ones may be anywhere.
    limits = "\n".join(m.group() for m in re.finditer(LIMITS, SHIPPED.read_text(), re.MULTILINE))
    conf.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n{limits}\n")
    config = folder / "server.toml"
    config.write_text(
        f'site = "{SITE}"\ndata_dir = "{folder}/data"\n[broker]\nport = {port}\n'
        "[ingest]\nhealth_port = 0\n"
    )
    ingest_command = [sys.executable, "-P", "-m", "roomtone", "ingest", "--config", str(config)]
    with (
        child([str(mosquitto_path()), "-c", str(conf)]) as broker,
        child(ingest_command, {"PYTHONSAFEPATH": "1"}) as ingest,
    ):
        room = GoodRoom(port)
        room.up()
        for _ in range(3):  # what is slow the first time only
            room.second()
        room.latencies_s.clear()
        count: Synchronized[int] = multiprocessing.Value("Q", 0)
        flood = multiprocessing.Process(
            target=send_flood, args=(port, kind, size, rate, qos, count), daemon=True
        )
        flood.start()
        first = room.seq
        for _ in range(seconds):
            room.second()
        flood.kill()
        flood.join()
        sent = room.seq - first
        room.settle()
        memory = peak_mb(broker.pid), peak_mb(ingest.pid)
        room.link.stop()
    latencies = [room.latencies_s[seq] for seq in sorted(room.latencies_s) if seq >= first]
    return FloodFigures(
        kind=kind, size=message_size(kind, size), wanted_rate=rate,
        sent_rate=count.value // seconds, sent=sent, acked=len(latencies),
        p50_ms=statistics.median(latencies) * 1e3 if latencies else float("inf"),
        max_ms=max(latencies, default=float("inf")) * 1e3,
        broker_mb=memory[0], ingest_mb=memory[1],
    )  # fmt: skip


class GoodRoom:
    """Sends a batch each second, and again what is not acknowledged."""

    def __init__(self, port: int) -> None:
        self.seq = 0
        self.latencies_s: dict[int, float] = {}
        self._first_sent: dict[int, float] = {}
        self._last_sent: dict[int, float] = {}
        ack = str(Topic(SITE, "good", "kit-good", "ack"))
        self.link = MqttLink(
            broker=BrokerSettings(port=port), client_id="good", will=None,
            subscriptions=(ingest_state(SITE), ack),
        )  # fmt: skip
        self.link.start()

    def up(self) -> None:
        """Wait until ingest reports that it is up."""
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            with suppress(Empty):
                event = self.link.events.get(timeout=0.2)
                if isinstance(event, Received) and event.topic == ingest_state(SITE):
                    self.link.acknowledge(event)
                    if IngestState.decode(event.payload).is_up:
                        return
        raise SystemExit("ingest did not come up")

    def second(self) -> None:
        """One second of a room: a batch out, acknowledgements in."""
        self._first_sent[self.seq] = time.monotonic()
        self._send(self.seq)
        self.seq += 1
        self._hear(time.monotonic() + 1.0)

    def settle(self) -> None:
        """Wait for what is not acknowledged yet."""
        until = time.monotonic() + AFTER_S
        while self._first_sent and time.monotonic() < until:
            self._hear(time.monotonic() + 0.1)

    def _send(self, seq: int) -> None:
        self._last_sent[seq] = time.monotonic()
        topic = str(Topic(SITE, "good", "kit-good", "data"))
        self.link.publish(topic, small_batch("kit-good", 1, seq))

    def _hear(self, until: float) -> None:
        while (left := until - time.monotonic()) > 0:
            now = time.monotonic()
            for seq in [s for s in self._first_sent if now - self._last_sent[s] > RESEND_S]:
                self._send(seq)
            with suppress(Empty):
                event = self.link.events.get(timeout=min(left, 0.1))
                if isinstance(event, LinkUp):  # all that was under way is sent again
                    for seq in self._first_sent:
                        self._send(seq)
                if not isinstance(event, Received):
                    continue
                self.link.acknowledge(event)
                if event.topic.endswith("/ack"):
                    self._take(Ack.decode(event.payload))

    def _take(self, ack: Ack) -> None:
        now = time.monotonic()
        for seq in list(self._first_sent):
            if seq <= ack.without_hole or any(a <= seq <= b for a, b in ack.above):
                self.latencies_s[seq] = now - self._first_sent.pop(seq)


def small_batch(node: str, run: int, seq: int) -> bytes:
    values = np.full((1, LAYOUT.width), seq % 200, np.uint16)
    return encode(
        Batch(
            node=node, run=run, first_seq=seq, boot_ns=(100 + seq) * SECOND, period_ns=SECOND,
            synchronised=True, waited_ms=3, layout=LAYOUT, values=values,
        )
    )  # fmt: skip


def message_size(kind: str, size: int) -> int:
    return len(small_batch("kit-bad", 2, 0)) if kind == "batches" else size


def send_flood(
    port: int, kind: str, size: int, rate: int, qos: int, count: Synchronized[int]
) -> None:
    """A kit gone mad: a bare socket, so that the sender is not what limits the flood."""
    made = 0
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)) as broker:
            broker.sendall(b"\x10\x13\x00\x04MQTT\x04\x02\x00\x3c\x00\x07kit-bad")
            broker.recv(4)
            began, done = time.monotonic(), 0
            while True:
                n = min(int((time.monotonic() - began) * rate) - done, 200)
                if n <= 0:
                    time.sleep(SLICE_S / 10)
                for _ in range(n):
                    broker.sendall(published(kind, size, made, qos))
                    made += 1
                done += max(n, 0)
                count.value = made
                broker.setblocking(False)
                with suppress(BlockingIOError):
                    if not broker.recv(1 << 16):
                        break
                broker.setblocking(True)


def published(kind: str, size: int, number: int, qos: int) -> bytes:
    topic = str(Topic(SITE, "bad", "kit-bad", "data")).encode()
    # Poison differs each time, or it would be kept aside once.
    payload = (
        small_batch("kit-bad", 2, number)
        if kind == "batches"
        else struct.pack(">Q", number) + b"\xff" * (size - 8)
    )
    packet_id = struct.pack(">H", number % 65_535 + 1) if qos else b""
    body = struct.pack(">H", len(topic)) + topic + packet_id + payload
    length: bytes = VariableByteIntegers.encode(len(body))  # type: ignore[no-untyped-call]
    return bytes([0x30 | qos << 1]) + length + body


def peak_mb(pid: int) -> float:
    """The most memory that a process has had in use."""
    text = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", text)
    return int(found.group(1)) / 1e3 if found else float("nan")


if __name__ == "__main__":
    raise SystemExit(main())
