"""What every store removes for good, and keeps away afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contract.quantities.table import MISSING
from contract.wire.messages import Birth, Timebase
from contract.wire.payload import Batch, Gap, Layout
from ingest.stores import PERIOD_STORES, open_period_store
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.protocol import PeriodStore
from ingest.stores.records import Arrival, Aside, Purge, Purged, Tick

SECOND = 1_000_000_000
BOOT_NS = 5_000 * SECOND
UTC_NS = 1_772_445_600 * SECOND  # seq 0: 2026-03-02 10:00
LATER_NS = UTC_NS + 86_400 * SECOND
LAYOUT = Layout((1, 2, 5), (1, 2, 11), (1, 2))


@pytest.fixture(params=sorted(PERIOD_STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PeriodStore]:
    made = MemoryPeriodStore() if request.param == "memory" else open_period_store(tmp_path)
    yield made
    made.close()


def values_of(first: int, n: int) -> NDArray[np.uint16]:
    seqs = np.arange(first, first + n)[:, None]
    return ((seqs * 31 + np.arange(LAYOUT.width)) % 60_000).astype(np.uint16)


def batch(first: int, n: int = 1, *, node: str = "pi-1", run: int = 7) -> Batch:
    return Batch(
        node=node, run=run, first_seq=first, boot_ns=BOOT_NS + first * SECOND, period_ns=SECOND,
        synchronised=True, waited_ms=None, layout=LAYOUT, values=values_of(first, n),
    )  # fmt: skip


def gap(first: int, n: int) -> Gap:
    return Gap(
        node="pi-1", run=7, first_seq=first, n=n, boot_ns=BOOT_NS + first * SECOND,
        period_ns=SECOND, synchronised=True, seats=LAYOUT.seats, reason="died",
    )  # fmt: skip


def tick(*messages: Batch | Gap, room: str = "room-a") -> Tick:
    return Tick(
        received_utc_ns=UTC_NS,
        arrivals=[Arrival(site="s", room=room, message=m, is_live=False) for m in messages],
    )


def birth(node: str = "pi-1", run: int = 7, boot: str = "boot-1") -> Birth:
    return Birth(
        node=node, run=run, boot=boot, software="1", period_ns=SECOND, run_boot_ns=BOOT_NS,
        hubs=(), seat_codes=(1,), room_codes=(1,), units={}, synchronised=True,
    )  # fmt: skip


def timebase(node: str = "pi-1", boot: str = "boot-1") -> Timebase:
    return Timebase(
        node=node, run=7, boot=boot, boot_ns=BOOT_NS, utc_ns=UTC_NS, error_ns=0, synchronised=True
    )


def born(store: PeriodStore, room: str = "room-a", node: str = "pi-1") -> None:
    boot = f"boot-{node}"
    store.commit(
        Tick(
            received_utc_ns=UTC_NS,
            births=[("s", room, birth(node, boot=boot))],
            timebases=[timebase(node, boot)],
        )
    )


def purge_of(
    first: int = 0,
    end: int = 86_400,
    *,
    seat: int | None = None,
    name: str = "p",
    room: str = "room-a",
) -> Purge:
    """Of the periods first … end - 1."""
    return Purge(
        id=name, room=room, seat=seat, from_utc_ns=UTC_NS + first * SECOND if first else 0,
        to_utc_ns=UTC_NS + end * SECOND,
    )  # fmt: skip


def purge(store: PeriodStore, wanted: Purge) -> Purged:
    (*_, done) = store.purge(wanted)
    assert not done.is_waiting
    return done


def seqs(store: PeriodStore, stream_id: int = 1) -> list[int]:
    return [seq for periods in store.read(stream_id, 0, 90_000) for seq in periods.seqs.tolist()]


def seat_values(store: PeriodStore, seat: int) -> dict[int, bool]:
    """Seq → whether that seat has values."""
    found = {}
    for periods in store.read(1, 0, 90_000):
        column = periods.layout.seats.index(seat)
        values = periods.layout.seat_values(periods.values)[:, column]
        found |= dict(zip(periods.seqs.tolist(), (values != MISSING).all(axis=1), strict=True))
    return found


def test_a_room_goes_live_and_sealed_and_its_ledger_stays(store: PeriodStore) -> None:
    born(store)
    born(store, "room-b", "pi-2")
    store.commit(tick(batch(0, 700)))
    store.commit(tick(batch(0, 700, node="pi-2"), room="room-b"))
    store.seal(before_utc_ns=UTC_NS + 650 * SECOND)
    assert purge(store, purge_of()).periods == 700
    assert seqs(store) == []
    assert (0, 699) in [(a, min(b, 699)) for a, b in store.kept(1)]
    assert seqs(store, 2) == list(range(700))
    assert store.seal(before_utc_ns=LATER_NS) == 100  # of the other room
    assert seqs(store, 2) == list(range(700))


def test_what_is_sent_again_does_not_come_back(store: PeriodStore) -> None:
    born(store)
    store.commit(tick(batch(0, 20)))
    purge(store, purge_of())
    store.commit(tick(batch(0, 20)))
    assert seqs(store) == []


def test_what_waits_at_a_node_is_accepted_and_not_kept(store: PeriodStore) -> None:
    born(store)
    store.commit(tick(batch(0, 10)))
    purge(store, purge_of(5, 30))
    (stream,) = store.commit(tick(batch(10, 40)))
    assert seqs(store) == [*range(5), *range(30, 50)]
    assert store.kept(stream).without_hole() == 49  # so the node forgets its copy


def test_a_span_leaves_what_is_around_it(store: PeriodStore) -> None:
    born(store)
    store.commit(tick(batch(0, 1_000)))
    store.seal(before_utc_ns=UTC_NS + 650 * SECOND)
    done = purge(store, purge_of(250, 700))
    assert done.periods == 450
    assert seqs(store) == [*range(250), *range(700, 1_000)]
    for periods in store.read(1, 0, 1_000):
        for seq, row in zip(periods.seqs.tolist(), periods.values, strict=True):
            assert row.tolist() == values_of(seq, 1)[0].tolist()


def test_a_gap_inside_gives_way_to_the_purge(store: PeriodStore) -> None:
    born(store)
    store.commit(tick(batch(0, 10), gap(10, 20), batch(30, 5)))
    purge(store, purge_of(5, 20))
    assert [(g.first_seq, g.last_seq) for g in store.gaps(1)] == [(20, 29)]
    store.commit(tick(batch(10, 15)))  # the gap was wrong, and its values come after all
    assert seqs(store) == [*range(5), *range(20, 25), *range(30, 35)]


def test_a_seat_goes_and_the_others_stay(store: PeriodStore) -> None:
    born(store)
    store.commit(tick(batch(0, 700)))
    store.seal(before_utc_ns=UTC_NS + 650 * SECOND)
    assert purge(store, purge_of(end=650, seat=2)).periods == 650
    store.commit(tick(batch(700, 10)))
    assert [seq for seq, is_there in seat_values(store, 2).items() if is_there] == [
        *range(650, 710)
    ]
    assert all(seat_values(store, 1).values())
    assert all(seat_values(store, 5).values())
    (periods,) = store.read(1, 0, 0)
    assert LAYOUT.room_values(periods.values).tolist() == [values_of(0, 1)[0, -2:].tolist()]


def test_a_seat_that_still_waits_at_a_node_is_not_kept(store: PeriodStore) -> None:
    born(store)
    store.commit(tick(batch(0, 10)))
    purge(store, purge_of(end=30, seat=2))
    store.commit(tick(batch(20, 20)))
    assert [seq for seq, is_there in seat_values(store, 2).items() if is_there] == [*range(30, 40)]
    assert len(seat_values(store, 1)) == 30


def test_a_seat_that_is_not_there_changes_nothing(store: PeriodStore) -> None:
    born(store)
    store.commit(tick(batch(0, 10)))
    assert purge(store, purge_of(seat=9)).periods == 0
    assert seqs(store) == [*range(10)]


@pytest.mark.parametrize("seat", (None, 2))
def test_what_is_dated_later_goes_then(store: PeriodStore, seat: int | None) -> None:
    born(store)
    store.commit(tick(batch(0, 10)))
    purge(store, purge_of(5, 30, seat=seat))
    assert store.purges_due() == []
    store.commit(Tick(received_utc_ns=UTC_NS, births=[("s", "room-a", birth(run=8, boot="b2"))]))
    late = batch(0, 40, run=8)
    (stream,) = store.commit(tick(late))
    assert len(seqs(store, stream)) == 40  # nobody knows when that was
    store.commit(Tick(received_utc_ns=UTC_NS, timebases=[timebase(boot="b2")]))
    (due,) = store.purges_due()
    assert due == purge_of(5, 30, seat=seat)
    assert purge(store, due).periods == 25
    assert store.purges_due() == []
    store.commit(tick(batch(0, 45, run=8)))
    assert len(seqs(store, stream)) == (45 if seat else 20)


def test_an_undated_stream_goes_with_its_room_only(store: PeriodStore) -> None:
    store.commit(tick(batch(3, 10)))
    assert purge(store, purge_of(5, 30)).periods == 0
    assert purge(store, purge_of(name="q")).periods == 10
    store.commit(tick(batch(3, 10)))
    assert seqs(store) == []


def test_messages_kept_aside_go_by_room_and_time(store: PeriodStore) -> None:
    def aside(room: str, utc_ns: int) -> Aside:
        topic = f"roomtone/1/s/{room}/pi-1/data"
        return Aside(received_utc_ns=utc_ns, topic=topic, reason="why", payload=b"x")

    store.commit(
        Tick(
            received_utc_ns=UTC_NS,
            aside=[
                aside("room-a", UTC_NS),
                aside("room-a", UTC_NS + 40 * SECOND),
                aside("room-b", UTC_NS + 40 * SECOND),
            ],
        )
    )
    assert purge(store, purge_of(5, 30)).aside == 1
    assert [(a.topic.split("/")[3], a.received_utc_ns) for a in store.aside()] == [
        ("room-a", UTC_NS),
        ("room-b", UTC_NS + 40 * SECOND),
    ]
    assert store.retire_aside(before_utc_ns=UTC_NS + SECOND, max_messages=5) == 1
    assert [a.topic.split("/")[3] for a in store.aside()] == ["room-b"]


def test_purging_twice_is_purging_once(store: PeriodStore) -> None:
    born(store)
    store.commit(tick(batch(0, 400)))
    store.seal(before_utc_ns=LATER_NS)
    purge(store, purge_of(5, 30))
    assert purge(store, purge_of(5, 30)).periods == 0
    assert len(seqs(store)) == 375


def test_keeping_goes_on_while_a_purge_is_under_way(store: PeriodStore) -> None:
    born(store)
    store.commit(tick(batch(0, 1_000)))
    store.seal(before_utc_ns=UTC_NS + 650 * SECOND)
    at = 1_000
    for _ in store.purge(purge_of(100, 900)):
        store.commit(tick(batch(at, 10)))
        at += 10
    assert seqs(store) == [*range(100), *range(900, at)]


@pytest.mark.parametrize("after", range(1, 9))
def test_a_purge_that_was_cut_short_is_due(tmp_path: Path, after: int) -> None:
    store = open_period_store(tmp_path)
    born(store)
    store.commit(tick(batch(0, 1_000)))
    store.seal(before_utc_ns=UTC_NS + 650 * SECOND)
    steps = store.purge(purge_of(100, 900))
    for _ in range(after):
        next(steps)
    steps.close()  # type: ignore[attr-defined]
    store.close()
    store = open_period_store(tmp_path)  # as after a crash
    assert store.purges_due() == [purge_of(100, 900)]
    store.commit(tick(batch(0, 1_000)))
    purge(store, purge_of(100, 900))
    assert store.purges_due() == []
    assert seqs(store) == [*range(100), *range(900, 1_000)]
    assert not list(tmp_path.rglob("*.new*"))
    store.close()


def test_days_are_retired_one_at_a_time(store: PeriodStore) -> None:
    born(store)
    store.commit(tick(batch(0, 10), batch(86_400, 10)))
    store.seal(before_utc_ns=UTC_NS + 43_200 * SECOND)
    store.seal(before_utc_ns=UTC_NS + 3 * 86_400 * SECOND)
    assert store.retire("seat", before=date(2026, 4, 1), max_days=1) == 1
    assert seat_values(store, 1) == {
        **dict.fromkeys(range(10), False), **dict.fromkeys(range(86_400, 86_410), True)
    }  # fmt: skip
    assert store.retire("seat", before=date(2026, 4, 1), max_days=1) == 1
    assert store.retire("seat", before=date(2026, 4, 1), max_days=1) == 0


SPAN = st.tuples(st.integers(0, 900), st.integers(1, 400)).map(lambda s: (s[0], s[0] + s[1]))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    arrivals=st.lists(SPAN, min_size=1, max_size=5),
    sealed_to=st.integers(0, 1_500),
    purges=st.lists(st.tuples(SPAN, st.sampled_from((None, 2))), min_size=1, max_size=3),
    late=st.lists(SPAN, max_size=3),
)
def test_nothing_of_a_purge_is_left_and_nothing_else_is_gone(
    tmp_path_factory: pytest.TempPathFactory,
    arrivals: list[tuple[int, int]],
    sealed_to: int,
    purges: list[tuple[tuple[int, int], int | None]],
    late: list[tuple[int, int]],
) -> None:
    sqlite = open_period_store(tmp_path_factory.mktemp("data"))
    expected: dict[int, bool] = {}
    whole = {seq for (a, b), seat in purges if seat is None for seq in range(a or -1, b)}
    masked = {seq for (a, b), seat in purges if seat is not None for seq in range(a or -1, b)}
    for made in (MemoryPeriodStore(), sqlite):
        born(made)
        for first, end in arrivals:
            made.commit(tick(batch(first, end - first)))
        made.seal(before_utc_ns=UTC_NS + sealed_to * SECOND)
        for i, ((first, end), seat) in enumerate(purges):
            purge(made, purge_of(first, end, seat=seat, name=f"p{i}"))
        for first, end in late:
            made.commit(tick(batch(first, end - first)))
        made.seal(before_utc_ns=LATER_NS)
        expected = {
            seq: seq not in masked
            for first, end in (*arrivals, *late)
            for seq in range(first, end)
            if seq not in whole
        }
        assert seat_values(made, 2) == expected
        assert all(seat_values(made, 1).values())
        made.close()
