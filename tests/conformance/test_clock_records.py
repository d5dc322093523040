"""What every period store does with what kits say of their clocks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from contract.wire.messages import Birth, Timebase
from contract.wire.payload import Batch, Layout
from ingest.stores import PERIOD_STORES, open_period_store
from ingest.stores.memory import clocks as memory_clocks
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.protocol import PeriodStore
from ingest.stores.records import Arrival, Purge, Tick
from ingest.stores.rows import clocks as clock_rows

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
UTC_NS = 1_772_445_600 * SECOND
LAYOUT = Layout((1, 2, 5), (1, 2, 11), (1, 2))


@pytest.fixture(params=sorted(PERIOD_STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PeriodStore]:
    made = MemoryPeriodStore() if request.param == "memory" else open_period_store(tmp_path)
    yield made
    made.close()


def birth(node: str = "pi-1", boot: str = "boot-1", run: int = 7) -> Birth:
    return Birth(
        node=node, run=run, boot=boot, software="1", period_ns=SECOND, run_boot_ns=0, hubs=(),
        seat_codes=(1,), room_codes=(1,), units={}, synchronised=True,
    )  # fmt: skip


def batch(node: str = "pi-1", run: int = 7, first: int = 0, n: int = 10) -> Batch:
    return Batch(
        node=node, run=run, first_seq=first, boot_ns=first * SECOND, period_ns=SECOND,
        synchronised=True, waited_ms=None, layout=LAYOUT,
        values=np.ones((n, LAYOUT.width), np.uint16),
    )  # fmt: skip


def timebase(
    at_ns: int = 0, utc_ns: int = UTC_NS, *, node: str = "pi-1", boot: str = "boot-1",
    is_synchronised: bool = True, error_ns: int = 50_000_000,
) -> Timebase:  # fmt: skip
    return Timebase(
        node=node, run=7, boot=boot, boot_ns=at_ns, utc_ns=utc_ns + at_ns, error_ns=error_ns,
        synchronised=is_synchronised,
    )  # fmt: skip


def tick(*timebases: Timebase, births: tuple[Birth, ...] = (), **rooms: Batch) -> Tick:
    return Tick(
        received_utc_ns=UTC_NS + 3_600 * SECOND,
        births=[("school", "r1", each) for each in births],
        timebases=list(timebases),
        arrivals=[
            Arrival(site="school", room=room, message=message, is_live=False)
            for room, message in rooms.items()
        ],
    )


def test_a_record_counts_only_for_the_node_that_sent_it(store: PeriodStore) -> None:
    store.commit(tick(births=(birth(), birth("pi-2", run=8))))
    other = timebase(utc_ns=1_000 * SECOND, node="pi-2")
    store.commit(tick(other, timebase()))
    assert store.timebases(store.stream(1)) == [timebase()]
    assert store.timebases(store.stream(2)) == [other]


def test_a_record_of_an_unset_clock_dates_nothing(store: PeriodStore) -> None:
    store.commit(tick(births=(birth(),)))
    store.commit(tick(*(timebase(i * MINUTE, 5, is_synchronised=False) for i in (0, 2, 1))))
    assert store.timebases(store.stream(1)) == []
    assert store.undated() == store.undated("r1") == [1]
    assert store.undated("r2") == []
    store.commit(tick(timebase(9 * MINUTE)))
    assert store.timebases(store.stream(1)) == [timebase(9 * MINUTE)]
    assert store.undated() == store.undated("r1") == []


def test_a_record_a_minute_does_not_grow_the_store(store: PeriodStore) -> None:
    store.commit(tick(births=(birth(),)))
    for i in range(500):
        store.commit(tick(timebase(i * MINUTE), timebase(i * MINUTE, 5, is_synchronised=False)))
    assert store.timebases(store.stream(1)) == [timebase(), timebase(499 * MINUTE)]


def test_records_are_read_by_range_with_their_neighbours(store: PeriodStore) -> None:
    store.commit(tick(births=(birth(),)))
    marks = [timebase(i * MINUTE, UTC_NS + i * SECOND) for i in range(10)]
    store.commit(tick(*marks))
    stream = store.stream(1)
    assert store.timebases(stream) == marks
    found = store.timebases(stream, from_boot_ns=3 * MINUTE + 1, to_boot_ns=5 * MINUTE - 1)
    assert found == marks[3:6]
    assert store.timebases(stream, from_boot_ns=4 * MINUTE, to_boot_ns=4 * MINUTE) == [marks[4]]
    assert store.timebases(stream, from_boot_ns=99 * MINUTE, to_boot_ns=1 << 65) == [marks[9]]
    assert store.timebases(stream, from_boot_ns=-5, to_boot_ns=0) == [marks[0]]


def test_records_are_read_by_the_time_that_they_date(store: PeriodStore) -> None:
    store.commit(tick(births=(birth(),)))
    marks = [timebase(i * MINUTE, UTC_NS + i % 3 * SECOND) for i in range(10)]
    store.commit(tick(*marks))
    stream = store.stream(1)

    def between(start_ns: int, end_ns: int) -> list[Timebase]:
        return store.timebases_between(stream, UTC_NS + start_ns, UTC_NS + end_ns)

    assert between(3 * MINUTE + 2 * SECOND, 5 * MINUTE - SECOND) == marks[3:6]
    assert between(3 * MINUTE + SECOND, 5 * MINUTE) == marks[2:7]
    assert between(4 * MINUTE + 10 * SECOND, 4 * MINUTE + 20 * SECOND) == marks[4:6]
    assert between(99 * MINUTE, 1 << 62) == [marks[9]]
    assert between(-UTC_NS, 1 << 62) == marks
    assert between(-UTC_NS, -UTC_NS) == [marks[0]]
    store.commit(tick(births=(birth("pi-2", run=8),)))
    assert store.timebases_between(store.stream(2), 0, 1 << 62) == []


def test_a_node_that_sends_records_without_end_fills_only_its_own_share(
    store: PeriodStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_rows, "MAX_RECORDS", 20)
    monkeypatch.setattr(memory_clocks, "MAX_RECORDS", 20)
    store.commit(tick(births=(birth(), birth("pi-2", run=8))))
    for i in range(30):
        store.commit(tick(timebase(i * MINUTE, UTC_NS + i * SECOND)))
        store.commit(tick(timebase(boot=f"b{i}", is_synchronised=False)))
    assert store.refused_timebases == 40
    store.commit(tick(timebase(node="pi-2")))
    assert store.timebases(store.stream(2)) == [timebase(node="pi-2")]
    assert len(store.timebases(store.stream(1))) == 10
    assert store.refused_timebases == 40


def test_runs_are_found_by_time(store: PeriodStore) -> None:
    hour = 3_600 * SECOND
    boots = tuple(birth(boot=f"boot-{i}", run=i) for i in range(1, 6))
    records = [timebase(boot=f"boot-{i}", utc_ns=UTC_NS + i * hour) for i in range(1, 5)]
    store.commit(tick(*records, births=boots))
    for i in range(1, 6):
        store.commit(tick(r1=batch(run=i, n=10)))

    def found(start_ns: int, end_ns: int) -> list[int]:
        return [stream.run for stream in store.streams_between("r1", start_ns, end_ns)]

    at = UTC_NS + 2 * hour
    assert found(at, at + SECOND) == [2]
    assert found(at + 9 * SECOND, at + hour) == [2]
    assert found(at + 10 * SECOND, at + hour) == []
    assert found(at, at + hour + 1) == [2, 3]
    assert found(0, 1 << 62) == [1, 2, 3, 4]
    assert store.streams_between("r2", 0, 1 << 62) == []
    store.commit(tick(births=(birth("pi-0", run=9),)))
    assert [stream.run for stream in store.newest_runs("r1")] == [9, 5]
    assert store.newest_runs("r2") == []


def test_a_purge_is_done_again_for_the_node_that_is_dated_and_for_no_other(
    store: PeriodStore,
) -> None:
    store.commit(tick(births=(birth(), birth("pi-2", run=8)), r1=batch()))
    purge = Purge(id="p", room="r1", from_utc_ns=1, to_utc_ns=UTC_NS + 5 * SECOND)
    list(store.purge(purge))
    store.commit(tick(timebase(node="pi-3")))
    assert store.purges_due() == []
    store.commit(tick(timebase()))
    assert store.purges_due() == [purge]
    list(store.purge(purge))
    (periods,) = store.read(1, 0, 99)
    assert periods.seqs.tolist() == [5, 6, 7, 8, 9]
