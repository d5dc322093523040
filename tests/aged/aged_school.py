"""Makes a data directory as it is after a school year, or after a day, in seconds.

    python tests/aged/aged_school.py DIRECTORY [--days 76] [--rooms 40] [--seed 1]

What happened is in `timeline.py`. What is small goes through the stores, as the programs write it.
Sealed values and scores of the past are written as sealing and the scorer leave them, with the
stores' own formats, because keeping and scoring a year would take a while. Seat values of more
than 30 days ago are gone, scores reach back to the year that they may stay; every 150th lesson was
edited afterwards; the scorer has been away since the evening before, for more ticks than the store
lists.
"""

from __future__ import annotations

import argparse
import math
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import numpy as np

from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES, encode
from contract.wire.messages import Birth, Death, Health, Hub, Timebase
from contract.wire.payload import FULL_LAYOUT_CODES, Batch, Layout
from ingest.stores import open_period_store
from ingest.stores.format.chunk_contents import holdings, packed
from ingest.stores.format.chunks import encode_chunk
from ingest.stores.format.day_files import DayFiles, SealedChunk
from ingest.stores.format.schema import layout_body
from ingest.stores.protocol import PeriodStore
from ingest.stores.records import (
    Arrival,
    Tick,
)
from ingest.stores.rows.run_places import place_all
from ingest.stores.rules.admission import STRETCH
from ingest.stores.rules.seal_schedule import KINDS
from tests.aged import timeline
from tests.aged.aged_words import SEATS, edit_some, write_lessons, write_scores, write_words
from tests.aged.timeline import NOW, SECOND_NS, TODAY, YEAR_DAYS, Run, Sitting, utc_ns

SITE = "school"
LAYOUT = Layout(SEATS, *FULL_LAYOUT_CODES)
SEAT_DAYS = 30
KEPT_TICKS = 36_000
UPTIME_ROOM, BOOTS_ROOM = "room-01", "room-02"
"""The kit that has been up for 90 days; the one of whose boots all timebases are kept."""
MINUTE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class AgedSchool:
    """What was made, and where to look at it."""

    directory: Path
    now_utc_ns: int
    rooms: tuple[str, ...]
    lessons: int
    """Behind, those of today included."""
    streams: int
    over: str
    """A lesson that is over today, in the third room; it is not scored yet."""
    running: tuple[Run, ...]
    """The run of each room that is up."""


def planned(directory: Path, *, days: int = YEAR_DAYS, rooms: int = 40) -> AgedSchool:
    """What `build` writes for so many days with lessons, of which today is the last."""
    runs = _runs(days, rooms)
    names = sorted({run.room for run in runs})
    return AgedSchool(
        directory=directory, now_utc_ns=utc_ns(NOW), rooms=tuple(names),
        lessons=sum(len(run.sittings) for run in runs), streams=len(runs),
        over=timeline.lesson_id(names[2 % rooms], TODAY + timeline.BEGIN[0]),
        running=tuple(run for run in runs if not run.is_over),
    )  # fmt: skip


def build(
    directory: Path,
    *,
    days: int = YEAR_DAYS,
    rooms: int = 40,
    seed: int = 1,
    minutely: Collection[str] = (UPTIME_ROOM, BOOTS_ROOM),
) -> AgedSchool:
    """Write a school's data directory, and say what there is.

    The rooms `minutely` have a timebase of each minute that their kits were up.
    """
    random = np.random.default_rng(seed)
    runs = _runs(days, rooms)
    write_lessons(directory, runs)
    with closing(open_period_store(directory)) as store:
        _write_nodes(store, runs)
        keep_timebases(store, runs, minutely)
        ids = {(stream.room, stream.run): stream.id for stream in store.streams()}
    past = [
        (ids[run.room, run.run], sitting)
        for run in runs
        for sitting in run.sittings
        if sitting.starts < TODAY
    ]
    _write_sealed(directory, past, values(random, STRETCH))
    write_scores(directory, past)
    write_words(directory, [sitting for _, sitting in past], random)
    _forget_ticks(directory)
    with closing(open_period_store(directory)) as store:
        _keep_today(store, runs, random)
    edit_some(directory, [sitting.lesson for _, sitting in past])
    return planned(directory, days=days, rooms=rooms)


def _runs(days: int, rooms: int) -> list[Run]:
    """All starts of all kits, in their order."""
    dates = timeline.school_days(days)
    runs = [
        run
        for number in range(1, rooms + 1)
        for run in timeline.runs(
            f"room-{number:02d}", dates, is_uptime=f"room-{number:02d}" == UPTIME_ROOM
        )
    ]
    return sorted(runs, key=lambda run: (run.starts, run.room))


def values(random: np.random.Generator, n: int) -> np.ndarray:
    """(n, width) rows of pupils who move a little."""
    seat = random.normal(-30.0, 3.0, (n, len(SEATS), len(SEAT_QUANTITIES)))
    seat[:, :, 10:] = random.uniform(0.2, 1.0, (n, len(SEATS), 3))
    room = random.normal(60.0, 4.0, (n, len(ROOM_QUANTITIES)))
    return LAYOUT.rows(encode(seat, "seat"), encode(room, "room"))


# ------------------------------------------------------------------ kits


def keep_timebases(store: PeriodStore, runs: Iterable[Run], minutely: Collection[str]) -> None:
    """Keep the timebases of runs as they come."""
    records = (
        record for run in runs for record in timebases(run, is_minutely=run.room in minutely)
    )
    while some := list(islice(records, 5_000)):
        store.commit(Tick(received_utc_ns=utc_ns(TODAY), timebases=some))


def timebases(run: Run, *, is_minutely: bool) -> Iterator[Timebase]:
    """One a minute, or six of the run.

    The kit's clock wanders by 40 ms within nine days, as one that is kept by NTP over a poor network
    does; each record knows UTC to two milliseconds.
    """
    each_s = MINUTE_S if is_minutely else max(MINUTE_S, run.lasts_s // 6)
    for second in range(0, run.lasts_s, each_s):
        boot_ns = run.run_boot_ns + second * SECOND_NS
        yield Timebase(
            node=run.node, run=run.run, boot=run.boot, boot_ns=boot_ns,
            utc_ns=utc_ns(run.boot_at) + boot_ns + _wander_ns(second), error_ns=2_000_000,
            synchronised=True,
        )  # fmt: skip


def _wander_ns(second: int) -> int:
    """How far a clock is ahead: never behind, so that lessons begin where periods do."""
    return (
        round(20e6 * (1 - math.cos(2 * math.pi * second / (9 * 86_400)))) + second * 7 % 1_000_000
    )


def _write_nodes(store: PeriodStore, runs: list[Run]) -> None:
    by_day: dict[datetime, list[Run]] = defaultdict(list)
    for run in runs:
        by_day[run.starts.replace(hour=0, minute=0)].append(run)
    for some in by_day.values():
        starts_utc_ns = utc_ns(some[0].starts)
        store.commit(
            Tick(
                received_utc_ns=starts_utc_ns,
                births=[(SITE, run.room, _birth(run)) for run in some],
                healths=[_health(run) for run in some],
            )
        )
        deaths = [
            (SITE, run.room, Death(node=run.node, run=run.run, boot=run.boot, reason="stopped"))
            for run in some
            if run.is_over
        ]
        store.commit(Tick(received_utc_ns=starts_utc_ns + 12 * 3_600 * SECOND_NS, deaths=deaths))


def _birth(run: Run) -> Birth:
    hubs = tuple(
        Hub(hub=f"hub-{name}", firmware="1", seats=seats, sample_rate_hz=50.0, has_sound=False)
        for name, seats in (("a", SEATS[:6]), ("b", SEATS[6:]))
    )
    return Birth(
        node=run.node, run=run.run, boot=run.boot, software="1", period_ns=SECOND_NS,
        run_boot_ns=run.run_boot_ns, hubs=hubs, seat_codes=FULL_LAYOUT_CODES[0],
        room_codes=FULL_LAYOUT_CODES[1], units={}, synchronised=True,
    )  # fmt: skip


def _health(run: Run) -> Health:
    sampled = len(SEATS) * sum(sitting.length_s for sitting in run.sittings)
    return Health(
        node=run.node, run=run.run, sampled=sampled, published=sampled, acked=sampled, waiting=0,
        gap=0, unsampled=0, is_sampling=False, is_finished=run.is_over, outbox_bytes=0,
        ack_age_ms=1, hubs={},
    )  # fmt: skip


# ------------------------------------------------------------------ what was kept


def _write_sealed(directory: Path, past: list[tuple[int, Sitting]], rows: np.ndarray) -> None:
    """Each lesson as one sealed stretch, listed in main.db and in the ledger; a gap after some."""
    oldest_seats = f"{NOW - timedelta(days=SEAT_DAYS):%Y-%m-%d}"
    with closing(open_period_store(directory)) as store:
        streams = {stream.id: stream for stream in store.streams()}
    seqs = np.arange(STRETCH, dtype=np.int64)
    cut = len(LAYOUT.seat_codes) * len(SEATS)
    is_live = np.ones(STRETCH, np.bool_)
    text = layout_body(LAYOUT)
    by_day: dict[str, list[tuple[int, int, Sitting]]] = defaultdict(list)
    for number, (stream, sitting) in enumerate(past, start=1):
        by_day[f"{sitting.starts:%Y-%m-%d}"].append((number, stream, sitting))
    days = DayFiles(directory)
    listed, ledger, gaps = [], [], []
    for day, some in by_day.items():
        kinds = KINDS if day >= oldest_seats else ("room",)
        for kind in kinds:
            part = rows[:, :cut] if kind == "seat" else rows[:, cut:]
            chunks = []
            for number, stream, sitting in some:
                first = sitting.first_seq
                chunk = SealedChunk(number, stream, first, first + STRETCH - 1, 1, b"")
                body = encode_chunk(seqs + first, is_live, part, key=chunk.key(kind))
                chunks.append(replace(chunk, chunk=body))
            days.write(kind, day, chunks, [streams[stream] for _, stream, _ in some], [(1, text)])
        bits = sum(1 << KINDS.index(kind) for kind in kinds)
        for number, stream, sitting in some:
            first = sitting.first_seq
            held = packed(1, SEATS, first, holdings(LAYOUT, seqs + first, rows))
            last = first + STRETCH - 1
            listed.append((number, stream, first, last, day, bits, held))
            ledger.append((stream, first, last))
            if number % 5 == 0:
                gaps.append((stream, last + 1, last + 5, bytes(SEATS), "serial", None))
    with closing(sqlite3.connect(directory / "main.db")) as database, database:
        database.execute("INSERT OR IGNORE INTO layouts VALUES(1, ?)", (text,))
        database.executemany(
            "INSERT INTO sealed(id, stream, first, last, day, kinds, held) "
            "VALUES(?, ?, ?, ?, ?, ?, ?)", listed,
        )  # fmt: skip
        database.executemany("INSERT INTO ledger VALUES(?, ?, ?)", ledger)
        database.executemany("INSERT INTO gaps VALUES(?, ?, ?, ?, ?, ?)", gaps)
        place_all(database)


def _forget_ticks(directory: Path) -> None:
    """Ingest lists the last 36,000 ticks only: here those of a night in which nothing was kept."""
    with closing(sqlite3.connect(directory / "main.db")) as database, database:
        (newest,) = database.execute("SELECT max(tick) FROM arrivals").fetchone()
        database.execute("DELETE FROM arrivals")
        database.executemany(
            "INSERT INTO arrivals VALUES(?, x'')",
            [(newest + number,) for number in range(1, KEPT_TICKS + 1)],
        )


def _keep_today(store: PeriodStore, runs: list[Run], random: np.random.Generator) -> None:
    """Today's periods up to now, through the store; what is past is sealed."""
    rows = values(random, timeline.LENGTH_TODAY_S)
    today = [(run, each) for run in runs for each in run.sittings if each.starts > TODAY]
    for run, sitting in today:
        n = min(sitting.length_s, (utc_ns(NOW) - utc_ns(sitting.starts)) // SECOND_NS)
        arrivals = [
            Arrival(site=SITE, room=run.room, message=batch, is_live=True)
            for batch in batches(run, sitting.first_seq, rows[:n])
        ]
        received_utc_ns = utc_ns(sitting.starts) + n * SECOND_NS
        store.commit(Tick(received_utc_ns=received_utc_ns, arrivals=arrivals))
    store.seal(before_utc_ns=utc_ns(NOW) - 600 * SECOND_NS)


def batches(run: Run, first_seq: int, rows: np.ndarray) -> Iterator[Batch]:
    """Ten periods each."""
    for at in range(0, len(rows), 10):
        seq = first_seq + at
        yield Batch(
            node=run.node, run=run.run, first_seq=seq,
            boot_ns=run.run_boot_ns + seq * SECOND_NS, period_ns=SECOND_NS, synchronised=True,
            waited_ms=5, layout=LAYOUT, values=rows[at : at + 10],
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--days", type=int, default=YEAR_DAYS)
    parser.add_argument("--rooms", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(build(args.directory, days=args.days, rooms=args.rooms, seed=args.seed))


if __name__ == "__main__":
    main()
