"""The scorer's metrics for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

from prometheus_client import Histogram
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from contract.clock import Clock
from contract.errors import StoreError
from ingest.monitoring.condition import Condition
from ingest.monitoring.metric_families import counter, gauge, without_created
from ingest.scoring.results import Results
from ingest.stores.protocol import PeriodReader

__all__ = ["ScoreFigures", "ScoreMetrics"]

_STEP_BOUNDS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


@dataclass(slots=True, kw_only=True)
class ScoreFigures:
    """What the scorer counts; the health page's thread reads it."""

    epochs: int = 0
    raised: int = 0
    cleared: int = 0
    again: int = 0
    failures: int = 0
    cursor: int = 0
    """How far the store has been read."""
    level_ns: int = 0
    """Elapsed time at which the poll began that read everything stored until then."""
    step_s: Histogram = field(
        default_factory=lambda: Histogram(
            "roomtone_score_step_seconds", "How long polls took that found something to do.",
            buckets=_STEP_BOUNDS_S, registry=None,
        )
    )  # fmt: skip
    queues: Mapping[str, int] = field(default_factory=dict)
    max_open: int = 0

    def note_written(self, results: Results) -> None:
        self.epochs += len(results.epochs)
        cleared = sum(alert.cleared_utc_ns is not None for alert in results.alerts.values())
        self.cleared += cleared
        self.raised += len(results.alerts) - cleared


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoreMetrics(Collector):
    """Reads the store at each scrape, so that a scorer that hangs is visible."""

    figures: ScoreFigures
    condition: Condition
    clock: Clock
    open_reader: Callable[[], PeriodReader]

    def collect(self) -> Iterator[Metric]:
        yield from self._lag()
        figures, condition = self.figures, self.condition
        families = (
            counter("roomtone_score_epochs_total", "Epochs written.", figures.epochs),
            counter("roomtone_score_alerts_total", "Alerts that were raised, and that were cleared.",
                    [({"change": "raised"}, figures.raised), ({"change": "cleared"}, figures.cleared)]),
            counter("roomtone_score_lessons_again_total",
                    "Lessons that were scored again from their start.", figures.again),
            without_created(figures.step_s),
            counter("roomtone_score_store_failures_total",
                    "How often a store failed and scoring had to start again.", figures.failures),
            gauge("roomtone_score_ready", "1 while /readyz says that the scorer is ready.",
                  not condition.reasons),
            gauge("roomtone_score_turn_age_seconds",
                  "Since the loop came round; /healthz fails above score.stall_s.",
                  condition.turned_s),
            gauge("roomtone_score_queue_length",
                  "Lessons waiting to be scored again, lessons held in memory, runs without a date.",
                  [({"queue": queue}, length) for queue, length in figures.queues.items()]),
            gauge("roomtone_score_queue_limit",
                  "The limit of lessons in memory; the other queues are limited by what is stored.",
                  [({"queue": "open"}, figures.max_open)]),
        )  # fmt: skip
        yield from (family for family in families if family.samples)

    def _lag(self) -> Iterator[Metric]:
        try:
            with closing(self.open_reader()) as reader:
                cursor = self.figures.cursor
                _, changes = reader.changes(cursor)
                is_level = reader.newest_cursor() == cursor
        except StoreError:
            return  # unknown values are left out; /readyz has the reason
        waiting = sum(c.last_seq - c.first_seq + 1 for c in changes if not c.is_gap)
        behind_s = 0.0 if is_level else (self.clock.elapsed_ns() - self.figures.level_ns) / 1e9
        yield gauge("roomtone_score_lag_periods",
                    "Periods that are stored and not examined yet.", waiting)  # fmt: skip
        yield gauge("roomtone_score_lag_seconds",
                    "All that was stored longer ago than this has been examined; 0 when nothing waits.",
                    behind_s)  # fmt: skip
