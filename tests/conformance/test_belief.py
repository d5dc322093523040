"""Which clocks a store believes, on every store: what is wrong is kept, and dates nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.wire.messages import Birth, Timebase
from contract.wire.payload import Batch, Layout
from ingest.stores import PERIOD_STORES, open_period_reader, open_period_store
from ingest.stores.clock_records import ClockClaim, SeenClock
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.protocol import PeriodStore
from ingest.stores.records import Arrival, Purge, Tick
from ingest.stores.rules.dating import UNDATED, utc_of

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
NOW = 1_772_445_600 * SECOND
ZERO = NOW - 1_000 * SECOND
"""Where the boot clock truly stands."""
BOUND = 300 * SECOND
LAYOUT = Layout((1, 2, 5), (1, 2, 11), (1, 2))


@pytest.fixture(params=sorted(PERIOD_STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PeriodStore]:
    made = MemoryPeriodStore() if request.param == "memory" else open_period_store(tmp_path)
    made.judge_clocks(bound_ns=BOUND)
    made.commit(tick(births=True))
    yield made
    made.close()


def record(at_s: int, off_ns: int) -> Timebase:
    return Timebase(
        node="pi-1", run=7, boot="b", boot_ns=at_s * SECOND, utc_ns=ZERO + off_ns + at_s * SECOND,
        error_ns=50_000_000, synchronised=True,
    )  # fmt: skip


def tick(
    *records: Timebase, seen_ns: int | None = None, births: bool = False,
    received_utc_ns: int = NOW, first: int | None = None,
) -> Tick:  # fmt: skip
    birth = Birth(
        node="pi-1", run=7, boot="b", software="1", period_ns=SECOND, run_boot_ns=0, hubs=(),
        seat_codes=(1,), room_codes=(1,), units={}, synchronised=True,
    )  # fmt: skip
    batches = [] if first is None else [
        Batch(
            node="pi-1", run=7, first_seq=first, boot_ns=first * SECOND, period_ns=SECOND,
            synchronised=True, waited_ms=10, layout=LAYOUT,
            values=np.ones((10, LAYOUT.width), np.uint16),
        )
    ]  # fmt: skip
    return Tick(
        received_utc_ns=received_utc_ns,
        births=[("school", "r1", birth)] if births else [],
        timebases=list(records),
        seen_clocks=[] if seen_ns is None else [SeenClock(node="pi-1", run=7, offset_ns=seen_ns)],
        arrivals=[Arrival(site="school", room="r1", message=b, is_live=True) for b in batches],
    )


def dated(store: PeriodStore, seq: int = 0) -> int:
    stream = store.stream(1)
    return int(utc_of(stream, [seq], store.timebases(stream))[0])


def test_a_clock_that_the_server_confirms_is_believed(store: PeriodStore) -> None:
    store.commit(tick(record(900, 299 * SECOND), seen_ns=ZERO))
    assert dated(store) == ZERO + 299 * SECOND
    assert store.clock_claim(store.stream(1)) is None
    assert store.clock_claims(limit=9) == []


@pytest.mark.parametrize("off_ns", (-400 * DAY, -301 * SECOND, 400 * DAY, 301 * SECOND))
def test_a_clock_that_contradicts_what_is_seen_is_kept_and_dates_nothing(
    store: PeriodStore, off_ns: int
) -> None:
    store.commit(tick(seen_ns=ZERO, first=0))
    store.commit(tick(record(900, off_ns)))
    assert dated(store) == UNDATED
    assert store.undated() == [1]
    claim = ClockClaim(utc_ns=ZERO + 900 * SECOND + off_ns, off_ns=off_ns)
    assert store.clock_claim(store.stream(1)) == claim
    assert store.clock_claims(limit=9) == [(store.stream(1), claim)]
    assert store.streams_between("r1", 0, 1 << 62) == []


def test_the_evidence_may_come_after_the_record(store: PeriodStore) -> None:
    store.commit(tick(record(900, -400 * DAY)))
    assert dated(store) == ZERO - 400 * DAY  # nothing speaks against it
    store.commit(tick(seen_ns=ZERO, first=0))
    assert dated(store) == UNDATED


def test_what_was_observed_was_not_received_before(store: PeriodStore) -> None:
    """Without anything live, a date in the future is still refuted."""
    store.commit(tick(record(900, 400 * DAY)))
    assert dated(store) == UNDATED
    claim = store.clock_claim(store.stream(1))
    assert claim is not None
    assert claim.off_ns == 400 * DAY - 100 * SECOND


def test_once_the_clock_is_set_right_the_earlier_periods_are_dated_too(store: PeriodStore) -> None:
    store.commit(tick(record(100, -400 * DAY), seen_ns=ZERO, first=0))
    assert dated(store) == UNDATED
    store.commit(tick(record(900, 0)))
    assert dated(store) == ZERO
    assert store.clock_claim(store.stream(1)) is None
    assert store.undated() == []


def test_a_clock_that_goes_wrong_does_not_move_what_it_dated_before(store: PeriodStore) -> None:
    store.commit(tick(record(100, 0), seen_ns=ZERO, first=0))
    store.commit(tick(record(160, HOUR)))
    store.commit(tick(first=500))
    assert dated(store, 500) == ZERO + 500 * SECOND
    assert store.clock_claim(store.stream(1)) is not None


def test_evidence_that_changes_judges_again(store: PeriodStore) -> None:
    """A server whose own clock was wrong, and is set."""
    store.commit(tick(record(900, 0), seen_ns=ZERO - 400 * DAY, first=0))
    assert dated(store) == UNDATED
    store.commit(tick(seen_ns=ZERO, first=20))
    assert dated(store) == ZERO


def test_without_a_bound_every_clock_is_believed(store: PeriodStore) -> None:
    store.commit(tick(record(900, -400 * DAY), seen_ns=ZERO, first=0))
    assert dated(store) == UNDATED
    store.judge_clocks(bound_ns=None)
    assert dated(store) == ZERO - 400 * DAY
    store.judge_clocks(bound_ns=BOUND)
    assert dated(store) == UNDATED


def test_what_is_dated_by_belief_falls_under_a_standing_purge(store: PeriodStore) -> None:
    store.commit(tick(record(900, -400 * DAY), seen_ns=ZERO, first=0))
    purge = Purge(id="p", room="r1", from_utc_ns=ZERO, to_utc_ns=ZERO + 5 * SECOND)
    list(store.purge(purge))
    assert store.purges_due() == []
    store.commit(tick(record(960, 0)))
    assert store.purges_due() == [purge]
    list(store.purge(purge))
    assert store.read(1, 0, 99)[0].seqs.tolist() == [5, 6, 7, 8, 9]


def test_what_a_birth_tells_later_counts(store: PeriodStore) -> None:
    """Live data may come before the birth that says of which boot it is."""
    other = tick(first=0, seen_ns=None)
    run = 9
    arrival = other.arrivals[0]
    assert isinstance(arrival.message, Batch)
    message = Batch(
        node="pi-1", run=run, first_seq=0, boot_ns=0, period_ns=SECOND, synchronised=True,
        waited_ms=5, layout=LAYOUT, values=arrival.message.values,
    )  # fmt: skip
    wrong = record(50, -400 * DAY).model_copy(update={"boot": "b9", "run": run})
    store.commit(
        Tick(
            received_utc_ns=NOW,
            arrivals=[Arrival(site="school", room="r1", message=message, is_live=True)],
            seen_clocks=[SeenClock(node="pi-1", run=run, offset_ns=ZERO)],
            timebases=[wrong],
        )
    )
    birth = tick(births=True).births[0][2].model_copy(update={"boot": "b9", "run": run})
    store.commit(Tick(received_utc_ns=NOW, births=[("school", "r1", birth)]))
    stream = next(each for each in store.streams() if each.run == run)
    assert store.timebases(stream) == []


def test_what_is_judged_is_there_after_a_restart(tmp_path: Path) -> None:
    store = open_period_store(tmp_path)
    store.judge_clocks(bound_ns=BOUND)
    store.commit(tick(record(900, -400 * DAY), births=True, seen_ns=ZERO, first=0))
    store.close()
    reader = open_period_reader(tmp_path)
    stream = reader.stream(1)
    assert reader.timebases(stream) == []
    claim = reader.clock_claim(stream)
    assert claim is not None
    assert claim.off_ns == -400 * DAY
    reader.close()


numbers = st.one_of(
    st.integers(-600, 600).map(lambda s: s * SECOND), st.integers(-(1 << 60), 1 << 60)
)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("record"), st.integers(0, 30).map(lambda i: i * 50), numbers),
            st.tuples(st.just("seen"), st.just(0), numbers),
            st.tuples(st.just("bound"), st.just(0), st.sampled_from([None, BOUND])),
        ),
        max_size=12,
    )
)
def test_memory_and_disk_judge_alike(
    steps: list[tuple[str, int, int | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    both: tuple[PeriodStore, ...] = (
        MemoryPeriodStore(),
        open_period_store(tmp_path_factory.mktemp("judged")),
    )
    for each in both:
        each.judge_clocks(bound_ns=BOUND)
        each.commit(tick(births=True, first=0))
        for what, at_s, value in steps:
            if what == "bound":
                each.judge_clocks(bound_ns=value)
            elif what == "seen":
                assert value is not None
                each.commit(tick(seen_ns=ZERO + value))
            else:
                assert value is not None
                if 0 <= ZERO + value + at_s * SECOND < 1 << 63:
                    each.commit(tick(record(at_s, value)))
    memory, disk = both
    stream = disk.stream(1)
    assert memory.timebases(stream) == disk.timebases(stream)
    assert memory.clock_claim(stream) == disk.clock_claim(stream)
    disk.close()
