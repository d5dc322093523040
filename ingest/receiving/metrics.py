"""What ingest measures: its metrics, and the page that tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from contract.clock import Clock
from ingest.monitoring.condition import Condition
from ingest.monitoring.exposition import Exposition, Metric
from ingest.nodes.accounting import RunFigures, SeatSeconds
from ingest.nodes.connection_rate import ConnectionRate
from ingest.receiving.counters import Counters
from ingest.stores.clock_records import ClockClaim

__all__ = ["METRICS", "IngestFigures", "page"]

_NODE: Final = ("room", "node", "run")

MESSAGES = Metric(
    name="roomtone_ingest_messages_total", kind="counter", help="Messages that were taken."
)
PERIODS = Metric(
    name="roomtone_ingest_periods_total", kind="counter", labels=("fate",),
    help="Periods that arrived: kept, in a gap, or trimmed because they were there.",
)  # fmt: skip
ASIDE_TOTAL = Metric(
    name="roomtone_ingest_aside_total", kind="counter", labels=("fate",),
    help="Messages that did not fit: kept aside, repeated (kept once), or refused at the limit.",
)  # fmt: skip
OVER_LIMIT = Metric(
    name="roomtone_ingest_over_limit_total", kind="counter",
    help="Messages with more runs, rooms or layouts than one node may have; they were put aside.",
)  # fmt: skip
DEFECTS = Metric(
    name="roomtone_ingest_defect_messages_total", kind="counter",
    help="Messages put aside because reading or keeping them raised what it should not.",
)  # fmt: skip
SAME_NAME = Metric(
    name="roomtone_ingest_same_name_total", kind="counter",
    help="How often two nodes with one name were noticed.",
)  # fmt: skip
TICKS = Metric(
    name="roomtone_ingest_ticks_total", kind="counter", help="Commits with anything in them."
)
COMMIT = Metric(
    name="roomtone_ingest_commit_seconds", kind="histogram",
    help="How long a tick's durable commit took.",
)  # fmt: skip
COMMIT_FAILURES = Metric(
    name="roomtone_ingest_commit_failures_total", kind="counter",
    help="Commits that failed and were tried again; nothing was acknowledged.",
)  # fmt: skip
DAMAGED = Metric(
    name="roomtone_ingest_damaged_periods_total", kind="counter", labels=("kind",),
    help="Periods found damaged in day files (seat, room) or before sealing (live); now gaps.",
)  # fmt: skip
CLOCK_OFF = Metric(
    name="roomtone_ingest_node_clock_off_seconds", kind="gauge", labels=("room", "node"),
    help="How far a node's clock is ahead; only of nodes that are not believed about the time.",
)  # fmt: skip
TIMEBASES_REFUSED = Metric(
    name="roomtone_ingest_timebases_refused_total", kind="counter",
    help="Clock records of nodes that have as many as are kept of one node.",
)  # fmt: skip
RETENTION_PAUSED = Metric(
    name="roomtone_ingest_retention_paused_seconds", kind="gauge",
    help="For how long nothing is removed for its age, because the server's clock was set; else 0.",
)  # fmt: skip
LINK_UP = Metric(
    name="roomtone_ingest_link_up", kind="gauge", help="1 while connected to the broker."
)
READY = Metric(
    name="roomtone_ingest_ready", kind="gauge", help="1 while /readyz says that ingest is ready."
)
TURN_AGE = Metric(
    name="roomtone_ingest_turn_age_seconds", kind="gauge",
    help="Since the loop came round; /healthz fails above ingest.stall_s.",
)  # fmt: skip
QUEUE = Metric(
    name="roomtone_ingest_queue_length", kind="gauge", labels=("queue",),
    help="How much waits: received messages, outgoing words, messages and bytes aside, counted runs.",
)  # fmt: skip
QUEUE_LIMIT = Metric(
    name="roomtone_ingest_queue_limit", kind="gauge", labels=("queue",),
    help="The setting that bounds that queue.",
)  # fmt: skip
DROPPED = Metric(
    name="roomtone_ingest_words_dropped_total", kind="counter",
    help="Acks and configurations that were dropped at the limit; nodes ask again.",
)  # fmt: skip
RUNS_FORGOTTEN = Metric(
    name="roomtone_ingest_runs_forgotten_total", kind="counter",
    help="Runs that are no longer counted, at the limit ingest.most_counted.",
)  # fmt: skip
KEPT = Metric(
    name="roomtone_ingest_kept_seat_seconds_total", kind="counter", labels=_NODE,
    help="Seat-seconds of a run that are kept, also those from before ingest began.",
)  # fmt: skip
TRIMMED = Metric(
    name="roomtone_ingest_trimmed_seat_seconds_total", kind="counter", labels=_NODE,
    help="Seat-seconds that came again and were there.",
)  # fmt: skip
GAP = Metric(
    name="roomtone_ingest_gap_seat_seconds", kind="gauge", labels=(*_NODE, "reason"),
    help="Seat-seconds of a run in recorded gaps; values that arrive make a gap give way.",
)  # fmt: skip
ASIDE = Metric(
    name="roomtone_ingest_aside_seat_seconds", kind="gauge", labels=("room", "node"),
    help="Seat-seconds in messages that are kept aside and can be read.",
)  # fmt: skip
COUNTED = Metric(
    name="roomtone_ingest_run_is_counted", kind="gauge", labels=_NODE,
    help="1 once what was kept before ingest began is in the figures of the run too.",
)  # fmt: skip
ACK_AGE = Metric(
    name="roomtone_ingest_last_ack_age_seconds", kind="gauge", labels=_NODE,
    help="Since data of the run was last kept and acknowledged.",
)  # fmt: skip
RESTLESS = Metric(
    name="roomtone_ingest_node_connections", kind="gauge", labels=("room", "node"),
    help="Connections in ten minutes of a node that makes more than 20; no other is listed.",
)  # fmt: skip
NODE_UP = Metric(
    name="roomtone_node_up", kind="gauge", labels=_NODE,
    help="1 while the last word on the run is its birth.",
)  # fmt: skip
NODE_HEALTH_AGE = Metric(
    name="roomtone_node_health_age_seconds", kind="gauge", labels=_NODE,
    help="Since the node's last health message, on which the following rest.",
)  # fmt: skip
NODE_SAMPLED = Metric(
    name="roomtone_node_sampled_seat_seconds_total", kind="counter", labels=_NODE,
    help="Seat-seconds that arrived at the node as good frames.",
)  # fmt: skip
NODE_PUBLISHED = Metric(
    name="roomtone_node_published_seat_seconds_total", kind="counter", labels=_NODE,
    help="Seat-seconds that the node sent at least once.",
)  # fmt: skip
NODE_ACKED = Metric(
    name="roomtone_node_acked_seat_seconds_total", kind="counter", labels=_NODE,
    help="Seat-seconds that the node knows to be kept.",
)  # fmt: skip
NODE_WAITING = Metric(
    name="roomtone_node_waiting_seat_seconds", kind="gauge", labels=_NODE,
    help="Seat-seconds in the node's memory or outbox that are not acknowledged.",
)  # fmt: skip
NODE_GAP = Metric(
    name="roomtone_node_gap_seat_seconds_total", kind="counter", labels=_NODE,
    help="Seat-seconds that the node sampled and gave up with a recorded gap.",
)  # fmt: skip
NODE_UNSAMPLED = Metric(
    name="roomtone_node_unsampled_seat_seconds_total", kind="counter", labels=_NODE,
    help="Seat-seconds that were due and never arrived on the serial line.",
)  # fmt: skip
NODE_OUTBOX = Metric(
    name="roomtone_node_outbox_bytes", kind="gauge", labels=_NODE,
    help="Size of the node's outbox.",
)  # fmt: skip

METRICS: Final = tuple(value for value in vars().values() if isinstance(value, Metric))


@dataclass(slots=True, kw_only=True)
class IngestFigures:
    """What the page is made of; ingest sets it, the health page's thread reads it."""

    clock: Clock
    condition: Condition
    counters: Counters
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


def page(figures: IngestFigures) -> str:
    """What `/metrics` answers."""
    told, c = Exposition(), figures.counters
    told.say(MESSAGES, c.messages)
    for fate, n in (("kept", c.kept), ("gap", c.gap), ("trimmed", c.trimmed)):
        told.say(PERIODS, n, fate)
    for fate, n in (
        ("kept", c.aside), ("repeated", c.aside_repeated), ("refused", c.aside_refused),
    ):  # fmt: skip
        told.say(ASIDE_TOTAL, n, fate)
    told.say(OVER_LIMIT, c.over_limit)
    told.say(DEFECTS, c.defects)
    told.say(SAME_NAME, c.same_name)
    told.say(TICKS, c.ticks)
    told.say_histogram(COMMIT, c.commit_s)
    told.say(COMMIT_FAILURES, figures.commit_failures)
    for kind in ("seat", "room", "live"):
        told.say(DAMAGED, figures.damaged.get(kind, 0), kind)
    for (room, node), claim in figures.clocks.items():
        told.say(CLOCK_OFF, claim.off_ns / 1e9, room, node)
    told.say(TIMEBASES_REFUSED, figures.timebases_refused)
    left_ns = figures.retention_from_utc_ns - figures.clock.utc_ns()
    told.say(RETENTION_PAUSED, max(0, left_ns) / 1e9)
    told.say(LINK_UP, int(figures.link_is_up))
    told.say(READY, int(not figures.condition.reasons))
    told.say(TURN_AGE, figures.condition.turned_s)
    for queue, (length, limit) in figures.queues.items():
        told.say(QUEUE, length, queue)
        told.say(QUEUE_LIMIT, limit, queue)
    told.say(DROPPED, figures.words_dropped)
    if figures.connections is not None:
        for found in figures.connections.restless(figures.clock.elapsed_ns()):
            told.say(RESTLESS, found.connections, found.room, found.node)
    if figures.seat_seconds is not None:
        _seat_seconds(told, figures.seat_seconds, figures.clock.elapsed_ns())
    return told.text()


def _seat_seconds(told: Exposition, counted: SeatSeconds, now_ns: int) -> None:
    told.say(RUNS_FORGOTTEN, counted.forgotten)
    for (room, node), n in counted.aside().items():
        told.say(ASIDE, n, room, node)
    for run in counted.runs():
        labels = run.room, run.node, f"{run.run:x}"
        told.say(KEPT, run.kept, *labels)
        told.say(TRIMMED, run.trimmed, *labels)
        for reason, n in run.gap.items():
            told.say(GAP, n, *labels, reason)
        told.say(COUNTED, int(run.is_counted), *labels)
        told.say(NODE_UP, int(run.is_up), *labels)
        if run.acked_ns is not None:
            told.say(ACK_AGE, (now_ns - run.acked_ns) / 1e9, *labels)
        _health(told, run, labels, now_ns)


def _health(told: Exposition, run: RunFigures, labels: tuple[str, ...], now_ns: int) -> None:
    health = run.health
    if health is None:
        return
    if run.health_ns is not None:
        told.say(NODE_HEALTH_AGE, (now_ns - run.health_ns) / 1e9, *labels)
    for metric, value in (
        (NODE_SAMPLED, health.sampled),
        (NODE_PUBLISHED, health.published),
        (NODE_ACKED, health.acked),
        (NODE_WAITING, health.waiting),
        (NODE_GAP, health.gap),
        (NODE_UNSAMPLED, health.unsampled),
        (NODE_OUTBOX, health.outbox_bytes),
    ):
        told.say(metric, value, *labels)
