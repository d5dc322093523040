"""How long it takes to move a site to another store: seconds of its kits for each second, and megabytes.

    python benchmarks/bench_site_move.py [--rooms N] [--lessons N] [--json]

The store has two sites with as many rooms each; the lessons of one of them are moved, sealed but for
the last minutes. The other site's rooms show what removing costs beside what stays.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from contract.wire.messages import Birth, Timebase
from contract.wire.payload import Batch, Layout
from ingest.moving.site_move import move_site
from ingest.stores import open_period_store
from ingest.stores.records import Arrival, Tick

SECOND = 1_000_000_000
UTC_NS = 1_772_445_600 * SECOND
LESSON_S = 2_700
SEATS = 30
_TICK_S = 10


def _fill(directory: Path, rooms: int, lessons: int) -> int:
    """Keep the lessons of all rooms of both sites; how many room-seconds one site has."""
    layout = Layout(tuple(range(1, SEATS + 1)))
    random = np.random.default_rng(1)
    walk = np.cumsum(random.integers(-3, 4, (LESSON_S + 977, layout.width)), axis=0)
    rows = (20_000 + walk).astype(np.uint16)
    kits = [(site, f"{site}-{room}") for site in ("moves", "stays") for room in range(rooms)]
    with closing(open_period_store(directory)) as store:
        for at, (site, room) in enumerate(kits):
            birth = Birth(
                node=room, run=at + 1, boot=f"boot-{room}", software="1", period_ns=SECOND,
                run_boot_ns=0, hubs=(), seat_codes=(), room_codes=(), units={}, synchronised=True,
            )  # fmt: skip
            timebase = Timebase(
                node=room, run=at + 1, boot=f"boot-{room}", boot_ns=0, utc_ns=UTC_NS,
                error_ns=1_000_000, synchronised=True,
            )  # fmt: skip
            store.commit(
                Tick(received_utc_ns=UTC_NS, births=[(site, room, birth)], timebases=[timebase])
            )
        for seq in range(0, lessons * LESSON_S, _TICK_S):
            now_ns = UTC_NS + seq * SECOND
            arrivals = []
            for at, (site, room) in enumerate(kits):
                begin = (seq + 37 * at) % LESSON_S
                batch = Batch(
                    node=room, run=at + 1, part=0, first_seq=seq, boot_ns=seq * SECOND,
                    period_ns=SECOND, synchronised=True, waited_ms=5, layout=layout,
                    values=rows[begin : begin + _TICK_S],
                )  # fmt: skip
                arrivals.append(Arrival(site=site, room=room, message=batch, is_live=True))
            store.commit(Tick(received_utc_ns=now_ns, arrivals=arrivals))
            if seq % 300 == 0:
                store.seal(before_utc_ns=now_ns - 600 * SECOND, now_utc_ns=now_ns)
    return rooms * lessons * LESSON_S


def _bytes(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*.db"))


def measure(rooms: int, lessons: int) -> dict[str, float]:
    """Fill, move, and measure."""
    with tempfile.TemporaryDirectory() as folder:
        old, new = Path(folder, "old"), Path(folder, "new")
        seconds = _fill(old, rooms, lessons)
        began, cpu = time.perf_counter(), time.process_time()
        moved = move_site("moves", old, new)
        took_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
        assert moved.periods == seconds
        return {
            "rooms": rooms,
            "room_seconds": seconds,
            "moved_mb": round(_bytes(new) / 1e6, 1),
            "took_s": round(took_s, 2),
            "cpu_s": round(cpu_s, 2),
            "room_seconds_per_s": round(seconds / took_s),
            "lessons_per_s": round(seconds / LESSON_S / took_s, 1),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, default=20)
    parser.add_argument("--lessons", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    args = parser.parse_args()
    found = measure(args.rooms, args.lessons)
    for name, value in found.items():
        print(f"{name:20} {value:g}")
    if args.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
