"""The metrics of ingest, score and the replicas: one filled page of each, as a golden file."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from contract.clock import SECOND_NS, ManualClock
from contract.errors import StoreError
from ingest.doctor.checks import Page
from ingest.monitoring.condition import Condition
from ingest.nodes.accounting import SeatSeconds
from ingest.nodes.connection_rate import ConnectionRate
from ingest.receiving.keeper import Keeper
from ingest.receiving.metrics import IngestCounters, IngestFigures
from ingest.replicas.settings import ReplicaSettings
from ingest.replicating.metrics import ReplicaMetrics
from ingest.replicating.replica import Replica
from ingest.scoring.metrics import ScoreFigures, ScoreMetrics
from ingest.settings import IngestSettings, ServerSettings
from ingest.stores.clock_records import ClockClaim
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.protocol import PeriodReader
from tests.ingest.monitoring.scraped import GOLDEN, scraped
from tests.ingest.node import Node, Sent

LARGE = 123_456_789_012_345
"""A count whose last digits must not get lost."""


def ingest_figures() -> IngestFigures:
    """Of two kits, one with every figure and one that has only sent a batch."""
    store, clock = MemoryPeriodStore(), ManualClock(utc_at_boot_ns=1_763_460_300 * SECOND_NS)
    seat_seconds = SeatSeconds(store=store, clock=clock, max_runs=9)
    keeper = Keeper(
        store=store, site="school", clock=clock, settings=IngestSettings(),
        seat_seconds=seat_seconds,
    )  # fmt: skip
    one, other = Node(), Node(room="r2", node="kit-2", run=0xABC)
    aside = Sent(one.topic("data"), Node(node="kit-9").batch(0, 2).payload)
    keeper.keep([one.birth(), one.batch(0, 5), one.gap(5, 2), other.batch(0), aside])
    clock.advance(1.5)
    keeper.keep(
        [one.batch(4, 2), one.gap(9, 1, "serial"), one.health(sampled=30, waiting=6, gap=3)]
    )
    clock.advance(2.25)
    while seat_seconds.is_behind:
        seat_seconds.count_on(SECOND_NS)
    seat_seconds.forgotten = 12
    for name, n in (
        ("messages", LARGE), ("kept", 1), ("gap", 2), ("trimmed", 3), ("aside", 4),
        ("aside_repeated", 5), ("aside_refused", 6), ("over_limit", 7), ("defects", 8),
        ("same_name", 9), ("ticks", 10),
    ):  # fmt: skip
        setattr(keeper.counters, name, n)
    for seconds in (0.0005, 0.0006, 0.75, 99.0):
        keeper.counters.commit_s.observe(seconds)
    connections = ConnectionRate()
    connections.take([Sent(one.topic("state"), b"")] * 60, clock.elapsed_ns())
    return IngestFigures(
        clock=clock,
        condition=Condition(clock=clock, stall_s=15, missing={"link": "no broker"}),
        counters=keeper.counters, seat_seconds=seat_seconds, connections=connections,
        commit_failures=11, words_dropped=13, link_is_up=True, damaged={"seat": 14, "live": 15},
        clocks={("r1", "kit-1"): ClockClaim(utc_ns=0, off_ns=-7_500_000_000)},
        timebases_refused=16, retention_from_utc_ns=clock.utc_ns() + 86_400 * SECOND_NS,
        queues={"received": (17, 2_000), "aside_bytes": (18, 256 << 20)},
    )  # fmt: skip


def score_figures() -> ScoreFigures:
    figures = ScoreFigures(
        epochs=1_234_567, raised=21, cleared=22, again=23, failures=24, level_ns=0,
        queues={"again": 25, "open": 26, "undated": 27}, max_open=3_000,
    )  # fmt: skip
    for seconds in (0.001, 0.3, 11.0):
        figures.step_s.observe(seconds)
    return figures


def page(collector: Collector) -> str:
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry).decode()


def golden(program: str) -> str:
    return (GOLDEN / f"{program}.txt").read_text(encoding="utf-8")


def test_a_scrape_of_ingest_shows_what_the_golden_page_does() -> None:
    assert scraped(page(ingest_figures())) == scraped(golden("ingest"))


def test_a_scrape_of_score_shows_what_the_golden_page_does() -> None:
    store, clock = MemoryPeriodStore(), ManualClock()
    condition = Condition(clock=clock, stall_s=30, missing={})
    Keeper(store=store, site="school", clock=clock, settings=IngestSettings()).keep(
        [Node().batch(0, 7)]
    )
    clock.advance(4.5)
    metrics = ScoreMetrics(
        figures=score_figures(), condition=condition, clock=clock, open_reader=lambda: store
    )
    assert scraped(page(metrics)) == scraped(golden("score"))


def replica(clock: ManualClock, name: str, **figures: float | str) -> Replica:
    found = Replica(
        replica=ReplicaSettings.checked(
            {"name": name, "kind": "victoriametrics", "url": "http://127.0.0.1:8428",
             "what": "lessons"},
            where="test",
        ),
        settings=ServerSettings.checked({"site": "school"}, where="test"),
        clock=clock,
    )  # fmt: skip
    for figure, value in figures.items():
        setattr(found.figures, figure, value)
    return found


def test_a_scrape_of_the_replicas_shows_what_the_golden_page_does() -> None:
    store, clock = MemoryPeriodStore(), ManualClock()
    condition = Condition(clock=clock, stall_s=30, missing={})
    Keeper(store=store, site="school", clock=clock, settings=IngestSettings()).keep(
        [Node().batch(0, 7)]
    )
    clock.advance(4.5)
    metrics = ReplicaMetrics(
        replicas=[
            replica(
                clock, "lab", values=LARGE, requests=31, deleted=32, level_ns=SECOND_NS,
                cursor=store.newest_cursor(),
            ),
            replica(
                clock, "away", failures=33, aside=34, dropped=35, level_ns=SECOND_NS,
                trouble="away can't be reached.",
            ),
        ],
        condition=condition,
        open_reader=lambda: store,
    )  # fmt: skip
    assert scraped(page(metrics)) == scraped(golden("replicate"))


def test_what_has_no_value_yet_is_left_out() -> None:
    clock = ManualClock()
    condition = Condition(clock=clock, stall_s=30, missing={})
    figures = IngestFigures(clock=clock, condition=condition, counters=IngestCounters(), queues={})
    assert "roomtone_ingest_queue_length" not in page(figures)
    assert "roomtone_ingest_messages_total 0.0\n" in page(figures)

    def unreadable() -> PeriodReader:
        raise StoreError("main.db is damaged.")

    text = page(
        ScoreMetrics(
            figures=ScoreFigures(), condition=condition, clock=clock, open_reader=unreadable
        )
    )
    assert "roomtone_score_lag_" not in text
    assert "roomtone_score_ready 1.0\n" in text


def test_the_doctor_reads_what_a_scrape_shows() -> None:
    shown = Page(status=200, text=page(ingest_figures()))
    assert shown.values("roomtone_node_health_age_seconds") == {("kit-1", "r1", "7"): 2.25}
    assert shown.values("roomtone_ingest_queue_length")["received",] == 17
    assert shown.values("roomtone_ingest_messages_total") == {(): LARGE}
