"""One replica on a thread of its own: so that a database that hangs holds no other one up."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Final, Protocol

from contract.backoff import Backoff
from contract.clock import SECOND_NS, Clock
from contract.errors import StoreError, UsageError
from ingest.purge.requests import PurgeRequest
from ingest.replicas.engines import open_engine
from ingest.replicas.engines.answers import EngineError
from ingest.replicas.engines.protocol import Engine
from ingest.replicas.outlet import Outlet, ReplicaFigures
from ingest.replicas.progress import Progress
from ingest.replicas.settings import ReplicaSettings
from ingest.replicas.status import ReplicaStatus
from ingest.replicating.health_feed import HealthFeed
from ingest.replicating.lessons_feed import LessonsFeed
from ingest.settings import ServerSettings
from ingest.stores import open_period_reader, open_score_store
from school import open_lesson_store

__all__ = ["Replica"]

_LOG = logging.getLogger("replicate")
_FIRST_WAIT_S: Final = 1.0
_NOTE_EACH_S: Final = 10.0
_SHOWN: Final = 1_500


class _Feed(Protocol):
    def note(self) -> None: ...
    def step(self) -> bool: ...
    def purge(self, request: PurgeRequest) -> dict[str, int]: ...


class Replica:
    """Feeds one database until it is stopped."""

    def __init__(
        self,
        *,
        replica: ReplicaSettings,
        settings: ServerSettings,
        clock: Clock,
        open_engine: Callable[[ReplicaSettings, Clock], Engine] = open_engine,
    ) -> None:
        self.name = replica.name
        self.figures = ReplicaFigures()
        self._replica = replica
        self._settings = settings
        self._clock = clock
        self._open_engine = open_engine
        self._wake = threading.Event()
        self._asked: dict[str, PurgeRequest] = {}
        self._removed: dict[str, dict[str, int]] = {}
        self._thread: threading.Thread | None = None

    def start(self, stop: threading.Event) -> None:
        self._thread = threading.Thread(
            target=self.run, args=(stop,), name=f"replica {self.name}", daemon=True
        )
        self._thread.start()

    def wake(self) -> None:
        self._wake.set()

    def join(self, timeout_s: float) -> None:
        """Wait for its end, but not for a database that hangs: what it had not taken is sent again."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def ask(self, request: PurgeRequest) -> None:
        """Have a purge carried out; `removed` says when that is done."""
        if request.id not in self._removed:
            self._asked[request.id] = request
            self._wake.set()

    def removed(self, request: PurgeRequest) -> dict[str, int] | None:
        """What a purge has removed there; None until the database has answered."""
        return self._removed.get(request.id)

    def status(self) -> ReplicaStatus:
        figures = self.figures
        return ReplicaStatus(
            name=self.name, trouble=figures.trouble[:_SHOWN], clock=figures.clock[:_SHOWN],
            refusal=figures.refusal[:_SHOWN], lag_s=self.lag_s(), aside=figures.aside,
            dropped=figures.dropped,
        )  # fmt: skip

    def lag_s(self) -> float:
        """All that was stored longer ago than this is there."""
        if not self.figures.level_ns:
            return 0.0
        return max(0.0, (self._clock.elapsed_ns() - self.figures.level_ns) / 1e9)

    def run(self, stop: threading.Event) -> None:
        """Feed until `stop` is set; what fails is tried again, later each time."""
        replicate = self._settings.replicate
        backoff = Backoff(
            first_s=min(_FIRST_WAIT_S, replicate.max_wait_s), max_s=replicate.max_wait_s
        )
        while not stop.is_set():
            with ExitStack() as held:
                feed = None
                try:
                    feed = self._opened(held, stop)
                    while not stop.is_set():
                        self._purge(feed)
                        worked = feed.step()
                        self._works(backoff)
                        if not worked:
                            self._wait(replicate.poll_s, stop)
                except EngineError as error:
                    self._fails(str(error))
                    self._wait_noting(max(backoff.failed(), error.wait_s), feed, stop)
                except (StoreError, UsageError) as error:
                    self._fails(str(error))
                    self._wait(backoff.failed(), stop)

    def _opened(self, held: ExitStack, stop: threading.Event) -> _Feed:
        settings, replica, data_dir = self._settings, self._replica, self._settings.data_dir
        progress = held.enter_context(closing(Progress(data_dir, replica.name)))
        engine = held.enter_context(closing(self._open_engine(replica, self._clock)))
        reader = held.enter_context(closing(open_period_reader(data_dir)))
        outlet = Outlet(
            engine=engine, progress=progress, replica=replica, settings=settings.replicate,
            clock=self._clock, figures=self.figures,
        )  # fmt: skip
        if replica.what == "health":
            return HealthFeed(
                replica=replica, reader=reader, clock=self._clock, progress=progress,
                outlet=outlet, max_bytes=settings.replicate.max_aside_mb << 20,
            )  # fmt: skip
        scores = held.enter_context(closing(open_score_store(data_dir)))
        lessons = held.enter_context(
            closing(open_lesson_store(data_dir, settings.school.database_url))
        )
        return LessonsFeed(
            replica=replica, reader=reader, scores=scores, lessons=lessons, clock=self._clock,
            progress=progress, outlet=outlet, longest_ns=settings.lessons.longest_ns,
            retention=settings.retention, max_lines=settings.replicate.max_batch_lines,
            is_stopped=stop.is_set,
        )  # fmt: skip

    def _purge(self, feed: _Feed) -> None:
        for name, request in list(self._asked.items()):
            removed = feed.purge(request)
            self._removed[name] = removed
            self._asked.pop(name, None)
            _LOG.info("purge %s: done in the replica %s", name, self.name)

    def _works(self, backoff: Backoff) -> None:
        if self.figures.trouble:
            _LOG.info("%s takes points again.", self.name)
        self.figures.trouble = ""
        backoff.reset()

    def _fails(self, sentence: str) -> None:
        self.figures.failures += 1
        if sentence != self.figures.trouble:
            self.figures.trouble = sentence
            _LOG.error("%s It is tried again, at the latest after %g s.",
                       sentence, self._settings.replicate.max_wait_s)  # fmt: skip

    def _wait_noting(self, wait_s: float, feed: _Feed | None, stop: threading.Event) -> None:
        """Wait; what nothing else keeps is noted meanwhile."""
        end_ns = self._clock.elapsed_ns() + round(wait_s * SECOND_NS)
        while not stop.is_set() and (left_ns := end_ns - self._clock.elapsed_ns()) > 0:
            if feed is not None:
                try:
                    feed.note()
                except StoreError as error:
                    self._fails(str(error))
            if self._wait(min(left_ns / SECOND_NS, _NOTE_EACH_S), stop):
                return

    def _wait(self, wait_s: float, stop: threading.Event) -> bool:
        """Wait, unless somebody wakes it; whether somebody did."""
        if stop.is_set():
            return True
        is_woken = self._wake.wait(wait_s)
        self._wake.clear()
        return is_woken
