"""What the scorer measures: its metrics, and the page that tells them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

from contract.clock import Clock
from contract.errors import StoreError
from ingest.monitoring.condition import Condition
from ingest.monitoring.exposition import Exposition, Histogram, Metric
from ingest.scoring.results import Results
from ingest.stores.protocol import PeriodReader

__all__ = ["METRICS", "ScoreFigures", "page"]

_STEP_BOUNDS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

LAG_PERIODS = Metric(
    name="roomtone_score_lag_periods", kind="gauge",
    help="Periods that are kept and not looked at yet.",
)  # fmt: skip
LAG_SECONDS = Metric(
    name="roomtone_score_lag_seconds", kind="gauge",
    help="All that was kept longer ago than this has been looked at; 0 when nothing waits.",
)  # fmt: skip
EPOCHS = Metric(name="roomtone_score_epochs_total", kind="counter", help="Epochs written.")
ALERTS = Metric(
    name="roomtone_score_alerts_total", kind="counter", labels=("change",),
    help="Alerts that were raised, and that were cleared.",
)  # fmt: skip
AGAIN = Metric(
    name="roomtone_score_lessons_again_total", kind="counter",
    help="Lessons that were scored again from their start.",
)  # fmt: skip
STEP = Metric(
    name="roomtone_score_step_seconds", kind="histogram",
    help="How long a poll took that found something to do.",
)  # fmt: skip
FAILURES = Metric(
    name="roomtone_score_store_failures_total", kind="counter",
    help="How often a store failed and scoring was taken up anew.",
)  # fmt: skip
READY = Metric(
    name="roomtone_score_ready", kind="gauge", help="1 while /readyz says that the scorer is ready."
)
TURN_AGE = Metric(
    name="roomtone_score_turn_age_seconds", kind="gauge",
    help="Since the loop came round; /healthz fails above score.stall_s.",
)  # fmt: skip
QUEUE = Metric(
    name="roomtone_score_queue_length", kind="gauge", labels=("queue",),
    help="Lessons waiting to be scored again, lessons held in memory, runs without a date.",
)  # fmt: skip
QUEUE_LIMIT = Metric(
    name="roomtone_score_queue_limit", kind="gauge", labels=("queue",),
    help="The setting that bounds lessons in memory; the others are bounded by what is kept.",
)  # fmt: skip

METRICS: Final = tuple(value for value in vars().values() if isinstance(value, Metric))


@dataclass(slots=True, kw_only=True)
class ScoreFigures:
    """What the page is made of; the scorer sets it, the health page's thread reads it."""

    epochs: int = 0
    raised: int = 0
    cleared: int = 0
    again: int = 0
    failures: int = 0
    cursor: int = 0
    """Up to where the store has been looked at."""
    level_ns: int = 0
    """Elapsed time at which the poll began that found everything kept until then."""
    step_s: Histogram = field(default_factory=lambda: Histogram(bounds=_STEP_BOUNDS_S))
    queues: Mapping[str, int] = field(default_factory=dict)
    most_open: int = 0

    def note_written(self, results: Results) -> None:
        """Epochs and alerts were written."""
        self.epochs += len(results.epochs)
        cleared = sum(alert.cleared_utc_ns is not None for alert in results.alerts.values())
        self.cleared += cleared
        self.raised += len(results.alerts) - cleared


def page(
    figures: ScoreFigures,
    *,
    condition: Condition,
    clock: Clock,
    open_reader: Callable[[], PeriodReader],
) -> str:
    """What `/metrics` answers; the store is asked now, so that a scorer that hangs can't hide."""
    told = Exposition()
    try:
        with closing(open_reader()) as reader:
            cursor = figures.cursor
            _, changes = reader.changes(cursor)
            is_level = reader.newest_cursor() == cursor
    except StoreError:
        pass  # what is not known is not told; /readyz says why
    else:
        waiting = sum(c.last_seq - c.first_seq + 1 for c in changes if not c.is_gap)
        behind_s = 0.0 if is_level else (clock.elapsed_ns() - figures.level_ns) / 1e9
        told.say(LAG_PERIODS, waiting)
        told.say(LAG_SECONDS, behind_s)
    told.say(EPOCHS, figures.epochs)
    told.say(ALERTS, figures.raised, "raised")
    told.say(ALERTS, figures.cleared, "cleared")
    told.say(AGAIN, figures.again)
    told.say_histogram(STEP, figures.step_s)
    told.say(FAILURES, figures.failures)
    told.say(READY, int(not condition.reasons))
    told.say(TURN_AGE, condition.turned_s)
    for queue, length in figures.queues.items():
        told.say(QUEUE, length, queue)
    told.say(QUEUE_LIMIT, figures.most_open, "open")
    return told.text()
