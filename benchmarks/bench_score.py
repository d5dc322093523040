"""What scoring costs: CPU a room and second while live, and for a whole lesson scored again.

    python benchmarks/bench_score.py [--json]

One process follows durable stores on disk, as `roomtone score` does, with the shipped model; 200
rooms of 30 seats, each in a lesson of its own. Keeping and sending are not in the figures.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from contract.clock import ManualClock
from contract.messages import Birth, Hub, Timebase
from contract.payload import Batch, Layout
from contract.quantities import ROOM_QUANTITIES, SEAT_QUANTITIES
from ingest.scoring.following import Following
from ingest.settings import ScoreSettings
from ingest.stores import (
    open_lesson_store,
    open_period_reader,
    open_period_store,
    open_score_store,
)
from ingest.stores.protocol import PeriodStore
from ingest.stores.records import Arrival, Lesson, Tick
from models.off_task import OffTaskModel

SECOND = 1_000_000_000
ROOMS = 200
LIVE_S = 60
LESSON_S = 3_000
LAYOUT = Layout(tuple(range(1, 31)))


class School:
    """Rooms that are all in a lesson, and send at once."""

    def __init__(self, store: PeriodStore, clock: ManualClock, rooms: int) -> None:
        self._store = store
        self._clock = clock
        self._rooms = rooms
        self._random = np.random.default_rng(1)

    def open(self) -> None:
        tick = Tick(received_utc_ns=self._clock.utc_ns())
        hubs = tuple(
            Hub(hub=f"hub-{i}", firmware="1", seats=LAYOUT.seats[i * 8 : i * 8 + 8],
                sample_rate_hz=50.0, has_sound=i == 0)
            for i in range(4)
        )  # fmt: skip
        for room in range(self._rooms):
            birth = Birth(
                node=f"kit-{room}", run=room, boot=f"boot-{room}", software="1",
                period_ns=SECOND, run_boot_ns=0, hubs=hubs,
                seat_codes=tuple(q.code for q in SEAT_QUANTITIES),
                room_codes=tuple(q.code for q in ROOM_QUANTITIES), units={}, synchronised=True,
            )  # fmt: skip
            tick.births.append(("bench", f"r{room}", birth))
            tick.timebases.append(
                Timebase(
                    node=f"kit-{room}", run=room, boot=f"boot-{room}", boot_ns=0,
                    utc_ns=self._clock.utc_at_boot_ns, error_ns=0, synchronised=True,
                )
            )  # fmt: skip
        self._store.commit(tick)

    def send(self, first: int, n: int, *, is_live: bool) -> None:
        """Periods of every room, kept in one commit."""
        arrivals = [
            Arrival(
                site="bench", room=f"r{room}", is_live=is_live, message=self._batch(room, first, n)
            )
            for room in range(self._rooms)
        ]
        self._store.commit(Tick(received_utc_ns=self._clock.utc_ns(), arrivals=arrivals))

    def _batch(self, room: int, first: int, n: int) -> Batch:
        values = self._random.integers(100, 220, (n, LAYOUT.width), dtype=np.uint16)
        return Batch(
            node=f"kit-{room}", run=room, first_seq=first, boot_ns=first * SECOND,
            period_ns=SECOND, synchronised=True, waited_ms=3, layout=LAYOUT, values=values,
        )  # fmt: skip


def cpu_of(rooms: int, seconds: int, *, is_live: bool) -> float:
    """CPU seconds of scoring these rooms for so long."""
    spent = 0.0
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        clock = ManualClock()
        with (
            closing(open_period_store(directory)) as store,
            closing(open_lesson_store(directory)) as lessons,
            closing(open_period_reader(directory)) as reader,
            closing(open_score_store(directory)) as scores,
        ):
            for room in range(rooms):
                lessons.put(
                    Lesson(
                        id=f"lesson-{room}", room=f"r{room}", teacher="t", title="",
                        starts_utc_ns=clock.utc_at_boot_ns,
                        ends_utc_ns=clock.utc_at_boot_ns + LESSON_S * SECOND, source="timetable",
                    )
                )  # fmt: skip
            school = School(store, clock, rooms)
            school.open()
            following = Following(
                settings=ScoreSettings(), model=OffTaskModel.load(), clock=clock,
                reader=reader, scores=scores, lessons=lessons,
            )  # fmt: skip
            following.begin()
            step = 1 if is_live else 10
            for first in range(0, seconds, step):
                clock.advance(1 if is_live else 0)
                school.send(first, step, is_live=is_live)
                began = time.process_time()
                following.step()
                spent += time.process_time() - began
            clock.advance(3)
            began = time.process_time()
            while following.step():
                pass
            spent += time.process_time() - began
            if not scores.epochs("lesson-0"):
                raise SystemExit("nothing was scored")
    return spent


def main() -> int:
    """Print both figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    args = parser.parse_args()
    live = cpu_of(ROOMS, LIVE_S, is_live=True) / ROOMS / LIVE_S
    lesson = cpu_of(1, LESSON_S, is_live=False)
    figures = {
        "live_us_a_room_second": live * 1e6,
        "live_values_per_cpu_s": LAYOUT.width / live,
        "cores_for_1200_rooms": 1_200 * live,
        "lesson_again_s": lesson,
        "lesson_values_per_cpu_s": LESSON_S * LAYOUT.width / lesson,
    }
    if args.json:
        print(json.dumps({"score": figures}))
        return 0
    print(
        f"live: {figures['live_us_a_room_second']:.0f} µs of CPU a room and second, "
        f"{figures['live_values_per_cpu_s'] / 1e6:.1f} M values/s of CPU; "
        f"{figures['cores_for_1200_rooms']:.2f} of a core for 1,200 rooms"
    )
    print(
        f"a lesson of 50 minutes from history: {lesson * 1e3:.0f} ms of CPU, "
        f"{figures['lesson_values_per_cpu_s'] / 1e6:.1f} M values/s"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
