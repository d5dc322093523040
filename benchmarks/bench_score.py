"""The cost of scoring: an epoch of a room, a live school, a lesson from its history.

    python benchmarks/bench_score.py [--json]

The school has 1,200 rooms of 30 seats, each with its own lesson. One process follows durable stores
on disk, as `roomtone score` does, with the shipped model. All seats are judged. The figures do not
include storing and sending. The floor, in the same run: the bare model, called with the same number
of rows; 30 at a time for rooms scored alone, and the rows of a poll for rooms scored together.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contract.clock import ManualClock
from contract.lesson import Zone
from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES, decode
from contract.wire.messages import Birth, Hub, Timebase
from contract.wire.payload import Batch, Layout
from ingest.scoring.follower import Following
from ingest.settings import ScoreSettings
from ingest.stores import open_period_reader, open_period_store, open_score_store
from ingest.stores.protocol import PeriodStore, ScoreStore
from ingest.stores.records import Arrival, Tick
from models.features.seat_features import EPOCH_S, FEATURES
from models.serving.alerts import AlertTracker
from models.serving.off_task import OffTaskModel
from models.serving.scorer import LessonScorer
from school import open_lesson_store
from school.lessons.records import Lesson

SECOND = 1_000_000_000
ROOMS = 1_200
WARM_S = 130  # until zones are decided as well
LIVE_S = 10
TICKS = 10  # a second
LESSON_S = 3_000
SEATS = 30
LAYOUT = Layout(tuple(range(1, SEATS + 1)))
HUBS = tuple(
    Hub(hub=f"hub-{i}", firmware="1", seats=LAYOUT.seats[i * 8 : i * 8 + 8], sample_rate_hz=50.0,
        has_sound=i == 0)
    for i in range(4)
)  # fmt: skip


class School:
    """Rooms that are all in a lesson."""

    def __init__(self, store: PeriodStore, clock: ManualClock, rooms: int) -> None:
        self._store = store
        self._clock = clock
        self._rooms = rooms
        self._random = np.random.default_rng(1)

    def open(self) -> None:
        births, timebases = [], []
        for room in range(self._rooms):
            birth = Birth(
                node=f"kit-{room}", run=room, boot=f"boot-{room}", software="1",
                period_ns=SECOND, run_boot_ns=0, hubs=HUBS,
                seat_codes=tuple(q.code for q in SEAT_QUANTITIES),
                room_codes=tuple(q.code for q in ROOM_QUANTITIES), units={}, synchronised=True,
            )  # fmt: skip
            births.append(("bench", f"r{room}", birth))
            timebases.append(
                Timebase(
                    node=f"kit-{room}", run=room, boot=f"boot-{room}", boot_ns=0,
                    utc_ns=self._clock.utc_at_boot_ns, error_ns=0, synchronised=True,
                )
            )  # fmt: skip
        now_ns = self._clock.utc_ns()
        self._store.commit(Tick(received_utc_ns=now_ns, births=births, timebases=timebases))

    def send(self, first: int, n: int, *, is_live: bool, part: slice = slice(None)) -> None:
        """Periods of these rooms, kept in one commit."""
        arrivals = [
            Arrival(
                site="bench", room=f"r{room}", is_live=is_live, message=self._batch(room, first, n)
            )
            for room in range(self._rooms)[part]
        ]
        self._store.commit(Tick(received_utc_ns=self._clock.utc_ns(), arrivals=arrivals))

    def _batch(self, room: int, first: int, n: int) -> Batch:
        return Batch(
            node=f"kit-{room}", run=room, first_seq=first, boot_ns=first * SECOND,
            period_ns=SECOND, synchronised=True, waited_ms=3, layout=LAYOUT,
            values=kept_values(self._random, n),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Stand:
    """A data directory and a follower of it."""

    clock: ManualClock
    school: School
    following: Following
    scores: ScoreStore

    def step(self) -> float:
        """CPU seconds until everything is scored."""
        began = time.process_time()
        while self.following.step():
            pass
        return time.process_time() - began

    def check(self) -> None:
        """Refuse to report figures if the model had nothing to do."""
        epochs = self.scores.epochs("lesson-0")
        if not epochs or math.isnan(epochs[-1].zones[0].off_task) or len(epochs[-1].zones) < 2:
            raise SystemExit("nothing was scored")


@contextmanager
def stand(model: OffTaskModel, rooms: int) -> Iterator[Stand]:
    """Rooms at the start of their lessons."""
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
                settings=ScoreSettings(), model=model, clock=clock,
                reader=reader, scores=scores, lessons=lessons,
            )  # fmt: skip
            following.begin()
            yield Stand(clock=clock, school=school, following=following, scores=scores)


def kept_values(random: np.random.Generator, n: int) -> np.ndarray:
    """Rows like those of a working class."""
    return random.integers(100, 220, (n, LAYOUT.width), dtype=np.uint16)


def epoch_s(model: OffTaskModel) -> float:
    """CPU seconds of one epoch of one room alone: features, model, zones and alerts."""
    kept = kept_values(np.random.default_rng(2), 2 * WARM_S)
    seat, room = decode(LAYOUT.seat_values(kept), "seat"), decode(LAYOUT.room_values(kept), "room")
    scorer = LessonScorer(
        model=model, seats=LAYOUT.seats,
        zones=tuple(Zone(name=hub.hub, seats=hub.seats) for hub in HUBS),
    )  # fmt: skip
    alerts = AlertTracker(room=model.manifest.room_alerts, zone=model.manifest.zone_alerts)
    began = 0.0
    for first in range(0, len(seat), EPOCH_S):
        if first == WARM_S:
            began = time.process_time()
        part = slice(first, first + EPOCH_S)
        for score in scorer.update(first, seat[part], room[part]):
            alerts.update(score)
    return (time.process_time() - began) / ((len(seat) - WARM_S) // EPOCH_S)


def live_s(model: OffTaskModel) -> float:
    """CPU seconds of a second of the school: a tenth of the rooms with each tick."""
    spent = 0.0
    with stand(model, ROOMS) as here:
        for first in range(0, WARM_S, EPOCH_S):
            here.clock.advance(EPOCH_S)
            here.school.send(first, EPOCH_S, is_live=True)
            here.step()
        for first in range(WARM_S, WARM_S + LIVE_S):
            for tick in range(TICKS):
                here.clock.advance(1 / TICKS)
                here.school.send(first, 1, is_live=True, part=slice(tick, None, TICKS))
                spent += here.step()
        here.check()
    return spent / LIVE_S


def lesson_s(model: OffTaskModel) -> float:
    """CPU seconds of a lesson of one room that comes from history."""
    spent = 0.0
    with stand(model, 1) as here:
        for first in range(0, LESSON_S, 10):
            here.school.send(first, 10, is_live=False)
            spent += here.step()
        here.clock.advance(3)
        spent += here.step()
        here.check()
    return spent


def model_floor_s(model: OffTaskModel, rows: int) -> float:
    """CPU seconds of the bare model for `rows` rows at once."""
    values = np.random.default_rng(3).normal(0.0, 5.0, (rows, len(FEATURES))).astype(np.float32)
    model.probability(values)
    calls = max(10, 6_000 // rows)
    began = time.process_time()
    for _ in range(calls):
        model.probability(values)
    return (time.process_time() - began) / calls


def main() -> int:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    args = parser.parse_args()
    model = OffTaskModel.load()
    epoch, live, lesson = epoch_s(model), live_s(model), lesson_s(model)
    alone, together = model_floor_s(model, SEATS), model_floor_s(model, SEATS * ROOMS // TICKS)
    figures = {
        "epoch_ms": epoch * 1e3,
        "epoch_floor_ms": alone * 1e3,
        "live_us_a_room_second": live / ROOMS * 1e6,
        "live_values_per_cpu_s": ROOMS * LAYOUT.width / live,
        "cores_for_1200_rooms": live,
        "cores_floor": together * TICKS / EPOCH_S,
        "lesson_again_s": lesson,
        "lesson_floor_s": alone * LESSON_S / EPOCH_S,
        "lesson_values_per_cpu_s": LESSON_S * LAYOUT.width / lesson,
    }
    if args.json:
        print(json.dumps({"score": figures}))
        return 0
    print(
        f"an epoch of a room alone: {figures['epoch_ms']:.2f} ms of CPU with features, zones "
        f"and alerts; the bare model {figures['epoch_floor_ms']:.2f} ms\n"
        f"{ROOMS} rooms live: {figures['cores_for_1200_rooms']:.2f} of a core, "
        f"{figures['live_us_a_room_second']:.0f} µs a room and second, "
        f"{figures['live_values_per_cpu_s'] / 1e6:.1f} M values/s of CPU; the bare model "
        f"{figures['cores_floor']:.2f} of a core\n"
        f"a lesson of 50 minutes from history: {lesson * 1e3:.0f} ms of CPU, "
        f"{figures['lesson_values_per_cpu_s'] / 1e6:.1f} M values/s; the bare model "
        f"{figures['lesson_floor_s'] * 1e3:.0f} ms"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
