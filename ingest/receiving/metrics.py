"""What ingest measures, as Prometheus collects it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from prometheus_client import Histogram
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from contract.clock import Clock
from ingest.monitoring.condition import Condition
from ingest.monitoring.metric_families import counter, gauge, without_created
from ingest.nodes.accounting import SeatSeconds
from ingest.nodes.connection_rate import ConnectionRate
from ingest.stores.clock_records import ClockClaim

__all__ = ["IngestCounters", "IngestFigures"]

_COMMIT_BOUNDS_S: Final = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class IngestCounters:
    """What the keeper has done since it was made. Periods and gaps are counted in seconds."""

    messages: int = 0
    arrived: int = 0
    """Periods in batches and gaps, as they arrived."""
    kept: int = 0
    """Of these, periods that were new and have values."""
    gap: int = 0
    """… that were new and lie in a recorded gap."""
    trimmed: int = 0
    """… that were there before: sent again, or overlapping."""
    aside: int = 0
    aside_repeated: int = 0
    """The same bytes again on the same topic: kept aside once."""
    aside_refused: int = 0
    """Bad messages beyond the limit, only counted."""
    over_limit: int = 0
    """Messages with more runs, rooms or layouts than one node may have."""
    defects: int = 0
    """Messages that made something raise which should not."""
    same_name: int = 0
    """How often two nodes with one name were noticed."""
    ticks: int = 0
    worst_commit_ms: float = 0.0
    commit_s: Histogram = field(
        default_factory=lambda: Histogram(
            "roomtone_ingest_commit_seconds", "How long a tick's durable commit took.",
            buckets=_COMMIT_BOUNDS_S, registry=None,
        )
    )  # fmt: skip


@dataclass(slots=True, kw_only=True, eq=False)
class IngestFigures(Collector):
    """The figures of ingest: its loop sets them, the health page's thread collects them."""

    clock: Clock
    condition: Condition
    counters: IngestCounters
    seat_seconds: SeatSeconds | None = None
    connections: ConnectionRate | None = None
    commit_failures: int = 0
    words_dropped: int = 0
    link_is_up: bool = False
    damaged: Mapping[str, int] = field(default_factory=dict)
    """where → periods"""
    clocks: Mapping[tuple[str, str], ClockClaim] = field(default_factory=dict)
    """(room, node) → what is not believed"""
    timebases_refused: int = 0
    retention_from_utc_ns: int = 0
    queues: Mapping[str, tuple[int, int]]
    """name → (length, limit)"""

    def collect(self) -> Iterator[Metric]:
        """Every metric that has a value now."""
        for family in chain(self._of_keeping(), self._of_state(), self._of_runs()):
            if family.samples:
                yield family

    def _of_keeping(self) -> Iterator[Metric]:
        c = self.counters
        yield counter("roomtone_ingest_messages_total", "Messages that were taken.", c.messages)
        fates = (("kept", c.kept), ("gap", c.gap), ("trimmed", c.trimmed))
        yield counter("roomtone_ingest_periods_total",
                      "Periods that arrived: kept, in a gap, or trimmed because they were there.",
                      [({"fate": fate}, n) for fate, n in fates])  # fmt: skip
        fates = (("kept", c.aside), ("repeated", c.aside_repeated), ("refused", c.aside_refused))
        yield counter("roomtone_ingest_aside_total",
                      "Messages that did not fit: kept aside, repeated (kept once), or refused at the limit.",
                      [({"fate": fate}, n) for fate, n in fates])  # fmt: skip
        yield counter("roomtone_ingest_over_limit_total",
                      "Messages with more runs, rooms or layouts than one node may have; they were put aside.",
                      c.over_limit)  # fmt: skip
        yield counter("roomtone_ingest_defect_messages_total",
                      "Messages put aside because reading or keeping them raised what it should not.",
                      c.defects)  # fmt: skip
        yield counter("roomtone_ingest_same_name_total",
                      "How often two nodes with one name were noticed.", c.same_name)  # fmt: skip
        yield counter("roomtone_ingest_ticks_total", "Commits with anything in them.", c.ticks)
        yield without_created(c.commit_s)

    def _of_state(self) -> Iterator[Metric]:
        yield counter("roomtone_ingest_commit_failures_total",
                      "Commits that failed and were tried again; nothing was acknowledged.",
                      self.commit_failures)  # fmt: skip
        yield counter("roomtone_ingest_damaged_periods_total",
                      "Periods found damaged in day files (seat, room) or before sealing (live); now gaps.",
                      [({"kind": kind}, self.damaged.get(kind, 0))
                       for kind in ("seat", "room", "live")])  # fmt: skip
        yield gauge("roomtone_ingest_node_clock_off_seconds",
                    "How far a node's clock is ahead; only of nodes that are not believed about the time.",
                    [({"room": room, "node": node}, claim.off_ns / 1e9)
                     for (room, node), claim in self.clocks.items()])  # fmt: skip
        yield counter("roomtone_ingest_timebases_refused_total",
                      "Clock records of nodes that have as many as are kept of one node.",
                      self.timebases_refused)  # fmt: skip
        yield gauge("roomtone_ingest_retention_paused_seconds",
                    "For how long nothing is removed for its age, because the server's clock was set; else 0.",
                    max(0, self.retention_from_utc_ns - self.clock.utc_ns()) / 1e9)  # fmt: skip
        yield gauge("roomtone_ingest_link_up", "1 while connected to the broker.", self.link_is_up)
        yield gauge("roomtone_ingest_ready", "1 while /readyz says that ingest is ready.",
                    not self.condition.reasons)  # fmt: skip
        yield gauge("roomtone_ingest_turn_age_seconds",
                    "Since the loop came round; /healthz fails above ingest.stall_s.",
                    self.condition.turned_s)  # fmt: skip
        queues = self.queues
        yield gauge("roomtone_ingest_queue_length",
                    "How much waits: received messages, outgoing words, messages and bytes aside, counted runs.",
                    [({"queue": queue}, length) for queue, (length, _) in queues.items()])  # fmt: skip
        yield gauge("roomtone_ingest_queue_limit", "The setting that bounds that queue.",
                    [({"queue": queue}, limit) for queue, (_, limit) in queues.items()])  # fmt: skip
        yield counter("roomtone_ingest_words_dropped_total",
                      "Acks and configurations that were dropped at the limit; nodes ask again.",
                      self.words_dropped)  # fmt: skip
        if self.connections is not None:
            restless = self.connections.restless(self.clock.elapsed_ns())
            yield gauge("roomtone_ingest_node_connections",
                        "Connections in ten minutes of a node that makes more than 20; no other is listed.",
                        [({"room": found.room, "node": found.node}, found.connections)
                         for found in restless])  # fmt: skip

    def _of_runs(self) -> Iterator[Metric]:
        counted, now_ns = self.seat_seconds, self.clock.elapsed_ns()
        if counted is None:
            return
        yield counter("roomtone_ingest_runs_forgotten_total",
                      "Runs that are no longer counted, at the limit ingest.max_counted.",
                      counted.forgotten)  # fmt: skip
        yield gauge("roomtone_ingest_aside_seat_seconds",
                    "Seat-seconds in messages that are kept aside and can be read.",
                    [({"room": room, "node": node}, n)
                     for (room, node), n in counted.aside().items()])  # fmt: skip
        runs = [
            ({"room": run.room, "node": run.node, "run": f"{run.run:x}"}, run)
            for run in counted.runs()
        ]
        yield counter("roomtone_ingest_kept_seat_seconds_total",
                      "Seat-seconds of a run that are kept, also those from before ingest began.",
                      [(at, run.kept) for at, run in runs])  # fmt: skip
        yield counter("roomtone_ingest_trimmed_seat_seconds_total",
                      "Seat-seconds that came again and were there.",
                      [(at, run.trimmed) for at, run in runs])  # fmt: skip
        yield gauge("roomtone_ingest_gap_seat_seconds",
                    "Seat-seconds of a run in recorded gaps; values that arrive make a gap give way.",
                    [({**at, "reason": reason}, n)
                     for at, run in runs for reason, n in run.gap.items()])  # fmt: skip
        yield gauge("roomtone_ingest_run_is_counted",
                    "1 once what was kept before ingest began is in the figures of the run too.",
                    [(at, run.is_counted) for at, run in runs])  # fmt: skip
        yield gauge("roomtone_ingest_last_ack_age_seconds",
                    "Since data of the run was last kept and acknowledged.",
                    [(at, (now_ns - run.acked_ns) / 1e9)
                     for at, run in runs if run.acked_ns is not None])  # fmt: skip
        yield gauge("roomtone_node_up", "1 while the last word on the run is its birth.",
                    [(at, run.is_up) for at, run in runs])  # fmt: skip
        yield gauge("roomtone_node_health_age_seconds",
                    "Since the node's last health message, on which the following rest.",
                    [(at, (now_ns - run.health_ns) / 1e9)
                     for at, run in runs if run.health_ns is not None])  # fmt: skip
        healths = [(at, run.health) for at, run in runs if run.health is not None]
        yield counter("roomtone_node_sampled_seat_seconds_total",
                      "Seat-seconds that arrived at the node as good frames.",
                      [(at, health.sampled) for at, health in healths])  # fmt: skip
        yield counter("roomtone_node_published_seat_seconds_total",
                      "Seat-seconds that the node sent at least once.",
                      [(at, health.published) for at, health in healths])  # fmt: skip
        yield counter("roomtone_node_acked_seat_seconds_total",
                      "Seat-seconds that the node knows to be kept.",
                      [(at, health.acked) for at, health in healths])  # fmt: skip
        yield gauge("roomtone_node_waiting_seat_seconds",
                    "Seat-seconds in the node's memory or outbox that are not acknowledged.",
                    [(at, health.waiting) for at, health in healths])  # fmt: skip
        yield counter("roomtone_node_gap_seat_seconds_total",
                      "Seat-seconds that the node sampled and gave up with a recorded gap.",
                      [(at, health.gap) for at, health in healths])  # fmt: skip
        yield counter("roomtone_node_unsampled_seat_seconds_total",
                      "Seat-seconds that were due and never arrived on the serial line.",
                      [(at, health.unsampled) for at, health in healths])  # fmt: skip
        yield gauge("roomtone_node_outbox_bytes", "Size of the node's outbox.",
                    [(at, health.outbox_bytes) for at, health in healths])  # fmt: skip
