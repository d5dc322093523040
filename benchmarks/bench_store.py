"""The cost of storing: values stored per second of CPU, bytes at rest and written, and reads.

    python benchmarks/bench_store.py [--json]

The data is simulated lessons of 30 seats (395 values per second). Every figure has a floor from the
same run, with the same bytes and disk: for storing, one `write` and one `fdatasync` per tick; for
reading, one `pread` of the raw values.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contract.quantities import table as quantities
from contract.wire.messages import Birth, Timebase
from contract.wire.payload import Batch, Layout
from ingest.stores import open_period_reader, open_period_store, open_score_store
from ingest.stores.protocol import PeriodStore
from ingest.stores.records import Arrival, EpochRecord, Tick, ZoneEpoch
from simulators.lessons import draw_scenario, simulate_lesson

SECOND = 1_000_000_000
UTC_NS = 1_772_445_600 * SECOND
LESSON_S = 2_700
_FLOOR_TICKS = 500
Rows = NDArray[np.uint16]
Figures = dict[str, float]


def simulated(lessons: int) -> tuple[Layout, Rows]:
    """The rows of some simulated lessons of 30 seats, one after the other."""
    rows = []
    layout = Layout(())
    for seed in range(lessons):
        lesson = simulate_lesson(draw_scenario(seed), seed)
        layout = Layout(tuple(range(1, 31)))
        seat = quantities.encode(lesson.seat, "seat")[:, :30]
        rows.append(layout.rows(seat, quantities.encode(lesson.room, "room"))[:LESSON_S])
    return layout, np.concatenate(rows)


class LessonRooms:
    """Batches of many rooms, each with its own lesson, which begins at another time."""

    def __init__(self, layout: Layout, rows: Rows, *, name: str, rooms: int) -> None:
        self.layout, self.rows, self.name, self.rooms = layout, rows, name, rooms

    def batch(self, room: int, seq: int, n: int) -> Batch:
        at = (seq + room * 977) % (len(self.rows) - n)
        return Batch(
            node=f"{self.name}-{room}",
            run=1,
            first_seq=seq,
            boot_ns=seq * SECOND,
            period_ns=SECOND,
            synchronised=True,
            waited_ms=20 if n == 1 else None,
            layout=self.layout,
            # A copy, as the decoder's values are one message's own.
            values=self.rows[at : at + n].copy(),
        )

    def live(self, second: int) -> list[Tick]:
        """A second in ten ticks; each room has its place in the second, and began when it did."""
        ticks = []
        for tenth in range(10):
            rooms = range(tenth, self.rooms, 10)
            now_ns = UTC_NS + second * SECOND + tenth * SECOND // 10
            ticks.append(self._tick([self.batch(r, second + r * 13, 1) for r in rooms], now_ns))
        return ticks

    def backlog(self, tick: int) -> Tick:
        """A hundred batches of ten periods, from all rooms in turn."""
        each = 100 // self.rooms
        return self._tick(
            [
                self.batch(r, (tick * each + i) * 10, 10)
                for r in range(self.rooms)
                for i in range(each)
            ]
        )

    def _tick(self, batches: list[Batch], now_ns: int = UTC_NS) -> Tick:
        return Tick(
            received_utc_ns=now_ns,
            arrivals=[Arrival(site="s", room=b.node, message=b, is_live=b.n == 1) for b in batches],
        )

    def dates(self) -> Tick:
        """Births and timebases of all rooms, so that what they sent can be sealed."""
        births, timebases = [], []
        for room in range(self.rooms):
            node, boot = f"{self.name}-{room}", f"boot-{self.name}-{room}"
            birth = Birth(
                node=node, run=1, boot=boot, software="bench", period_ns=SECOND, run_boot_ns=0,
                hubs=(), seat_codes=(), room_codes=(), units={}, synchronised=True,
            )  # fmt: skip
            births.append(("s", node, birth))
            timebases.append(
                Timebase(
                    node=node, run=1, boot=boot, boot_ns=0, utc_ns=UTC_NS, error_ns=0,
                    synchronised=True,
                )
            )  # fmt: skip
        return Tick(received_utc_ns=UTC_NS, births=births, timebases=timebases)


def bytes_written() -> int:
    """Bytes this process has sent to the disk; 0 if the kernel does not report it."""
    try:
        fields = Path("/proc/self/io").read_text(encoding="ascii").split()
    except OSError:
        return 0
    return int(fields[fields.index("write_bytes:") + 1])


def batches_of(tick: Tick) -> list[Batch]:
    return [a.message for a in tick.arrivals if isinstance(a.message, Batch)]


def measure_commits(store: PeriodStore, ticks: list[Tick], directory: Path) -> Figures:
    """Commit ticks, and write the same values plainly; both per second of CPU."""
    values = sum(batch.values.size for tick in ticks for batch in batches_of(tick))
    written, cpu, wall = bytes_written(), time.process_time(), time.perf_counter()
    for tick in ticks:
        store.commit(tick)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    written = bytes_written() - written
    floor_cpu, floor_wall = time.process_time(), time.perf_counter()
    with (directory / "floor").open("wb", buffering=0) as floor:
        for tick in ticks[:_FLOOR_TICKS]:
            parts = [batch.values.tobytes() for batch in batches_of(tick)]
            floor.write(b"".join(parts))
            os.fdatasync(floor.fileno())
    floor_cpu = time.process_time() - floor_cpu
    floor_wall = time.perf_counter() - floor_wall
    share = min(len(ticks), _FLOOR_TICKS) / len(ticks)
    batches = sum(len(t.arrivals) for t in ticks)
    return {
        "values_per_cpu_s": values / cpu,
        "cpu_us_per_batch": cpu / batches * 1e6,
        "ms_per_tick": wall / len(ticks) * 1e3,
        "bytes_written_per_value": written / values,
        "cpu_times_floor": cpu * share / floor_cpu,
        "wall_times_floor": wall * share / floor_wall,
    }


def timed(ask: Callable[[], object], repeats: int = 9) -> float:
    """Milliseconds of the fastest of some calls."""
    best = math.inf
    for _ in range(repeats):
        began = time.perf_counter()
        ask()
        best = min(best, time.perf_counter() - began)
    return best * 1e3


def drop_from_cache(directory: Path) -> None:
    """Ask the kernel to forget the files, as far as it does that for anyone."""
    for path in directory.rglob("*.db*"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def reads(directory: Path, stream_id: int, first: int, last: int) -> Figures:
    """Reading a span of a room: cold, warm, and its raw values from a plain file."""
    drop_from_cache(directory)
    began = time.perf_counter()
    reader = open_period_reader(directory)
    periods = reader.read(stream_id, first, last)
    cold = (time.perf_counter() - began) * 1e3
    assert sum(len(p.seqs) for p in periods) == last - first + 1
    warm = timed(lambda: reader.read(stream_id, first, last))
    reader.close()
    raw = directory / "raw"
    raw.write_bytes(np.concatenate([p.values for p in periods]).tobytes())
    floor = timed(lambda: np.fromfile(raw, dtype=np.uint16))
    return {"cold_ms": cold, "warm_ms": warm, "warm_times_floor": warm / floor}


def measure_sealing(store: PeriodStore, directory: Path, rooms: LessonRooms) -> Figures:
    """Seal everything; returns the cost and the size at rest."""
    store.commit(rooms.dates())
    cpu = time.process_time()
    moved = store.seal(before_utc_ns=UTC_NS + 30 * 24 * 3600 * SECOND)
    cpu = time.process_time() - cpu
    values = moved * rooms.layout.width
    at_rest = sum(path.stat().st_size for path in (directory / "days").iterdir())
    return {"values_per_cpu_s": values / cpu, "bytes_at_rest_per_value": at_rest / values}


def scores(directory: Path) -> Figures:
    """Keep and read a lesson of 600 epochs with five zones."""
    store = open_score_store(directory)
    zones = tuple(
        ZoneEpoch(
            zone=name, seats=7, movement_db=1.0, movement_low_db=0.0, movement_high_db=2.0,
            off_task=0.3, off_task_low=0.2, off_task_high=0.5, moving_seats=0.4, fidgets=1.0,
            noise_db=2.0,
        )
        for name in ("room", "hub-a", "hub-b", "hub-c", "hub-d")
    )  # fmt: skip
    epochs = [
        EpochRecord(
            lesson="l", stream_id=1, first_seq=5 * i, utc_ns=5 * i * SECOND, model="m", zones=zones
        )
        for i in range(600)
    ]
    cpu = time.process_time()
    store.commit(cursor=1, epochs=epochs)
    cpu = time.process_time() - cpu
    assert store.epochs("l") == epochs
    warm = timed(lambda: store.epochs("l"))
    store.close()
    return {"keep_us_per_epoch": cpu / len(epochs) * 1e6, "read_lesson_ms": warm}


def measure_store(directory: Path) -> dict[str, Figures]:
    """All figures, by what they are about."""
    layout, rows = simulated(3)
    found: dict[str, Figures] = {}
    store = open_period_store(directory)
    forty = LessonRooms(layout, rows, name="live", rooms=40)
    found["keep: live, 40 rooms"] = measure_commits(
        store, [t for s in range(320) for t in forty.live(s)], directory
    )
    (stream_id,) = (s.id for s in store.streams("live-4"))
    found["read: five minutes of a room, live"] = reads(directory, stream_id, 52 + 10, 52 + 309)
    many = LessonRooms(layout, rows, name="many", rooms=1_200)
    found["keep: live, 1,200 rooms"] = measure_commits(
        store, [t for s in range(40) for t in many.live(s)], directory
    )
    ten = LessonRooms(layout, rows, name="backlog", rooms=10)
    found["keep: backlog, batches of ten"] = measure_commits(
        store, [ten.backlog(t) for t in range(27)], directory
    )
    (stream_id,) = (s.id for s in store.streams("backlog-3"))
    found["read: a 45-minute lesson, live"] = reads(directory, stream_id, 0, LESSON_S - 1)
    found["seal: ten lessons of 45 minutes"] = measure_sealing(store, directory, ten)
    found["read: a 45-minute lesson, sealed"] = reads(directory, stream_id, 0, LESSON_S - 1)
    store.close()
    found["scores: 600 epochs, five zones"] = scores(directory)
    return found


def main() -> None:
    """Measure and print, as a table or as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-store-", dir=Path.cwd()) as name:
        found = measure_store(Path(name))
    if arguments.json:
        print(json.dumps(found))
        return
    print("store, on simulated lessons of 30 seats (395 values a second)")
    for what, figures in found.items():
        print(what)
        for figure, value in figures.items():
            shown = f"{value / 1e6:,.1f} M" if value > 1e5 else f"{value:,.3g}"
            print(f"    {figure.replace('_', ' '):<26}{shown:>12}")


if __name__ == "__main__":
    main()
