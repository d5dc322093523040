"""What replicas cost: values/s of the client's CPU, a day's lag of a school, and keeping beside dead ones.

    python benchmarks/bench_replicas.py [--rooms 40] [--hours 6] [--rounds 4] [--json]

The database is a stand-in in a process of its own that reads each request and answers 204, so that only
the client's time is counted. The day is that of a school: so many rooms of 30 seats, each on for so many
hours. Keeping is measured in turns, with `roomtone replicate` feeding three addresses where nothing
listens, and without it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from contract.clock import SECOND_NS, SystemClock
from contract.wire.messages import Birth, Timebase
from contract.wire.payload import Batch, Layout
from ingest.replicas.engines import open_engine
from ingest.replicas.outlet import Outlet, ReplicaFigures
from ingest.replicas.progress import Progress
from ingest.replicas.settings import ReplicaSettings, ReplicateSettings
from ingest.replicating.lessons_feed import LessonsFeed
from ingest.settings import RetentionSettings
from ingest.stores import open_period_reader, open_period_store, open_score_store
from ingest.stores.protocol import PeriodStore
from ingest.stores.records import Arrival, Tick
from school import open_lesson_store
from school.lessons.records import Lesson
from school.settings import LessonSettings

SEATS = tuple(range(1, 31))
LAYOUT = Layout(SEATS)
PERIODS = 10
SEATS_S = 15.0
"""How long single seats are sent: a day of them is sixty times as much as a day of rooms."""


def serve(ready: Connection) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response_only(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ready.send(server.server_address[1])
    server.serve_forever()


@contextmanager
def stand_in() -> Iterator[str]:
    """The address of a database that takes everything."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def batches(room: int, first: int, n: int, values: np.ndarray) -> Arrival:
    message = Batch(
        node=f"kit-{room}", run=1, first_seq=first, boot_ns=first * SECOND_NS, period_ns=SECOND_NS,
        synchronised=True, waited_ms=5, layout=LAYOUT, values=values[:n],
    )  # fmt: skip
    return Arrival(site="school", room=f"room-{room}", message=message, is_live=True)


def keep(store: PeriodStore, rooms: int, seconds: range, values: np.ndarray, utc_ns: int) -> None:
    """So many seconds of all rooms, ten of them a commit."""
    for first in range(seconds.start, seconds.stop, PERIODS):
        now_ns = utc_ns + first * SECOND_NS
        arrivals = [batches(room, first, PERIODS, values) for room in range(rooms)]
        store.commit(Tick(received_utc_ns=now_ns, arrivals=arrivals))


def dated(store: PeriodStore, rooms: int, utc_ns: int) -> None:
    """Kits that are up, and whose clocks are known."""
    births = [
        (
            "school", f"room-{room}",
            Birth(
                node=f"kit-{room}", run=1, boot=f"boot-{room}", software="1", period_ns=SECOND_NS,
                run_boot_ns=0, hubs=(), seat_codes=(), room_codes=(), units={}, synchronised=True,
            ),
        )
        for room in range(rooms)
    ]  # fmt: skip
    timebases = [
        Timebase(
            node=f"kit-{room}", run=1, boot=f"boot-{room}", boot_ns=0, utc_ns=utc_ns, error_ns=1,
            synchronised=True,
        )
        for room in range(rooms)
    ]  # fmt: skip
    store.commit(Tick(received_utc_ns=utc_ns, births=births, timebases=timebases))


def lesson(room: int, begin_ns: int, end_ns: int) -> Lesson:
    return Lesson(
        id=f"lesson-{room}", room=f"room-{room}", teacher="t", title="", starts_utc_ns=begin_ns,
        ends_utc_ns=end_ns, source="timetable",
    )  # fmt: skip


def catch_up(data_dir: Path, url: str, *, with_seats: bool, name: str) -> tuple[int, float, float]:
    """Values, seconds of the client's CPU and seconds until all of it is there."""
    clock = SystemClock()
    replica = ReplicaSettings(
        name=name, kind="victoriametrics", url=url, what="lessons", with_seats=with_seats
    )
    settings, figures = ReplicateSettings(), ReplicaFigures()
    with (
        closing(Progress(data_dir, name)) as progress,
        closing(open_engine(replica, clock)) as engine,
        closing(open_period_reader(data_dir)) as reader,
        closing(open_score_store(data_dir)) as scores,
        closing(open_lesson_store(data_dir)) as lessons,
    ):
        outlet = Outlet(
            engine=engine, progress=progress, replica=replica, settings=settings, clock=clock,
            figures=figures,
        )  # fmt: skip
        feed = LessonsFeed(
            replica=replica, reader=reader, scores=scores, lessons=lessons, clock=clock,
            progress=progress, outlet=outlet, longest_ns=LessonSettings().longest_ns,
            retention=RetentionSettings(),
            is_stopped=lambda: with_seats and time.perf_counter() - began > SEATS_S,
        )  # fmt: skip
        began, cpu = time.perf_counter(), time.process_time()
        feed.step()
        return figures.values, time.process_time() - cpu, time.perf_counter() - began


def dead_addresses(count: int) -> list[str]:
    found = []
    for _ in range(count):
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            found.append(f"http://127.0.0.1:{free.getsockname()[1]}")
    return found


@contextmanager
def replicating(data_dir: Path, folder: Path) -> Iterator[None]:
    """`roomtone replicate` with three replicas that are down."""
    tables = "".join(
        f'[[replicas]]\nname = "dead-{at}"\nkind = "influxdb2"\nwhat = "lessons"\nurl = "{url}"\n'
        for at, url in enumerate(dead_addresses(3))
    )
    config = folder / "server.toml"
    config.write_text(
        f'site = "school"\ndata_dir = "{data_dir}"\n[replicate]\nhealth_port = 0\n{tables}'
    )
    words = [sys.executable, "-m", "roomtone", "--log-level", "error", "replicate"]
    program = subprocess.Popen([*words, "--config", str(config)], stderr=subprocess.DEVNULL)
    status = data_dir / "replicas" / "status.json"
    try:
        while not (status.exists() and "can't be reached" in status.read_text()):
            assert program.poll() is None
            time.sleep(0.1)
        yield
    finally:
        program.terminate()
        program.wait(60)
        status.unlink(missing_ok=True)


def keeping(folder: Path, rooms: int, rounds: int) -> tuple[float, float]:
    """Microseconds of CPU for a kept period: with no replica, and with three that are down."""
    values = np.random.default_rng(1).integers(0, 400, (PERIODS, LAYOUT.width)).astype(np.uint16)
    data_dir, utc_ns = folder / "keeping", time.time_ns()
    taken: dict[bool, list[float]] = {False: [], True: []}
    with closing(open_lesson_store(data_dir)) as lessons:
        for room in range(rooms):
            lessons.put(lesson(room, utc_ns - SECOND_NS, utc_ns + 36_000 * SECOND_NS))
    with closing(open_period_store(data_dir)) as store:
        dated(store, rooms, utc_ns)
        keep(store, rooms, range(100), values, utc_ns)
        for turn in range(2 * rounds):
            span = range(100 + turn * 500, 100 + (turn + 1) * 500)
            is_fed = turn % 2 == 1
            if is_fed:
                with replicating(data_dir, folder):
                    cpu = time.process_time()
                    keep(store, rooms, span, values, utc_ns)
                    cpu = time.process_time() - cpu
            else:
                cpu = time.process_time()
                keep(store, rooms, span, values, utc_ns)
                cpu = time.process_time() - cpu
            taken[is_fed].append(1e6 * cpu / (rooms * len(span)))
    return statistics.median(taken[False]), statistics.median(taken[True])


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rooms", type=int, default=40)
    parser.add_argument("--hours", type=float, default=6.0)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="roomtone-replicas-"))
    seconds = round(args.hours * 3_600)
    figures: dict[str, float] = {"rooms": args.rooms, "hours": args.hours}
    try:
        values = (
            np.random.default_rng(1).integers(0, 400, (PERIODS, LAYOUT.width)).astype(np.uint16)
        )
        data_dir, begin_ns = folder / "data", time.time_ns() - (seconds + 600) * SECOND_NS
        with closing(open_period_store(data_dir)) as store:
            dated(store, args.rooms, begin_ns)
            for first in range(0, seconds, 600):
                keep(store, args.rooms, range(first, min(seconds, first + 600)), values, begin_ns)
                store.seal(before_utc_ns=begin_ns + (first + 600) * SECOND_NS)
        with closing(open_lesson_store(data_dir)) as lessons:
            for room in range(args.rooms):
                lessons.put(lesson(room, begin_ns, begin_ns + seconds * SECOND_NS))
        with stand_in() as url:
            sent, cpu_s, took_s = catch_up(data_dir, url, with_seats=False, name="rooms")
            show(
                figures, as_json=args.json, day_values=sent, day_s=took_s,
                values_per_cpu_s=sent / cpu_s,
            )  # fmt: skip
            sent, cpu_s, took_s = catch_up(data_dir, url, with_seats=True, name="seats")
            show(
                figures, as_json=args.json, with_seats_values=sent, with_seats_s=took_s,
                with_seats_values_per_cpu_s=sent / cpu_s,
            )  # fmt: skip
        alone, beside = keeping(folder, args.rooms, args.rounds)
        show(
            figures, as_json=args.json, keeping_us=alone, keeping_beside_us=beside,
            keeping_dearer_percent=100 * (beside / alone - 1),
        )  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if args.json:
        print(json.dumps(figures))
    return 0


def show(figures: dict[str, float], *, as_json: bool, **more: float) -> None:
    """Add figures, and print them as they come."""
    figures |= more
    if not as_json:
        for name, value in more.items():
            print(f"{name:30} {value:14,.1f}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
