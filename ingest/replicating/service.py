"""The replicating process: a thread for each database, and their part of purges."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client.registry import Collector

from contract.clock import SECOND_NS, Clock
from contract.errors import StoreError
from contract.files.sqlite_file import WriterLock, make_directory
from ingest.monitoring.condition import Condition
from ingest.purge.maintenance import PartWorker
from ingest.purge.requests import PARTS, PartDone, PurgeFolder, PurgeRequest
from ingest.replicas.engines import open_engine
from ingest.replicas.engines.protocol import Engine
from ingest.replicas.settings import ReplicaSettings
from ingest.replicas.status import ReplicasStatus, write_status
from ingest.replicating.metrics import ReplicaMetrics
from ingest.replicating.replica import Replica
from ingest.settings import ServerSettings
from ingest.stores import open_period_reader

__all__ = ["Replicator"]

_LOG = logging.getLogger("replicate")
_TURN_S: Final = 0.25
_STATUS_EACH_NS: Final = 10 * SECOND_NS
_END_S: Final = 5.0


class Replicator:
    """Feeds all replicas of one data directory, until it is stopped."""

    def __init__(
        self,
        *,
        settings: ServerSettings,
        clock: Clock,
        open_engine: Callable[[ReplicaSettings, Clock], Engine] = open_engine,
    ) -> None:
        self.condition = Condition(clock=clock, stall_s=settings.replicate.stall_s, missing={})
        self.replicas = [
            Replica(replica=each, settings=settings, clock=clock, open_engine=open_engine)
            for each in settings.replicas
        ]
        self.metrics: Collector = ReplicaMetrics(
            replicas=self.replicas, condition=self.condition,
            open_reader=lambda: open_period_reader(settings.data_dir),
        )  # fmt: skip
        self._data_dir = settings.data_dir
        self._clock = clock
        self._status_ns = clock.elapsed_ns() - _STATUS_EACH_NS
        self._shown: object = None

    def run(self, stop: threading.Event) -> None:
        """Feed until `stop` is set; raises StoreError if another process feeds them."""
        make_directory(self._data_dir)
        lock = WriterLock(self._data_dir / PARTS["replicas"])
        lock.acquire()
        worker = PartWorker(
            folder=PurgeFolder(self._data_dir), part="replicas", do=self._purge, clock=self._clock
        )
        for replica in self.replicas:
            replica.start(stop)
        _LOG.info("feeding %s", ", ".join(each.name for each in self.replicas) or "no replica")
        try:
            while not stop.is_set():
                self.condition.turn()
                if self.replicas:
                    worker.step()
                self._report()
                stop.wait(_TURN_S)
        finally:
            for replica in self.replicas:
                replica.wake()
            for replica in self.replicas:
                replica.join(_END_S)
            lock.release()

    def _purge(self, request: PurgeRequest) -> Iterator[PartDone]:
        """Ask every replica, and wait for all of them."""
        while True:
            removed: dict[str, int] = {}
            waiting = False
            for replica in self.replicas:
                replica.ask(request)
                done = replica.removed(request)
                waiting = waiting or done is None
                removed |= done or {}
            yield PartDone(removed=removed)
            if not waiting:
                return

    def _report(self) -> None:
        """Show how each replica is: to the health page, and to the other programs."""
        statuses = tuple(each.status() for each in self.replicas)
        for status in statuses:
            if status.trouble:
                self.condition.set_missing(status.name, status.trouble)
            else:
                self.condition.set_present(status.name)
        now_ns = self._clock.elapsed_ns()
        shown = [(x.trouble, x.clock, x.refusal) for x in statuses]
        if shown == self._shown and now_ns - self._status_ns < _STATUS_EACH_NS:
            return
        self._status_ns, self._shown = now_ns, shown
        try:
            write_status(
                self._data_dir, ReplicasStatus(utc_ns=self._clock.utc_ns(), replicas=statuses)
            )
        except StoreError as error:
            _LOG.error("%s", error)
