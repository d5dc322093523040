"""Kits that connect too often are named; others are not, and memory is bounded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.clock import ManualClock
from ingest.doctor.nodes import notice_findings
from ingest.monitoring.condition import Condition
from ingest.nodes.connection_rate import MAX_CONNECTIONS, WINDOW_S, ConnectionRate
from ingest.receiving.keeper import Keeper
from ingest.receiving.metrics import IngestFigures
from ingest.settings import IngestSettings
from ingest.stores.memory.periods import MemoryPeriodStore
from tests.ingest.node import Node, Sent

SECOND = 1_000_000_000


def word(node: str, *, retained: bool = False) -> Sent:
    return Sent(Node(node=node).topic("state"), b"any", retained)


def test_a_kit_over_the_limit_is_named_once_a_minute() -> None:
    rate = ConnectionRate()
    named: list[tuple[int, int]] = []
    for second in range(0, 300, 2):  # a birth and a will each two seconds
        for found in rate.take([word("pi-1"), word("pi-1")], second * SECOND):
            assert (found.room, found.node) == ("r1", "pi-1")
            named.append((second, found.connections))
    assert named[0] == (2 * MAX_CONNECTIONS, MAX_CONNECTIONS + 1)
    assert len(named) == 5
    assert [found.node for found in rate.restless(300 * SECOND)] == ["pi-1"]
    assert rate.restless((300 + WINDOW_S) * SECOND) == []


def test_who_stays_below_the_limit_is_not_named() -> None:
    rate = ConnectionRate()
    each_s = WINDOW_S // MAX_CONNECTIONS + 5
    for second in range(0, 7_200, each_s):
        assert rate.take([word("pi-1"), word("pi-1")], second * SECOND) == []


def test_what_is_retained_or_on_another_topic_does_not_count() -> None:
    rate = ConnectionRate()
    messages = [
        word("pi-1", retained=True),
        Node(node="pi-1").batch(0),
        Sent("roomtone/1/school/ingest/state", b""),
        Sent("not/ours/state", b""),
    ] * 1_000
    assert rate.take(messages, 0) == []
    assert len(rate) == 0


def test_one_tick_with_a_storm_names_each_kit_once() -> None:
    rate = ConnectionRate()
    found = rate.take([word(f"pi-{i % 3}") for i in range(600)], 0)
    assert [(each.node, each.connections) for each in found] == [
        (f"pi-{i}", 100) for i in range(3)
    ]  # fmt: skip


def test_invented_names_take_no_memory_without_bound() -> None:
    rate = ConnectionRate()
    for i in range(50):
        rate.take([word(f"n{i}-{j}") for j in range(200)], i * SECOND)
    assert len(rate) == 4_096


@given(
    st.lists(
        st.tuples(st.integers(0, 200), st.sampled_from(("a", "b")), st.integers(1, 30)),
        max_size=60,
    )
)
def test_the_count_is_that_of_the_last_ten_minutes(steps: list[tuple[int, str, int]]) -> None:
    rate, now, said = ConnectionRate(), 0, []
    for wait_s, node, n in steps:
        now += wait_s
        said += [(now, node)] * n
        rate.take([word(node)] * n, now * SECOND)
        for found in rate.restless(now * SECOND):
            whole = sum(at >= now - WINDOW_S and of == found.node for at, of in said)
            recent = sum(at > now - WINDOW_S * 0.9 and of == found.node for at, of in said)
            assert (recent + 1) // 2 <= found.connections <= (whole + 1) // 2
            assert found.connections > MAX_CONNECTIONS
        over = {found.node for found in rate.restless(now * SECOND)}
        for each in {"a", "b"} - over:
            recent = sum(at > now - WINDOW_S * 0.9 and of == each for at, of in said)
            assert (recent + 1) // 2 <= MAX_CONNECTIONS


def test_ingest_names_the_kit_in_its_log_its_metrics_and_the_doctor(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store, clock = MemoryPeriodStore(), ManualClock()
    keeper = Keeper(store=store, site="school", clock=clock, settings=IngestSettings())
    kit = Node(node="pi-1")
    for _ in range(30):  # each comes back as it went: one run, ended by the broker's will
        keeper.keep([replace(kit.birth(), is_retained=False)])
        keeper.keep([replace(kit.death("lost"), is_retained=False)])
        clock.advance(1.0)
    assert caplog.text.count("pi-1 has connected 21 times in ten minutes") == 1
    figures = IngestFigures(
        clock=clock, condition=Condition(clock=clock, stall_s=1.0, missing={}),
        counters=keeper.counters, connections=keeper.connections, queues={},
    )  # fmt: skip
    (noted,) = (
        sample
        for family in figures.collect()
        for sample in family.samples
        if sample.name == "roomtone_ingest_node_connections"
    )
    assert (noted.labels, noted.value) == ({"room": "r1", "node": "pi-1"}, 30)
    (about,) = notice_findings(store)
    assert about.said.startswith("pi-1 has connected 21 times in ten minutes")
    assert (about.about, about.state) == ("node pi-1 in r1", "wrong")
