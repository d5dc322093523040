"""The cost of the edge agent in real time: CPU, memory, bytes written, delay.

    python benchmarks/bench_edge.py [--json] [--seconds 65]
    python benchmarks/bench_edge.py --seconds 3600      # does memory stay constant?

The agent is the real program, on virtual hubs in another process: 30 seats on four hubs. Two rooms
run at the same time: one sends to an ingest that acknowledges (through Mosquitto; without it this
room is left out), the other has no broker and writes to its outbox. CPU is the kernel's count for
the process, starting with its second sampled second. The floor, in the same run and on the same hubs:
a program that only reads the bytes with pyserial, one thread per hub.

Memory is the resident set, which includes memory shared with other programs. The figures are the
first, last and largest value. If the benchmark runs for half an hour or more, there is also the rise
per hour in the second half, from a linear fit; the first minutes fill buffers that are filled only
once. `--json` has the memory minute by minute.

The bytes written in an outage are counted in three ways, each from one spill to a later one: the
bytes of the outbox's records; the pages that the kernel charges to the process (`write_bytes` of
/proc), including those of the run book; and, for root, everything that reaches a separate disk of the
outbox (ext4 as made by mkfs, 4 KB blocks, on a loop device), including the file system's journal.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from queue import Empty

import serial
from support.child_process import child
from support.loop_disk import LoopDisk, own_disk

from contract.mqtt.link import LinkUp, MqttLink, Received
from contract.ranges import SeqRanges
from contract.settings import BrokerSettings
from contract.topics import Topic, ingest_state, subscription
from contract.wire.messages import Ack, Config, IngestState, LessonSpan
from contract.wire.payload import Batch, decode
from edge_agent.config_file import store_config
from edge_agent.outbox.format import scan
from firmware_bridge.frames import HelloRequest, encode
from firmware_bridge.framing import frame
from roomtone.demo.broker import broker_command, free_port, mosquitto_path

SITE = "bench"
SEATS = (8, 8, 7, 7)
ALWAYS = Config(
    revision=1, lessons=(LessonSpan(lesson="bench", starts_utc_ns=0, ends_utc_ns=1 << 62),)
)
DAY_S = 86_400
HOUR_S = 3_600
MINUTE_S = 60
MIN_FOR_SLOPE_S = 1_800.0
WAIT_S = 20.0
FLOOR_S = 8.0
_POLL_S = 0.05


@dataclass(frozen=True, kw_only=True)
class Spill:
    """When the outbox was written, its size, and the bytes written by the process and the disk."""

    at_s: float
    modified_ns: int
    size: int
    pages: int
    device: int | None


@dataclass(slots=True, kw_only=True)
class Memory:
    """The resident set of a process over the time that it was watched."""

    pid: int
    at_s: list[float] = field(default_factory=list)
    mb: list[float] = field(default_factory=list)

    def note(self, at_s: float) -> None:
        """Read the memory, if the last reading is old enough."""
        if not self.at_s or at_s - self.at_s[-1] >= 10.0:
            self.at_s.append(at_s)
            self.mb.append(rss_mb(self.pid))

    def figures(self, name: str) -> dict[str, float]:
        """The first, last and largest value, and the rise per hour."""
        found = {
            f"{name}_rss_mb_at_first": self.mb[0],
            f"{name}_rss_mb": self.mb[-1],
            f"{name}_rss_mb_max": max(self.mb),
        }
        if self.at_s[-1] - self.at_s[0] >= MIN_FOR_SLOPE_S:
            half = len(self.mb) // 2
            a_second = statistics.linear_regression(self.at_s[half:], self.mb[half:]).slope
            found[f"{name}_rss_mb_risen_an_hour"] = a_second * HOUR_S
        return found

    def by_minute(self) -> list[float]:
        """The first reading of each minute."""
        firsts = dict(
            reversed(
                [(int(at_s // MINUTE_S), mb) for at_s, mb in zip(self.at_s, self.mb, strict=True)]
            )
        )
        return [firsts[minute] for minute in sorted(firsts)]


@dataclass(slots=True)
class SmallIngest:
    """Acknowledges every batch, and records the delay after the end of its period."""

    link: MqttLink
    delays_ms: list[float] = field(default_factory=list)
    payload_bytes: int = 0
    values: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Until `stop`."""
        kept: dict[tuple[str, int, int], SeqRanges] = {}
        self.link.start()
        while not self._stop.is_set():
            try:
                event = self.link.events.get(timeout=0.2)
            except Empty:
                continue
            if isinstance(event, LinkUp):
                state = IngestState(is_up=True, started_utc_ns=time.time_ns())
                self.link.publish(ingest_state(SITE), state.encode(), retain=True)
            elif isinstance(event, Received):
                self._take(event, kept)
                self.link.acknowledge(event)
        self.link.stop()

    def _take(self, event: Received, kept: dict[tuple[str, int, int], SeqRanges]) -> None:
        arrived_ns = time.monotonic_ns()
        message = decode(event.payload)
        if isinstance(message, Batch):
            ended_ns = message.boot_ns + message.n * message.period_ns
            self.delays_ms.append((arrived_ns - ended_ns) / 1e6)
            self.payload_bytes += len(event.payload)
            self.values += message.values.size
        ranges = kept.setdefault(message.key, SeqRanges())
        ranges.add(message.first_seq, message.last_seq)
        topic = Topic.parse(event.topic)
        ack = Ack(run=message.run, part=message.part, without_hole=ranges.without_hole())
        self.link.publish(str(Topic(SITE, topic.room, topic.node, "ack")), ack.encode())

    def stop(self) -> None:
        """End `run`."""
        self._stop.set()


def main() -> int:
    """Run both rooms and the floor, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument("--seconds", type=float, default=65.0, help="how long to measure_edge")
    parser.add_argument("--floor", type=Path, nargs="+", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.floor:
        return only_read([str(port) for port in args.floor])
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        figures, memory = measure_edge(Path(folder), running, args.seconds)
    if args.json:
        by_minute = {room: watched.by_minute() for room, watched in memory.items()}
        print(json.dumps({"edge": figures, "rss_mb_by_minute": by_minute}))
        return 0
    for name, value in figures.items():
        print(f"{name}: {value:.4g}")
    return 0


def measure_edge(
    folder: Path, running: ExitStack, seconds: float
) -> tuple[dict[str, float], dict[str, Memory]]:
    """Figures by name, and each room's memory."""
    rooms = ["outage"] if mosquitto_path() is None else ["outage", "live"]
    broker_port = free_port()
    ingest: SmallIngest | None = None
    if "live" in rooms:
        _, command = broker_command(python=sys.executable, port=broker_port, folder=folder)
        running.enter_context(child(command))
        ingest = SmallIngest(
            MqttLink(
                broker=BrokerSettings(port=broker_port),
                client_id="bench",
                will=None,
                subscriptions=(subscription(SITE, "data"),),
            )
        )
        thread = threading.Thread(target=ingest.run, name="small ingest")
        thread.start()
        running.callback(thread.join)
        running.callback(ingest.stop)
    disk = running.enter_context(own_disk(folder / "outage-outbox"))
    agents: dict[str, subprocess.Popen[bytes]] = {}
    for room in rooms:
        minutes = str(60 + round(seconds / MINUTE_S))
        hubs = ["simulate", "--ports", str(folder / room), "--minutes", minutes]
        running.enter_context(child([sys.executable, "-P", "-m", "roomtone", *hubs]))
        wait_for(partial(has_hubs, folder / room))
        port = broker_port if room == "live" else free_port()
        config = folder / f"{room}.toml"
        config.write_text(settings(folder, room, port))
        store_config(folder / f"{room}-outbox" / "config.cbor", ALWAYS)
        edge = [sys.executable, "-P", "-m", "roomtone", "edge", "--config", str(config)]
        # As installed: compiling at the start would take memory that is never given back.
        compiled = os.environ | {
            "PYTHONPYCACHEPREFIX": str(folder / "compiled"), "PYTHONDONTWRITEBYTECODE": "",
        }  # fmt: skip
        subprocess.run([*edge, "--help"], env=compiled, stdout=subprocess.DEVNULL, check=True)
        agents[room] = running.enter_context(child(edge, compiled))
    if ingest is not None:
        wait_for(lambda: len(ingest.delays_ms) >= 2)
        ingest.delays_ms.clear()
    else:
        time.sleep(4.0)
    before = {room: cpu_ns(agent.pid) for room, agent in agents.items()}
    began = time.monotonic()
    spills: list[Spill] = []
    memory = {room: Memory(pid=agent.pid) for room, agent in agents.items()}
    while time.monotonic() - began < seconds:
        for watched in memory.values():
            watched.note(time.monotonic() - began)
        time.sleep(_POLL_S)
        note_spill(spills, agents["outage"].pid, folder / "outage-outbox", disk)
    took_ns = (time.monotonic() - began) * 1e9
    figures: dict[str, float] = {}
    for room, agent in agents.items():
        share = (cpu_ns(agent.pid) - before[room]) / took_ns
        figures[f"{room}_cpu_percent_of_a_core"] = 100 * share
        figures |= memory[room].figures(room)
    figures |= written(spills)
    if ingest is not None:
        delays = sorted(ingest.delays_ms)
        figures["live_periods"] = len(delays)
        figures["live_delay_p50_ms"] = statistics.median(delays)
        figures["live_delay_p99_ms"] = delays[int(0.99 * (len(delays) - 1))]
        figures["live_bytes_a_value"] = ingest.payload_bytes / ingest.values
    for agent in agents.values():
        agent.terminate()
        agent.wait()
    measured = "live" if ingest is not None else "outage"
    figures["floor_cpu_percent_of_a_core"] = 100 * reading_floor(folder / measured, running)
    figures["times_the_floor"] = (
        figures[f"{measured}_cpu_percent_of_a_core"] / figures["floor_cpu_percent_of_a_core"]
    )
    return figures, memory


def has_hubs(folder: Path) -> bool:
    """Whether the ports of all hubs are there."""
    return len(list(folder.glob("hub-*"))) == len(SEATS)


def settings(folder: Path, room: str, broker_port: int) -> str:
    """An edge.toml for a room's four hubs."""
    text = f'site = "{SITE}"\nroom = "{room}"\nnode = "kit-{room}"\n'
    text += f'[broker]\nport = {broker_port}\n[outbox]\ndir = "{folder / room}-outbox"\n'
    first = 1
    for i, count in enumerate(SEATS, 1):
        seats = list(range(first, first + count))
        text += f'[[hub]]\nname = "hub-{i}"\nport = "{folder / room}/hub-{i}"\nseats = {seats}\n'
        first += count
    return text


def note_spill(spills: list[Spill], pid: int, outbox: Path, disk: LoopDisk | None) -> None:
    """Add a spill when the outbox was written."""
    modified_ns = max((path.stat().st_mtime_ns for path in outbox.glob("*.outbox")), default=0)
    if modified_ns > (spills[-1].modified_ns if spills else 0):
        device = None if disk is None else disk.bytes_written()
        io = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
        records = (part for path in outbox.glob("*.outbox") for part in scan(path.read_bytes()))
        size = sum(part.length for part in records)
        spills.append(
            Spill(
                at_s=time.monotonic(), modified_ns=modified_ns, size=size,
                pages=int(io["write_bytes"]), device=device,
            )
        )  # fmt: skip


def written(spills: list[Spill]) -> dict[str, float]:
    """GB a day of a lasting outage."""
    if len(spills) < 2:
        return {}
    first, last = spills[0], spills[-1]
    a_day = DAY_S / (last.at_s - first.at_s) / 1e9
    found = {
        "outage_spills": len(spills) - 1.0,
        "outage_bytes_gb_a_day": (last.size - first.size) * a_day,
        "outage_pages_gb_a_day": (last.pages - first.pages) * a_day,
    }
    if first.device is not None and last.device is not None:
        found["outage_device_gb_a_day"] = (last.device - first.device) * a_day
    return found


def reading_floor(folder: Path, running: ExitStack) -> float:
    """Share of a core that reading alone takes."""
    ports = sorted(folder.glob("hub-*"))
    reader = running.enter_context(
        child([sys.executable, __file__, "--floor", *(str(port) for port in ports)])
    )
    time.sleep(2.0)
    before, began = cpu_ns(reader.pid), time.monotonic()
    time.sleep(FLOOR_S)
    return (cpu_ns(reader.pid) - before) / 1e9 / (time.monotonic() - began)


def only_read(ports: list[str]) -> int:
    """The floor: read what the hubs send, and do nothing with it."""

    def read(port: str) -> None:
        line = serial.Serial(port, 500_000, timeout=1.0)
        line.write(frame(encode(HelloRequest())))
        while True:
            line.read(max(1, line.in_waiting))

    threads = [threading.Thread(target=read, args=(port,)) for port in ports]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 0


def cpu_ns(pid: int) -> int:
    """Time that the threads of a process have had a CPU."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks)


def rss_mb(pid: int) -> float:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def wait_for(fact: Callable[[], object]) -> None:
    """Wait until `fact` is true; ends the benchmark if that does not happen."""
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        if fact():
            return
        time.sleep(_POLL_S)
    raise SystemExit("a program was not ready in time")


if __name__ == "__main__":
    raise SystemExit(main())
