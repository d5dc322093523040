"""What one node may take up in a store, and that the others never notice when it has it all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.errors import RefusedError
from contract.wire.messages import Birth
from contract.wire.parts import late_part
from contract.wire.payload import Batch, Gap, Layout
from ingest.stores import PERIOD_STORES
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.notices import Notice
from ingest.stores.protocol import PeriodStore
from ingest.stores.records import Arrival, Tick
from ingest.stores.rules import limits
from ingest.stores.sqlite.periods import SqlitePeriodStore

SECOND = 1_000_000_000
Opener = Callable[[], PeriodStore]


def batch(
    node: str, run: int, seq: int, seats: tuple[int, ...] = (1, 2, 3), part: int = 0
) -> Batch:
    layout = Layout(seats)
    return Batch(
        node=node, run=run, part=part, first_seq=seq, boot_ns=(seq + 5) * SECOND, period_ns=SECOND,
        synchronised=True, waited_ms=None, layout=layout,
        values=np.full((1, layout.width), 7, np.uint16),
    )  # fmt: skip


def arrival(message: Batch | Gap, room: str = "r1") -> Arrival:
    return Arrival(site="s", room=room, message=message, is_live=False)


def tick(*arrivals: Arrival) -> Tick:
    return Tick(received_utc_ns=1, arrivals=list(arrivals))


def birth(node: str, run: int) -> Birth:
    return Birth(
        node=node, run=run, boot="b", software="1", period_ns=SECOND, run_boot_ns=5 * SECOND,
        hubs=(), seat_codes=(), room_codes=(), units={}, synchronised=True,
    )  # fmt: skip


@pytest.fixture(params=sorted(PERIOD_STORES))
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Opens the store; the durable one is the same each time."""
    memory = MemoryPeriodStore()
    return (lambda: SqlitePeriodStore(tmp_path)) if request.param == "sqlite" else (lambda: memory)


@pytest.fixture
def store(opened: Opener) -> Iterator[PeriodStore]:
    with closing(opened()) as made:
        yield made


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_STREAMS_OF_NODE", 6)
    monkeypatch.setattr(limits, "MAX_ROOMS_OF_NODE", 3)
    monkeypatch.setattr(limits, "MAX_LAYOUTS_OF_NODE", 4)


def reasons(store: PeriodStore, made: Tick) -> list[str]:
    with pytest.raises(RefusedError) as refused:
        store.commit(made)
    return [reason for _, reason in refused.value.refused]


def test_runs_beyond_a_nodes_share_are_refused_and_named(store: PeriodStore) -> None:
    store.commit(tick(*(arrival(batch("mad", run, 0)) for run in range(6))))
    made = tick(arrival(batch("mad", 6, 0)), arrival(batch("good", 1, 0)))
    with pytest.raises(RefusedError) as refused:
        store.commit(made)
    ((record, reason),) = refused.value.refused
    assert record is made.arrivals[0]
    assert reason == "mad has 6 runs here, the most that one node may have"
    assert [stream.node for stream in store.streams()] == ["mad"] * 6
    store.commit(tick(*made.arrivals[1:]))
    store.commit(tick(arrival(batch("mad", 3, 1))))  # what is known of it goes on
    assert [len(store.kept(s.id)) for s in store.streams()] == [1, 1, 1, 2, 1, 1, 1]


def test_a_tick_by_itself_can_be_beyond_the_share(store: PeriodStore) -> None:
    made = tick(*(arrival(batch("mad", run, 0)) for run in range(9)))
    assert len(reasons(store, made)) == 3
    store.commit(tick(*made.arrivals[:6]))
    assert len(store.streams()) == 6


def test_births_count_as_runs_and_a_known_one_may_come_again(store: PeriodStore) -> None:
    births = [("s", "r1", birth("mad", run)) for run in range(7)]
    made = Tick(received_utc_ns=1, births=births)
    assert len(reasons(store, made)) == 1
    store.commit(Tick(received_utc_ns=1, births=births[:6]))
    store.commit(Tick(received_utc_ns=1, births=births[:6]))
    store.commit(tick(arrival(batch("mad", 2, 0))))


def test_a_part_of_a_run_brings_its_run_with_it(store: PeriodStore) -> None:
    store.commit(tick(*(arrival(batch("mad", run, 0)) for run in range(5))))
    assert len(reasons(store, tick(arrival(batch("mad", 9, 0, part=late_part(1)))))) == 1
    store.commit(tick(arrival(batch("mad", 4, 0, part=late_part(1)))))
    assert len(reasons(store, tick(arrival(batch("mad", 4, 0, part=late_part(2)))))) == 1


def test_rooms_beyond_a_nodes_share_are_refused(store: PeriodStore) -> None:
    store.commit(tick(*(arrival(batch("mad", run, 0), f"r{run}") for run in range(3))))
    (reason,) = reasons(store, tick(arrival(batch("mad", 3, 0), "r3")))
    assert reason == "mad was in 3 rooms, the most that one node may be in"
    store.commit(tick(arrival(batch("mad", 3, 0), "r2")))


def test_layouts_beyond_a_nodes_share_are_refused_also_after_a_restart(opened: Opener) -> None:
    store = opened()
    for n in range(1, 5):
        store.commit(tick(arrival(batch("mad", 1, n, tuple(range(1, n + 1))))))
    if isinstance(store, SqlitePeriodStore):
        store.close()
        store = opened()
    with closing(store):
        (reason,) = reasons(store, tick(arrival(batch("mad", 1, 9, (9,)))))
        assert reason == "mad has 4 layouts of seats, the most that one node may have"
        store.commit(tick(arrival(batch("mad", 1, 9, (1, 2)))))
        store.commit(tick(arrival(batch("good", 1, 9, (9,)))))


def test_all_streams_and_all_layouts_have_an_end_that_stops_nobody_known(
    store: PeriodStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.commit(tick(arrival(batch("a", 1, 0)), arrival(batch("b", 1, 0, (4,)))))
    monkeypatch.setattr(limits, "MAX_STREAMS", 2)
    (reason,) = reasons(store, tick(arrival(batch("c", 1, 0))))
    assert reason == "there are 2 runs, the most that a store can hold"
    monkeypatch.setattr(limits, "MAX_LAYOUTS", 2)
    (reason,) = reasons(store, tick(arrival(batch("b", 1, 1, (5,)))))
    assert reason == "there are 2 layouts of seats, the most that a store can hold"
    store.commit(tick(arrival(batch("a", 1, 1)), arrival(batch("b", 1, 1, (4,)))))


def test_a_run_with_very_many_holes_takes_only_what_closes_them(
    store: PeriodStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.stores.rules.admission.MAX_RANGES", 3)
    store.commit(tick(*(arrival(batch("mad", 1, seq)) for seq in (0, 10, 20))))
    gap = Gap(
        node="mad", run=1, first_seq=30, n=1, boot_ns=35 * SECOND, period_ns=SECOND,
        synchronised=True, seats=(1,), reason="serial",
    )  # fmt: skip
    assert len(reasons(store, tick(arrival(batch("mad", 1, 30)), arrival(gap)))) == 2
    store.commit(tick(arrival(batch("mad", 1, 11)), arrival(batch("mad", 1, 9))))
    store.commit(tick(arrival(replace(gap, first_seq=21, boot_ns=26 * SECOND))))
    assert list(store.kept(1)) == [(0, 0), (9, 11), (20, 21)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    flood=st.lists(
        st.tuples(
            st.integers(0, 9),
            st.integers(0, 3),
            st.sampled_from([(1,), (2,), (1, 2), (3,), (4, 1)]),
        ),
        max_size=30,
    )
)
def test_whatever_one_node_sends_another_nodes_periods_are_kept(
    flood: list[tuple[int, int, tuple[int, ...]]],
) -> None:
    store = MemoryPeriodStore()
    refused: list[RefusedError] = []
    for seq, (run, room, seats) in enumerate(flood):
        mad = arrival(batch("mad", run, seq, seats), f"r{room}")
        good = arrival(batch("good", 1, seq), "r9")
        made = tick(mad, good)
        try:
            store.commit(made)
        except RefusedError as error:
            refused.append(error)
            store.commit(tick(good))
    its = [s for s in store.streams() if s.node == "mad"]
    assert {r.message.node for e in refused for r, _ in e.refused} <= {"mad"}  # type: ignore[attr-defined]
    assert len(its) <= 6
    assert len({s.room for s in its}) <= 3
    if flood:
        (stream,) = store.streams("r9")
        assert len(store.kept(stream.id)) == len(flood)


def test_what_is_held_against_a_node_is_one_row_a_kind(store: PeriodStore) -> None:
    def notice(node: str, at: int, count: int = 1) -> Notice:
        return Notice(
            node=node, kind="limit", room="r1", sentence=f"sentence {at}", count=count,
            first_utc_ns=at, last_utc_ns=at,
        )  # fmt: skip

    for at in (10, 20):
        store.commit(Tick(received_utc_ns=at, notices=[notice("mad", at, 3)]))
    store.commit(Tick(received_utc_ns=15, notices=[replace(notice("odd", 15), room="r2")]))
    mad, odd = store.notices()
    assert (mad.node, mad.count, mad.sentence) == ("mad", 6, "sentence 20")
    assert (mad.first_utc_ns, mad.last_utc_ns) == (10, 20)
    assert odd.node == "odd"
    assert store.notices("r2") == [odd]
    store.retire_aside(before_utc_ns=16, max_messages=10)
    assert store.notices() == [mad]
