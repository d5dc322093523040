"""The scoring process: opens the stores, and polls what ingest stores until it is stopped."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from prometheus_client.registry import Collector

from contract.backoff import Backoff
from contract.clock import Clock
from contract.errors import StoreError
from ingest.monitoring.condition import Condition
from ingest.purge.maintenance import ScoreUpkeep
from ingest.scoring.follower import Following
from ingest.scoring.metrics import ScoreFigures, ScoreMetrics
from ingest.settings import ServerSettings
from ingest.stores import open_period_reader, open_score_writer
from ingest.stores.protocol import PeriodReader, ScoreStore
from models.serving.scorer import ScoringModel
from school import open_lesson_store
from school.audit.upkeep import AuditUpkeep
from school.database import open_school_database
from school.lessons.protocol import ScoredLessons

__all__ = ["Scorer"]

_LOG = logging.getLogger("score")


class Scorer:
    """Follows what ingest stores in one data directory, until it is stopped."""

    def __init__(
        self,
        *,
        settings: ServerSettings,
        model: ScoringModel,
        clock: Clock,
        open_reader: Callable[[Path], PeriodReader] = open_period_reader,
        open_scores: Callable[[Path], ScoreStore] = open_score_writer,
        open_lessons: Callable[[Path], ScoredLessons] | None = None,
    ) -> None:
        self.condition = Condition(
            clock=clock,
            stall_s=settings.score.stall_s,
            missing={"stores": "the stores are not open yet"},
        )
        self._figures = ScoreFigures(max_open=settings.score.max_open)
        self.metrics: Collector = ScoreMetrics(
            figures=self._figures, condition=self.condition, clock=clock,
            open_reader=lambda: open_reader(settings.data_dir),
        )  # fmt: skip
        """The metrics of `/metrics`; any thread may collect them."""
        self._settings = settings
        self._model = model
        self._clock = clock
        self._open_reader = open_reader
        self._open_scores = open_scores
        self._open_lessons = open_lessons or partial(
            open_lesson_store, database_url=settings.school.database_url
        )
        self._audit = AuditUpkeep(
            open_database=partial(
                open_school_database, settings.data_dir, settings.school.database_url
            ),
            directory=settings.data_dir,
            clock=clock,
        )

    def run(self, stop: threading.Event) -> None:
        """Score until `stop` is set. When a store fails, log it and retry."""
        backoff = Backoff(first_s=0.2, max_s=5.0)
        while not stop.is_set():
            try:
                with (
                    closing(self._open_reader(self._settings.data_dir)) as reader,
                    closing(self._open_scores(self._settings.data_dir)) as scores,
                    closing(self._open_lessons(self._settings.data_dir)) as lessons,
                ):
                    upkeep = ScoreUpkeep(
                        settings=self._settings, clock=self._clock, scores=scores, lessons=lessons,
                        periods=reader, audit=self._audit,
                    )  # fmt: skip
                    upkeep.begin()
                    following = self._begun(reader, scores, lessons)
                    if not backoff.failures:
                        _LOG.info(
                            "following %s with the model %s",
                            self._settings.data_dir, self._model.manifest.version,
                        )  # fmt: skip
                    self.condition.set_present("stores")
                    while not stop.is_set():
                        self.condition.turn()
                        if upkeep.step():
                            # The state in memory uses scores or values that have been purged.
                            following = self._begun(reader, scores, lessons)
                        if not following.step():
                            stop.wait(self._settings.score.poll_ms / 1e3)
                        backoff.reset()
            except StoreError as error:
                self.condition.turn()
                self.condition.set_missing("stores", str(error))
                self._figures.failures += 1
                wait_s = backoff.failed()
                _LOG.error("%s Trying again in %g s.", error, wait_s)
                stop.wait(wait_s)

    def _begun(self, reader: PeriodReader, scores: ScoreStore, lessons: ScoredLessons) -> Following:
        following = Following(
            settings=self._settings.score, model=self._model, clock=self._clock,
            reader=reader, scores=scores, lessons=lessons,
            longest_ns=self._settings.lessons.longest_ns, retention=self._settings.retention,
            figures=self._figures,
        )  # fmt: skip
        following.begin()
        return following
