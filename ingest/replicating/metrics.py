"""The replicas' metrics for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from contract.errors import StoreError
from ingest.monitoring.condition import Condition
from ingest.monitoring.metric_families import counter, gauge
from ingest.replicating.replica import Replica
from ingest.stores.protocol import PeriodReader

__all__ = ["ReplicaMetrics"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReplicaMetrics(Collector):
    """Reads the store at each scrape, so that a replica that hangs is visible."""

    replicas: Sequence[Replica]
    condition: Condition
    open_reader: Callable[[], PeriodReader]

    def collect(self) -> Iterator[Metric]:
        def each(figure: Callable[[Replica], float]) -> list[tuple[dict[str, str], float]]:
            return [({"replica": replica.name}, figure(replica)) for replica in self.replicas]

        newest = self._newest()
        if newest is not None:
            yield gauge("roomtone_replica_lag_seconds",
                        "All that was stored longer ago than this is in the replica.",
                        each(lambda x: 0.0 if x.figures.cursor == newest else x.lag_s()))  # fmt: skip
            yield gauge("roomtone_replica_waiting_commits",
                        "Commits of the store that the replica does not have yet.",
                        each(lambda x: max(0, newest - x.figures.cursor)))  # fmt: skip
        yield from (
            gauge("roomtone_replica_cursor", "How far the replica is, as the store counts commits.",
                  each(lambda x: x.figures.cursor)),
            counter("roomtone_replica_values_total", "Values that the replica has taken.",
                    each(lambda x: x.figures.values)),
            counter("roomtone_replica_requests_total", "Requests to write and to delete.",
                    each(lambda x: x.figures.requests)),
            counter("roomtone_replica_failures_total",
                    "How often the replica could not be reached, or could take nothing.",
                    each(lambda x: x.figures.failures)),
            counter("roomtone_replica_lessons_deleted_total", "Lessons that were deleted there.",
                    each(lambda x: x.figures.deleted)),
            gauge("roomtone_replica_aside_points", "Points that it refuses and that are kept aside.",
                  each(lambda x: x.figures.aside)),
            counter("roomtone_replica_dropped_points_total",
                    "Refused points for which there was no room aside.",
                    each(lambda x: x.figures.dropped)),
            gauge("roomtone_replica_up", "1 while the replica takes points.",
                  each(lambda x: float(not x.figures.trouble))),
            gauge("roomtone_replicate_turn_age_seconds",
                  "Since the loop came round; /healthz fails above replicate.stall_s.",
                  self.condition.turned_s),
        )  # fmt: skip

    def _newest(self) -> int | None:
        try:
            with closing(self.open_reader()) as reader:
                return reader.newest_cursor()
        except StoreError:
            return None  # unknown values are left out
