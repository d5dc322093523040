"""The cost of ingest: CPU per batch through Mosquitto, MQTT, decoding, a durable commit and the ack.

    python benchmarks/bench_ingest.py [--clients awscrt,paho] [--rounds 3] [--json]

Ingest runs as a real program, and its CPU is the kernel's count for its process. Each MQTT library
takes its turn in each round, and the figure is the median of the rounds. The values are
random within the range of the sensors. The floor, in the same run: the same payloads with one
`write` and one `fdatasync` a tick. Without Mosquitto there is nothing to measure.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty

import numpy as np
from support.child_process import child, cpu_s
from support.kits_link import kits_link

from contract.mqtt.link import MqttLink, Received
from contract.topics import Topic, ingest_state
from contract.wire.messages import Ack, IngestState
from contract.wire.payload import Batch, Layout, encode
from roomtone.demo.broker import broker_command, free_port, mosquitto_path

SECOND = 1_000_000_000
SITE = "bench"
SEATS = 30
LAYOUT = Layout(tuple(range(1, SEATS + 1)))
WAIT_S = 120.0
TICKS_AT_ONCE = 1_000
MAX_UNACKED = 1_800
WARM_S = 1.0


@dataclass(frozen=True, kw_only=True)
class IngestCase:
    """A number of batches of some periods, from the rooms in turn."""

    name: str
    rooms: int
    batches: int
    periods: int


CASES = (
    IngestCase(name="live, 40 rooms", rooms=40, batches=20_000, periods=1),
    # Each message of a tick is from another room, so that each has its own ack.
    IngestCase(name="live, 1200 rooms", rooms=1_200, batches=12_000, periods=1),
    IngestCase(name="backlog, 40 rooms", rooms=40, batches=4_000, periods=10),
)


def main() -> int:
    """Run all cases and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--clients", default="awscrt", help="the MQTT libraries of ingest, in turn")
    parser.add_argument("--rounds", type=int, default=1, help="how often each case is measured")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    args = parser.parse_args()
    if mosquitto_path() is None:
        print("Mosquitto is not installed: sudo apt-get install mosquitto")
        return 0
    figures: dict[str, dict[str, float]] = {}
    for number, case in enumerate(CASES):
        messages = payloads(case, run=number + 1)
        measured: dict[str, list[tuple[float, float]]] = {}
        floors: list[float] = []
        for _ in range(args.rounds):
            for client in args.clients.split(","):
                with tempfile.TemporaryDirectory() as folder:
                    measured.setdefault(client, []).append(
                        measure_ingest(case, messages, Path(folder), run=number + 1, client=client)
                    )
                    floors.append(ingest_floor_s(messages[case.rooms :], Path(folder)))
        batches = case.batches - case.rooms
        values = batches * case.periods * LAYOUT.width
        floor_s = statistics.median(floors)
        for client, rounds in measured.items():
            seconds = statistics.median(cpu for cpu, _ in rounds)
            figures[f"{case.name}, {client}"] = {
                "us_a_batch": seconds / batches * 1e6,
                "values_per_cpu_s": values / seconds,
                "bytes_a_value": sum(len(p) for _, p in messages[case.rooms :]) / values,
                "floor_us_a_batch": floor_s / batches * 1e6,
                "times_the_floor": seconds / floor_s,
                "wall_s": statistics.median(wall for _, wall in rounds),
            }
    if args.json:
        print(json.dumps({"ingest": figures}))
        return 0
    for name, f in figures.items():
        print(
            f"{name}: {f['us_a_batch']:.0f} µs of CPU a batch, {f['values_per_cpu_s'] / 1e6:.1f} M "
            f"values/s of CPU; floor (write + fdatasync) {f['floor_us_a_batch']:.1f} µs, "
            f"{f['times_the_floor']:.1f} times that; {f['bytes_a_value']:.2f} bytes a value sent; "
            f"{f['wall_s']:.1f} s in all"
        )
    return 0


def payloads(case: IngestCase, *, run: int) -> list[tuple[str, bytes]]:
    """Topic and payload of every message, in the order of sending."""
    random = np.random.default_rng(run)
    topics = [str(Topic(SITE, f"r{room}", f"kit-{room}", "data")) for room in range(case.rooms)]
    messages = []
    for i in range(case.batches):
        room, first = i % case.rooms, i // case.rooms * case.periods
        batch = Batch(
            node=f"kit-{room}",
            run=run,
            first_seq=first,
            boot_ns=(100 + first) * SECOND,
            period_ns=SECOND,
            synchronised=True,
            waited_ms=3 if case.periods == 1 else None,
            layout=LAYOUT,
            values=random.integers(0, 250, (case.periods, LAYOUT.width), dtype=np.uint16),
        )
        messages.append((topics[room], encode(batch)))
    return messages


def measure_ingest(
    case: IngestCase, messages: list[tuple[str, bytes]], folder: Path, *, run: int, client: str
) -> tuple[float, float]:
    """Ingest's CPU seconds and wall seconds, from each room's second message to the last ack."""
    port = free_port()
    _, broker = broker_command(python=sys.executable, port=port, folder=folder)
    config = folder / "server.toml"
    config.write_text(
        f'site = "{SITE}"\ndata_dir = "{folder}/data"\n[broker]\nport = {port}\n'
        f'[ingest]\nhealth_port = 0\nmqtt_client = "{client}"\n'
    )
    with (
        child(broker),
        child(
            [sys.executable, "-P", "-m", "roomtone", "ingest", "--config", str(config)]
        ) as ingest,
        kits_link(port, SITE) as link,
    ):
        wait(link, lambda m: m.topic == ingest_state(SITE) and is_up(m.payload))
        began_cpu, began = cpu_s(ingest.pid), time.perf_counter()
        acked: dict[str, int] = {}

        def reached(message: Received, n: int) -> bool:
            if message.topic.endswith("/ack"):
                ack = Ack.decode(message.payload)
                if ack.run == run:
                    acked[message.topic] = (ack.without_hole + 1) // case.periods
            return sum(acked.values()) >= n

        for number, (topic, payload) in enumerate(messages):
            if number == case.rooms:  # each run is known now, as it is for the rest of a day
                wait(link, lambda m: reached(m, case.rooms))
                time.sleep(WARM_S)
                began_cpu, began = cpu_s(ingest.pid), time.perf_counter()
            # As nodes do: what passes the broker's queue would be dropped, and sent again.
            if number - sum(acked.values()) >= MAX_UNACKED:
                wait(link, lambda m, n=number - MAX_UNACKED // 2: reached(m, n))  # type: ignore[misc]
            while not link.publish(topic, payload):
                time.sleep(0.002)
        wait(link, lambda m: reached(m, case.batches))
        return cpu_s(ingest.pid) - began_cpu, time.perf_counter() - began


def ingest_floor_s(messages: list[tuple[str, bytes]], folder: Path) -> float:
    """CPU seconds for the same bytes, a thousand messages a write and fdatasync."""
    descriptor = os.open(folder / "floor", os.O_WRONLY | os.O_CREAT)
    began = time.process_time()
    for at in range(0, len(messages), TICKS_AT_ONCE):
        os.write(descriptor, b"".join(p for _, p in messages[at : at + TICKS_AT_ONCE]))
        os.fdatasync(descriptor)
    seconds = time.process_time() - began
    os.close(descriptor)
    return seconds


def wait(link: MqttLink, want: Callable[[Received], bool]) -> None:
    until = time.monotonic() + WAIT_S
    while True:
        try:
            event = link.events.get(timeout=max(0.0, until - time.monotonic()))
        except Empty:
            raise SystemExit("ingest did not answer in time") from None
        if isinstance(event, Received):
            link.acknowledge(event)
            if want(event):
                return


def is_up(payload: bytes) -> bool:
    return IngestState.decode(payload).is_up


if __name__ == "__main__":
    raise SystemExit(main())
