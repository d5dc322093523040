"""A live school of 1,200 rooms: stored, scored and shown on this machine, in real time.

    python benchmarks/bench_chain.py [--rooms N] [--seconds N] [--json]

Ingest, score, dashboard and Mosquitto are the real programs. A load generator in a separate process
publishes a real batch per second for each room, 30 seats each, spread over the second, and records
the time until each ack. A minute of every lesson is stored before, so that seats have a normal and
the model judges them. The load runs for ten seconds before the measurement. CPU is the kernel's count
for each process. The floor, in the same run: the same bytes with one `write` and one `fdatasync` per
tick.

The time from a sample to the page is measured up to its Server-Sent Event, for one room whose batch
is sent exactly at the end of its second. Drawing in a browser is not included.
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path
from queue import Empty

import numpy as np
from bench_ingest import LAYOUT, SECOND, is_up, wait
from support.child_process import child, cpu_s

from contract.mqtt.link import LinkUp, MqttLink, Received
from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES
from contract.settings import BrokerSettings
from contract.topics import Topic, ingest_state, subscription
from contract.wire.messages import Ack, Birth, Hub, Timebase
from contract.wire.payload import Batch, encode
from ingest.doctor.checks import Page, ask
from ingest.stores import open_period_store
from ingest.stores.records import Arrival, Tick
from roomtone.demo.broker import broker_command, free_port, mosquitto_path
from school import open_lesson_store
from school.lessons.records import Lesson

SITE = "bench"
WARM_S = 65
SETTLE_S = 10
"""Seconds of load before the measurement: the time in which the programs started is a gap of each
lesson, which is scored together with its first seconds."""
LESSON_S = 3_000
TICK_S = 0.1
HUBS = tuple(
    Hub(hub=f"hub-{i}", firmware="1", seats=LAYOUT.seats[i * 8 : i * 8 + 8], sample_rate_hz=50.0,
        has_sound=i == 0)
    for i in range(4)
)  # fmt: skip


def values(random: np.random.Generator, n: int) -> np.ndarray:
    """Rows like those of a working class."""
    return random.integers(100, 220, (n, LAYOUT.width), dtype=np.uint16)


def batch(room: int, first: int, rows: np.ndarray) -> Batch:
    return Batch(
        node=f"kit-{room}", run=room, first_seq=first, boot_ns=first * SECOND, period_ns=SECOND,
        synchronised=True, waited_ms=3, layout=LAYOUT, values=rows,
    )  # fmt: skip


def prepare(folder: Path, rooms: int, starts_utc_ns: int) -> None:
    """Lessons, births, dates, and what is kept of the lessons so far."""
    random = np.random.default_rng(1)
    with closing(open_lesson_store(folder)) as lessons:
        for room in range(rooms):
            lessons.put(
                Lesson(
                    id=f"lesson-{room}", room=f"r{room}", teacher="t", title="",
                    starts_utc_ns=starts_utc_ns, ends_utc_ns=starts_utc_ns + LESSON_S * SECOND,
                    source="timetable",
                )
            )  # fmt: skip
    with closing(open_period_store(folder)) as store:
        births, timebases = [], []
        for room in range(rooms):
            birth = Birth(
                node=f"kit-{room}", run=room, boot=f"boot-{room}", software="1", period_ns=SECOND,
                run_boot_ns=0, hubs=HUBS, seat_codes=tuple(q.code for q in SEAT_QUANTITIES),
                room_codes=tuple(q.code for q in ROOM_QUANTITIES), units={}, synchronised=True,
            )  # fmt: skip
            births.append((SITE, f"r{room}", birth))
            timebases.append(
                Timebase(
                    node=f"kit-{room}", run=room, boot=f"boot-{room}", boot_ns=0,
                    utc_ns=starts_utc_ns, error_ns=0, synchronised=True,
                )
            )  # fmt: skip
        store.commit(Tick(received_utc_ns=starts_utc_ns, births=births, timebases=timebases))
        for first in range(0, WARM_S, 5):
            arrivals = [
                Arrival(
                    site=SITE, room=f"r{room}", is_live=True,
                    message=batch(room, first, values(random, 5)),
                )
                for room in range(rooms)
            ]  # fmt: skip
            store.commit(Tick(received_utc_ns=starts_utc_ns, arrivals=arrivals))


def load(port: int, rooms: int, starts_utc_ns: int, first_seq: int, seconds: int) -> None:
    """The load generator: prints its figures as one JSON object."""
    random = np.random.default_rng(2)
    topics = [str(Topic(SITE, f"r{room}", f"kit-{room}", "data")) for room in range(rooms)]
    rows = values(random, rooms)
    link = MqttLink(
        broker=BrokerSettings(port=port), client_id="load", will=None,
        subscriptions=(subscription(SITE, "ack"),), max_events=200_000, max_in_flight=5_000,
        max_queued=5_000,
    )  # fmt: skip
    link.start()
    while not isinstance(link.events.get(timeout=30), LinkUp):
        pass
    sent = np.zeros((rooms, seconds))
    waited = np.full((rooms, seconds), np.nan)
    stop = threading.Event()

    def take_acks() -> None:
        while not stop.is_set():
            try:
                event = link.events.get(timeout=0.1)
            except Empty:
                continue
            if isinstance(event, Received):
                ack = Ack.decode(event.payload)
                # The run has a hole between the minute before and what is sent now.
                at = (ack.above[-1][1] if ack.above else ack.without_hole) - first_seq
                now = time.monotonic()
                row = slice(0, min(at, seconds - 1) + 1)
                fresh = np.isnan(waited[ack.run, row]) & (sent[ack.run, row] > 0)
                waited[ack.run, row][fresh] = now - sent[ack.run, row][fresh]

    thread = threading.Thread(target=take_acks)
    thread.start()
    refused = 0
    late = 0.0
    n_bytes = 0
    for at in range(seconds):
        seq = first_seq + at
        closes_s = starts_utc_ns / SECOND + seq + 1
        for room in range(rooms):
            due = closes_s + room / rooms
            while (left := due - time.time()) > 0:
                time.sleep(min(left, 0.002))
            late = max(late, -left)
            payload = encode(batch(room, seq, rows[room : room + 1]))
            n_bytes += len(payload)
            sent[room, at] = time.monotonic()
            while not link.publish(topics[room], payload):
                refused += 1
                time.sleep(0.001)
    give_up = time.monotonic() + 10
    while np.isnan(waited).any() and time.monotonic() < give_up:
        time.sleep(0.05)
    stop.set()
    thread.join()
    link.stop()
    acked = waited[~np.isnan(waited)]
    print(
        json.dumps(
            {
                "sent": rooms * seconds,
                "acked": len(acked),
                "bytes": n_bytes,
                "refused": refused,
                "late_s": late,
                "ack_p50_ms": float(np.percentile(acked, 50) * 1e3),
                "ack_p99_ms": float(np.percentile(acked, 99) * 1e3),
                "cpu_s": time.process_time(),
            }
        )
    )


def watch(port: int, starts_utc_ns: int, seqs: range, waits: list[float]) -> None:
    """Delay from the end of a second of room 0 to the event with it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/rooms/r0/live/events")
    answer = connection.getresponse()
    seen = -1
    while line := answer.readline():
        if not line.startswith(b"data:"):
            continue
        now_s = time.time()
        event = json.loads(line[5:])
        if not event:  # a beat, without data
            continue
        newest = int(now_s - starts_utc_ns / SECOND) - 1  # the last second that is over
        level = event["noise"]["mean"]
        if level and level[-1] is not None and newest > seen:
            seen = newest
            if newest in seqs:
                waits.append(now_s - (starts_utc_ns / SECOND + newest + 1))
        if newest >= seqs.stop:
            break
    connection.close()


def floor_cpu_s(folder: Path, n_bytes: int, seconds: int) -> float:
    """CPU for the same bytes with one write and one fdatasync a tick."""
    ticks = round(seconds / TICK_S)
    chunk = os.urandom(n_bytes // ticks)
    descriptor = os.open(folder / "floor", os.O_WRONLY | os.O_CREAT)
    began = time.process_time()
    for _ in range(ticks):
        os.write(descriptor, chunk)
        os.fdatasync(descriptor)
    spent = time.process_time() - began
    os.close(descriptor)
    return spent


def commits(before: Page, after: Page) -> dict[str, float]:
    """Upper bounds of 50 % and 99 % of the commits between two readings, in ms."""
    counts = {
        float(bound): n - before.values("roomtone_ingest_commit_seconds_bucket").get((bound,), 0)
        for (bound,), n in after.values("roomtone_ingest_commit_seconds_bucket").items()
    }
    total = counts[math.inf]
    found = {"commits": total}
    for name, share in (("commit_p50_below_ms", 0.5), ("commit_p99_below_ms", 0.99)):
        found[name] = min(b for b, n in counts.items() if n >= share * total) * 1e3
    spent = sum(after.values("roomtone_ingest_commit_seconds_sum").values()) - sum(
        before.values("roomtone_ingest_commit_seconds_sum").values()
    )
    found["commit_mean_ms"] = spent / total * 1e3
    return found


def fetch_metrics(port: int, path: str = "/metrics") -> Page:
    page = ask(port, path)
    if page is None:
        raise SystemExit(f"no program answers on port {port}")
    return page


def run(rooms: int, seconds: int, folder: Path) -> dict[str, float]:
    """All figures."""
    ports = {name: free_port() for name in ("broker", "ingest", "score", "dashboard")}
    data = folder / "data"
    # Room 0's seconds are over on whole seconds of UTC, as the page's are.
    starts_utc_ns = (time.time_ns() // SECOND - WARM_S) * SECOND
    prepare(data, rooms, starts_utc_ns)
    config = folder / "server.toml"
    config.write_text(
        f'site = "{SITE}"\ndata_dir = "{data}"\n[broker]\nport = {ports["broker"]}\n'
        f"[ingest]\nmax_clock_error_s = 0\nhealth_port = {ports['ingest']}\n[score]\nhealth_port = {ports['score']}\n"
        f"[dashboard]\nport = {ports['dashboard']}\n"
    )

    def program(name: str) -> list[str]:
        return [sys.executable, "-P", "-m", "roomtone", name, "--config", str(config)]

    _, broker = broker_command(python=sys.executable, port=ports["broker"], folder=folder)
    with ExitStack() as stack:
        broker_process = stack.enter_context(child(broker))
        processes = {
            name: stack.enter_context(child(program(name)))
            for name in ("ingest", "score", "dashboard")
        } | {"mosquitto": broker_process}
        probe = MqttLink(
            broker=BrokerSettings(port=ports["broker"]), client_id="probe", will=None,
            subscriptions=(ingest_state(SITE),),
        )  # fmt: skip
        probe.start()
        wait(probe, lambda message: is_up(message.payload))
        probe.stop()
        began = time.monotonic()
        while ask(ports["score"], "/healthz") is None or fetch_metrics(ports["score"]).values(
            "roomtone_score_epochs_total"
        ).get((), 0) < rooms * (WARM_S // 5):
            ended = [name for name, process in processes.items() if process.poll() is not None]
            if ended:
                raise SystemExit(f"{ended[0]} exited unexpectedly: run it by hand to see why")
            if time.monotonic() - began > 60:
                raise SystemExit("the scorer did not catch up with the first minute")
            time.sleep(0.2)
        caught_up_s = time.monotonic() - began
        # The time until now is a gap: nothing was sampled in it.
        first_seq = int(time.time() - starts_utc_ns / SECOND) + 2
        waits: list[float] = []
        page = threading.Thread(
            target=watch,
            args=(
                ports["dashboard"], starts_utc_ns,
                range(first_seq + SETTLE_S, first_seq + SETTLE_S + seconds - 1), waits,
            ),
            daemon=True,
        )  # fmt: skip
        generator = subprocess.Popen(
            [
                sys.executable, __file__, "--load", str(ports["broker"]), str(rooms),
                str(starts_utc_ns), str(first_seq), str(SETTLE_S + seconds),
            ],
            stdout=subprocess.PIPE,
        )  # fmt: skip
        stack.callback(generator.kill)
        starts_s = starts_utc_ns / SECOND + first_seq + SETTLE_S + 1
        time.sleep(max(0.0, starts_s - time.time()))
        page.start()
        before = fetch_metrics(ports["ingest"])
        cpu = {name: cpu_s(process.pid) for name, process in processes.items()}
        idle_before = idle_s()
        began = time.monotonic()
        time.sleep(max(0.0, starts_s + seconds - time.time()))
        spent = {name: cpu_s(process.pid) - cpu[name] for name, process in processes.items()}
        took = time.monotonic() - began
        idle = (idle_s() - idle_before) / took / (os.cpu_count() or 1)
        after, lag = fetch_metrics(ports["ingest"]), fetch_metrics(ports["score"])
        output, _ = generator.communicate(timeout=60)
        page.join(5)
    load_figures = json.loads(output)
    n = rooms * seconds * LAYOUT.width
    n_bytes = round(load_figures["bytes"] * seconds / (SETTLE_S + seconds))
    floor_s = floor_cpu_s(folder, n_bytes, seconds)
    figures = {
        "rooms": rooms,
        "seconds": seconds,
        "caught_up_s": caught_up_s,
        **{f"{name}_cpu_share": s / took for name, s in spent.items()},
        "load_cpu_share": load_figures["cpu_s"] / (SETTLE_S + took),
        "machine_idle_share": idle,
        "ingest_values_per_cpu_s": n / spent["ingest"],
        "score_values_per_cpu_s": n / spent["score"],
        "ingest_times_the_floor": spent["ingest"] / floor_s,
        **commits(before, after),
        **{f"batches_{key}": load_figures[key] for key in ("sent", "acked", "refused")},
        "load_late_ms": load_figures["late_s"] * 1e3,
        "ack_p50_ms": load_figures["ack_p50_ms"],
        "ack_p99_ms": load_figures["ack_p99_ms"],
        "score_lag_s": max(lag.values("roomtone_score_lag_seconds").values(), default=math.nan),
        "page_events": len(waits),
        "page_p50_ms": float(np.percentile(waits, 50)) * 1e3 if waits else math.nan,
        "page_p99_ms": float(np.percentile(waits, 99)) * 1e3 if waits else math.nan,
    }
    return {key: float(value) for key, value in figures.items()}


def idle_s() -> float:
    """Idle time of all processors so far."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rooms", type=int, default=1_200)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument("--load", nargs=5, type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.load:
        load(*args.load)
        return 0
    if mosquitto_path() is None:
        print("Mosquitto is not installed: sudo apt-get install mosquitto")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        f = run(args.rooms, args.seconds, Path(folder))
    if args.json:
        print(json.dumps({"chain": f}))
        return 0
    print(
        f"{f['rooms']:.0f} rooms of 30 seats for {f['seconds']:.0f} s: of one core, ingest "
        f"{f['ingest_cpu_share']:.0%}, score {f['score_cpu_share']:.0%}, dashboard "
        f"{f['dashboard_cpu_share']:.0%}, Mosquitto {f['mosquitto_cpu_share']:.0%}; the load "
        f"generator {f['load_cpu_share']:.0%}; the machine was idle {f['machine_idle_share']:.0%}\n"
        f"ingest {f['ingest_values_per_cpu_s'] / 1e6:.1f} M values/s of CPU, "
        f"{f['ingest_times_the_floor']:.1f} times the floor (one write + fdatasync a tick); score "
        f"{f['score_values_per_cpu_s'] / 1e6:.1f} M\n"
        f"{f['commits']:.0f} commits, mean {f['commit_mean_ms']:.1f} ms, p50 below "
        f"{f['commit_p50_below_ms']:.1f}, p99 below {f['commit_p99_below_ms']:.1f} ms\n"
        f"{f['batches_acked']:.0f} of {f['batches_sent']:.0f} batches acked, p50 "
        f"{f['ack_p50_ms']:.0f} ms, p99 {f['ack_p99_ms']:.0f} ms; score behind by "
        f"{f['score_lag_s']:.2f} s at the end\n"
        f"second over to Server-Sent Event ({f['page_events']:.0f} seconds): p50 "
        f"{f['page_p50_ms']:.0f} ms, p99 {f['page_p99_ms']:.0f} ms"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
