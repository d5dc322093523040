"""How long the pages' reads of a lesson take, from the store and from a time-series database.

    python benchmarks/bench_reads.py [--json] [--rooms 20] [--lessons 10] [--times 15]

A lesson of 50 minutes in a room of 30 seats and four zones, among so many others of the same rooms.
It is in the embedded store, in VictoriaMetrics (Debian's) and, where .ci/influxd and .ci/influxd2
have built them, in InfluxDB 1.8 and 2 by Flux; each on this computer, with default caches, after its
first read. A read is what the lesson page asks for: the room's seconds with their gaps, the epochs
with their zones, the alerts.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from contract.clock import SECOND_NS, SystemClock
from dashboard_api.reading import SOURCES
from dashboard_api.reading.by_time import TimeScores, TimeSensed
from dashboard_api.reading.kept import KeptReader
from dashboard_api.reading.protocol import SensedReader
from dashboard_api.reading.settings import ReadsSettings
from ingest.stores import open_period_store, open_score_writer
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.memory.scores import MemoryScoreStore
from ingest.stores.protocol import ScoreReader
from school.lessons.records import Lesson
from tests.browser import sample_lesson
from tests.conformance.lesson_lines import lesson_lines, write
from tests.conftest import SEARCH_PATH
from tests.engines import (
    INFLUXD,
    INFLUXD_2,
    Address,
    EngineServer,
    Influx2Server,
    InfluxServer,
    VictoriaServer,
)
from tests.signed_in import open_test_school

START_NS = 1_780_000_000 * SECOND_NS
Figures = dict[str, float]


def lessons(rooms: int, each: int) -> list[sample_lesson.Sample]:
    """The lessons of rooms, one after the other; the first room's first one is measured."""
    return [
        sample_lesson.Sample(
            start_utc_ns=START_NS + at * 3_600 * SECOND_NS, lesson=f"lesson-{room}-{at}",
            room=f"room-{room}", run=1 + at,
        )
        for room in range(rooms)
        for at in range(each)
    ]  # fmt: skip


def milliseconds(work: Callable[[], object], times: int) -> list[float]:
    taken = []
    for _ in range(times + 1):
        begin = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begin) * 1000)
    return taken[1:]


def measured(sensed: SensedReader, scores: ScoreReader, lesson: Lesson, times: int) -> Figures:
    """Medians of the parts and of the whole, and the slowest whole."""
    assert lesson.ends_utc_ns is not None
    span = lesson.room, lesson.starts_utc_ns, lesson.ends_utc_ns
    assert len(scores.epochs(lesson.id)) == 600
    assert len(sensed.room(*span).gaps) == 2
    parts: dict[str, Callable[[], object]] = {
        "seconds": lambda: sensed.room(*span),
        "epochs": lambda: scores.epochs(lesson.id),
        "alerts": lambda: scores.alerts(lesson.id),
        "counts": lambda: sensed.sensed(*span),
    }
    figures = {
        f"{name}_ms": statistics.median(milliseconds(work, times)) for name, work in parts.items()
    }
    whole = milliseconds(
        lambda: (sensed.room(*span), scores.epochs(lesson.id), scores.alerts(lesson.id)), times
    )
    return figures | {"lesson_ms": statistics.median(whole), "slowest_ms": max(whole)}


def of_store(samples: list[sample_lesson.Sample], folder: Path, times: int) -> Figures:
    school = open_test_school(folder / "school")
    periods, scores = open_period_store(folder), open_score_writer(folder)
    made = [sample_lesson.write(periods, scores, school.lessons, each) for each in samples]
    newest = max(each.ends_utc_ns or 0 for each in made)
    while periods.seal(before_utc_ns=newest + 3_600 * SECOND_NS, max_stretches=50):
        pass
    try:
        return measured(KeptReader(periods), scores, made[0], times)
    finally:
        for each in (periods, scores, school):
            each.close()


def of_engine(
    server: EngineServer, address: Address, kind: str, samples: list[sample_lesson.Sample],
    folder: Path, times: int,
) -> Figures:  # fmt: skip
    school = open_test_school(folder)
    known: dict[str, Lesson] = {}
    for sample in samples:
        periods, scores = MemoryPeriodStore(), MemoryScoreStore()
        lesson = sample_lesson.write(periods, scores, school.lessons, sample)
        known[lesson.id] = lesson
        write(address, lesson_lines(periods, scores, lesson))
    if isinstance(server, VictoriaServer):
        server.settle()
    settings = ReadsSettings.checked(
        {"kind": kind, "url": address.url, "org": address.org, "bucket": address.bucket,
         "timeout_s": 60},
        where="here",
    )  # fmt: skip
    source = SOURCES[kind](settings, SecretStr(address.token))
    found = TimeScores(source, ["school"], known.get, SystemClock(), days=3_000)
    try:
        return measured(TimeSensed(source, ["school"]), found, known[samples[0].lesson], times)
    finally:
        found.close()
        school.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rooms", type=int, default=20)
    parser.add_argument("--lessons", type=int, default=10, help="lessons of each room")
    parser.add_argument("--times", type=int, default=15)
    args = parser.parse_args()
    samples, figures = lessons(args.rooms, args.lessons), dict[str, Figures]()
    with tempfile.TemporaryDirectory(prefix="roomtone-bench-") as made_folder:
        folder = Path(made_folder)
        figures["store"] = of_store(samples, folder / "store", args.times)
        victoria = VictoriaServer()
        try:
            victoria.start()
            figures["victoriametrics"] = of_engine(
                victoria, victoria.address, "victoriametrics", samples, folder / "v", args.times
            )
        finally:
            victoria.remove()
        for name, program, made in (
            ("influxdb18", INFLUXD, InfluxServer), ("influxdb2", INFLUXD_2, Influx2Server),
        ):  # fmt: skip
            if shutil.which(program, path=SEARCH_PATH) is None:
                continue
            influx = made()
            try:
                influx.start()
                figures[name] = of_engine(
                    influx, influx.address(), "influxdb2", samples, folder / name, args.times
                )
            finally:
                influx.remove()
    if args.json:
        print(json.dumps(figures))
        return
    for engine, one in figures.items():
        print(f"{engine:16}", "  ".join(f"{what} {value:.1f}" for what, value in one.items()))


if __name__ == "__main__":
    main()
