"""Every seat-second is counted once, whatever mixture of batches, gaps and restarts comes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from contract.clock import ManualClock
from contract.quantities.table import MISSING
from contract.wire.parts import gap_part, late_part
from ingest.nodes.accounting import RunFigures, SeatSeconds, seats_present
from ingest.receiving.keeper import Keeper
from ingest.settings import IngestSettings
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.protocol import PeriodReader
from tests.ingest.node import Node, Sent

NODE = Node()
LATER = 1 << 40


class Counted:
    """A store, and whoever counts beside it."""

    def __init__(self, *, most: int = 100) -> None:
        self.store = MemoryPeriodStore()
        self.clock = ManualClock()
        self.most = most
        self.start()

    def start(self) -> None:
        self.seat_seconds = SeatSeconds(store=self.store, clock=self.clock, max_runs=self.most)
        self.keeper = Keeper(
            store=self.store, site="school", clock=self.clock, settings=IngestSettings(),
            seat_seconds=self.seat_seconds,
        )  # fmt: skip
        self.seat_seconds.begin()

    def keep(self, *messages: Sent) -> None:
        self.keeper.keep(messages)

    def run(self, number: int = 0) -> RunFigures:
        while self.seat_seconds.is_behind:
            self.seat_seconds.count_on(1)
        return self.seat_seconds.runs()[number]


def in_store(reader: PeriodReader, stream_id: int = 1) -> tuple[int, int]:
    """Seat-seconds kept, and in gaps, as the store itself has them."""
    kept = sum(
        int(seats_present(p.layout, p.values).sum()) for p in reader.read(stream_id, 0, LATER)
    )
    gaps = reader.gaps(stream_id)
    return kept, sum((g.last_seq - g.first_seq + 1) * len(g.seats) for g in gaps)


def with_holes(first: int, n: int) -> Sent:
    """A batch in which a seat that depends on the seq has no values."""
    values = NODE.values(first, n)
    for at in range(n):
        values[at, (first + at) % 3 : 13 * 3 : 3] = MISSING
    return NODE.batch(first, n, values=values)


messages = st.lists(
    st.tuples(
        st.sampled_from(["batch", "holes", "gap", "restart", "tick"]),
        st.integers(0, 40),
        st.integers(1, 10),
    ),
    max_size=25,
)


@given(messages)
def test_what_is_counted_is_what_the_store_holds(steps: list[tuple[str, int, int]]) -> None:
    counted = Counted()
    waiting: list[Sent] = [NODE.birth(), NODE.batch(100)]
    for what, first, n in steps:
        if what == "batch":
            waiting.append(NODE.batch(first, n))
        elif what == "holes":
            waiting.append(with_holes(first, n))
        elif what == "gap":
            waiting.append(NODE.gap(first, n, "died"))
        else:
            counted.keep(*waiting)
            waiting.clear()
            if what == "restart":
                counted.start()
    counted.keep(*waiting)
    run = counted.run()
    assert (run.kept, sum(run.gap.values())) == in_store(counted.store)
    assert run.is_counted


def of_seats(node: Node, first: int, *there: int) -> Sent:
    """One period with the values of some of the three seats."""
    values = node.values(first, 1)
    for seat in {0, 1, 2} - set(there):
        values[:, seat : 13 * 3 : 3] = MISSING
    return node.batch(first, values=values, waited_ms=None)


@given(
    st.lists(
        st.tuples(st.sampled_from(["batch", "late", "lack", "restart", "tick"]), st.integers(0, 12)),
        max_size=40,
    )
)  # fmt: skip
def test_what_comes_late_is_counted_with_its_run(steps: list[tuple[str, int]]) -> None:
    counted = Counted()
    late, lacks = NODE.of_part(late_part(1)), NODE.of_part(gap_part(1))
    lacks = replace(lacks, seats=(1,))
    waiting: list[Sent] = [NODE.birth(), NODE.batch(100)]
    kept: dict[tuple[str, int], int] = {}
    lacking: set[int] = set()
    for what, seq in steps:
        if what == "batch":
            waiting.append(of_seats(NODE, seq, 1, 2))
            kept[what, seq] = 2
        elif what == "late":
            waiting.append(of_seats(late, seq, 0))
            kept[what, seq] = 1
        elif what == "lack":
            waiting.append(lacks.gap(seq, 1, "serial"))
            lacking.add(seq)
        else:
            counted.keep(*waiting)
            waiting.clear()
            if what == "restart":
                counted.start()
    counted.keep(*waiting)
    run = counted.run()
    assert run.kept == 3 + sum(kept.values())
    missing = len(lacking - {seq for what, seq in kept if what == "late"})
    assert +Counter(run.gap) == +Counter({"serial": missing})
    assert run.is_counted
    assert (run.run, len(counted.seat_seconds.runs())) == (NODE.run, 1)


def test_what_a_node_says_of_a_run_is_not_put_down_to_a_part_of_it() -> None:
    counted = Counted()
    late = NODE.of_part(late_part(1))
    counted.keep(NODE.birth(), NODE.batch(0), late.batch(1, waited_ms=None))
    counted.keep(NODE.health(sampled=6))
    run = counted.run()
    assert run.health is not None
    assert run.health.sampled == 6
    assert run.is_up
    counted.keep(NODE.death())
    assert not counted.run().is_up


def test_what_comes_again_is_trimmed_also_within_one_tick() -> None:
    counted = Counted()
    counted.keep(NODE.batch(0))
    counted.keep(NODE.batch(1, 10), NODE.batch(6, 10))
    run = counted.run()
    assert (run.kept, run.trimmed) == (3 * 16, 3 * 5)


def test_a_gap_gives_way_to_values_in_the_figures_too() -> None:
    counted = Counted()
    counted.keep(NODE.birth(), NODE.gap(0, 10, "died"), NODE.batch(10))
    assert counted.run().gap == {"died": 30}
    counted.keep(NODE.batch(2, 4))
    run = counted.run()
    assert (run.kept, run.gap) == (3 * 5, {"died": 18})


def test_what_is_kept_aside_is_counted_and_no_longer_when_it_went() -> None:
    counted = Counted()
    counted.keep(NODE.birth(), NODE.batch(0))
    other = replace(NODE, node="kit-2")
    wrong = Sent(NODE.topic("data"), other.batch(0, 4).payload)
    counted.run()
    counted.keep(wrong, Sent(NODE.topic("data"), b"no batch"))
    assert counted.seat_seconds.aside() == {("r1", "kit-1"): 12}
    counted.start()
    counted.run()
    assert counted.seat_seconds.aside() == {("r1", "kit-1"): 12}
    counted.store.take_aside([message.id for message in counted.store.aside()])
    counted.keeper.forget_aside()
    counted.run()
    assert counted.seat_seconds.aside() == {}


def test_a_node_that_is_known_from_before_has_its_last_health() -> None:
    counted = Counted()
    counted.keep(NODE.birth(), NODE.batch(0), NODE.health(sampled=3))
    counted.clock.advance(5)
    first = counted.run()
    assert first.health is not None
    assert (first.health.sampled, first.is_up, first.health_ns) == (3, True, 0)
    counted.start()
    again = counted.run()
    assert again.health == first.health
    assert again.health_ns is None
    counted.keep(NODE.death())
    assert not counted.run().is_up


def test_the_run_that_was_quiet_for_longest_goes_at_the_limit() -> None:
    counted = Counted(most=2)
    for run in (1, 2, 3):
        counted.keep(NODE.again(run).batch(0))
    counted.keep(NODE.again(2).batch(1))
    assert [figures.run for figures in counted.seat_seconds.runs()] == [3, 2]
    assert counted.seat_seconds.forgotten == 1
    assert counted.run().is_counted


def test_a_gap_is_not_worked_through_second_by_second() -> None:
    counted = Counted()
    counted.keep(NODE.birth(), NODE.gap(0, 1 << 31))
    assert counted.run().gap == {"off": 3 << 31}
    counted.keep(NODE.gap(0, 1 << 32))
    assert counted.run().gap == {"off": 3 << 32}


def test_seats_without_any_value_are_not_present() -> None:
    values = NODE.values(0, 2)
    values[0, :] = MISSING
    values[1, 1 : 13 * 3 : 3] = MISSING
    assert seats_present(NODE.layout, values).tolist() == [0, 2]
    assert seats_present(NODE.layout, np.empty((0, NODE.layout.width), np.uint16)).sum() == 0
