"""An eight-hour outage of a room, drained: how long it takes, and how late live periods are during it.

    python benchmarks/bench_drain.py [--json] [--hours 8]

The real `roomtone edge` has eight hours of 30 seats in its outbox and four virtual hubs on its ports;
the real `roomtone ingest` stores, with a real Mosquitto between. The time is measured from ingest's
first acknowledgement of the old run to its last. A live period's delay is the time from the end of
its second to its acknowledgement, on the same clock. The floor, in the same run: writing the same
payloads to a file, with one fdatasync for the messages of one tick.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from queue import Empty

import numpy as np
from bench_edge import ALWAYS, SITE, has_hubs, settings, wait_for
from support.child_process import child

from contract.clock import SECOND_NS
from contract.mqtt.link import LinkUp, MqttLink, Received
from contract.quantities.table import encode as encoded
from contract.settings import BrokerSettings
from contract.topics import Topic, subscription
from contract.wire.messages import Ack, Birth, Timebase, decode_state
from contract.wire.payload import MAX_PERIODS, Batch, Layout, encode
from edge_agent.config_file import store_config
from edge_agent.outbox.backlog import Parcel
from edge_agent.outbox.store import MAX_A_WRITE, Outbox
from roomtone.demo.broker import broker_command, free_port, mosquitto_path
from school import open_lesson_store
from school.lessons.records import Lesson
from simulators.lessons import simulate_lesson
from simulators.scenario import load_scenario

ROOM = "live"
NODE = f"kit-{ROOM}"
OLD_RUN = 7
TICK_MESSAGES = 50
LIVE_AFTER_S = 5.0


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--hours", type=float, default=8.0)
    args = parser.parse_args()
    if mosquitto_path() is None:
        print("Mosquitto is not installed: apt-get install mosquitto", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        figures = measure_drain(Path(folder), running, periods=round(args.hours * 3600))
    if args.json:
        print(json.dumps({"drain": figures}))
        return 0
    for name, value in figures.items():
        print(f"{name}: {value:.4g}")
    return 0


def measure_drain(folder: Path, running: ExitStack, *, periods: int) -> dict[str, float]:
    """Figures by name."""
    payload_bytes = fill(folder, periods)
    port = free_port()
    _, command = broker_command(python=sys.executable, port=port, folder=folder)
    running.enter_context(child(command))
    hubs = ["simulate", "--ports", str(folder / ROOM), "--minutes", "10"]
    running.enter_context(child([sys.executable, "-P", "-m", "roomtone", *hubs]))
    wait_for(partial(has_hubs, folder / ROOM))
    server = folder / "server.toml"
    server.write_text(
        f'site = "{SITE}"\ndata_dir = "{folder / "data"}"\n[broker]\nport = {port}\n'
        "[ingest]\nmax_clock_error_s = 0\nhealth_port = 0\n"
    )
    lessons = open_lesson_store(folder / "data")
    now = time.time_ns()
    lessons.put(
        Lesson(
            id="bench", room=ROOM, teacher="bench", title="", starts_utc_ns=now - 9 * 3600 * SECOND_NS,
            ends_utc_ns=now + 3600 * SECOND_NS, source="button",
        )
    )  # fmt: skip
    lessons.close()
    running.enter_context(
        child([sys.executable, "-P", "-m", "roomtone", "ingest", "--config", str(server)])
    )
    watch = MqttLink(
        broker=BrokerSettings(port=port),
        client_id="bench",
        will=None,
        subscriptions=(subscription(SITE, "ack"), subscription(SITE, "state")),
    )
    watch.start()
    running.callback(watch.stop)
    while not isinstance(watch.events.get(timeout=20), LinkUp):
        pass
    config = folder / f"{ROOM}.toml"
    config.write_text(settings(folder, ROOM, port))
    running.enter_context(
        child([sys.executable, "-P", "-m", "roomtone", "edge", "--config", str(config)])
    )
    first_s, last_s, delays = follow(watch, periods)
    during = [ms for at, ms in delays if at <= last_s] or [0.0]
    floor = outage_floor_s(folder, payload_bytes, periods // MAX_PERIODS)
    drain = last_s - first_s
    return {
        "periods": periods,
        "megabytes": payload_bytes / 1e6,
        "drain_s": drain,
        "live_periods_during_the_drain": len(during),
        "live_delay_median_ms": statistics.median(during),
        "live_delay_max_ms": max(during),
        "floor_s": floor,
        "times_the_floor": drain / floor,
    }


def fill(folder: Path, periods: int) -> int:
    """An outbox as an outage leaves it, of simulated lessons; returns the payloads' bytes."""
    directory = folder / f"{ROOM}-outbox"
    lesson = simulate_lesson(load_scenario("demo"), 1)
    layout = Layout(lesson.seats)
    rows = layout.rows(encoded(lesson.seat, "seat"), encoded(lesson.room, "room"))
    utc_ns = time.time_ns() - (periods + 600) * SECOND_NS
    boot_zero_ns = 1_000 * SECOND_NS
    timebase = Timebase(
        node=NODE, run=OLD_RUN, boot="an-earlier-boot", boot_ns=boot_zero_ns, utc_ns=utc_ns,
        error_ns=1_000_000, synchronised=True,
    )  # fmt: skip
    outbox = Outbox(directory=directory, max_bytes=256 << 20, node=NODE, timebase=timebase.encode)
    outbox.open()
    parcels: list[Parcel] = []
    size = 0
    for first in range(0, periods, MAX_PERIODS):
        at = first % (len(rows) - MAX_PERIODS)
        batch = Batch(
            node=NODE, run=OLD_RUN, first_seq=first, boot_ns=boot_zero_ns + first * SECOND_NS,
            period_ns=SECOND_NS, synchronised=True, waited_ms=None, layout=layout,
            values=np.ascontiguousarray(rows[at : at + MAX_PERIODS]),
        )  # fmt: skip
        size += len(encode(batch))
        parcels.append(
            Parcel(message=batch, counts=bytes([30] * batch.n), unpublished=0, closed_ns=0)
        )  # fmt: skip
        if len(parcels) == MAX_A_WRITE or first + MAX_PERIODS >= periods:
            outbox.append(parcels)
            parcels = []
    outbox.close()
    store_config(directory / "config.cbor", ALWAYS)
    return size


def follow(watch: MqttLink, periods: int) -> tuple[float, float, list[tuple[float, float]]]:
    """When the old run's first and last ack came, and each live ack's time and delay in ms."""
    first_s = last_s = 0.0
    births: dict[int, Birth] = {}
    seen: dict[int, int] = {}
    delays: list[tuple[float, float]] = []
    while not last_s or time.monotonic() < last_s + LIVE_AFTER_S:
        try:
            event = watch.events.get(timeout=60 if not last_s else 1)
        except Empty:
            if last_s:
                break
            raise
        if not isinstance(event, Received):
            continue
        now_ns = time.monotonic_ns()
        watch.acknowledge(event)
        topic = Topic.parse(event.topic)
        if topic.kind == "state":
            state = decode_state(event.payload)
            if isinstance(state, Birth):
                births[state.run] = state
            continue
        ack = Ack.decode(event.payload)
        if ack.part:
            continue
        if ack.run == OLD_RUN:
            first_s = first_s or now_ns / 1e9
            if ack.without_hole == periods - 1 and not last_s:
                last_s = now_ns / 1e9
        elif ack.run in births:
            birth = births[ack.run]
            last = max([ack.without_hole, *(last for _, last in ack.above)])
            if last > seen.get(ack.run, -1):
                seen[ack.run] = last
                over_ns = birth.run_boot_ns + (last + 1) * birth.period_ns
                delays.append((now_ns / 1e9, (now_ns - over_ns) / 1e6))
    return first_s, last_s, delays


def outage_floor_s(folder: Path, size: int, messages: int) -> float:
    """Seconds to write the same number of bytes in the same number of ticks, each with an fdatasync."""
    ticks = -(-messages // TICK_MESSAGES)
    piece = os.urandom(size // ticks)
    fd = os.open(folder / "floor", os.O_WRONLY | os.O_CREAT)
    began = time.monotonic()
    for _ in range(ticks):
        os.write(fd, piece)
        os.fdatasync(fd)
    took = time.monotonic() - began
    os.close(fd)
    return took


if __name__ == "__main__":
    raise SystemExit(main())
