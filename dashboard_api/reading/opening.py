"""Opens the time-series database that a dashboard reads lessons from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from pydantic import SecretStr

from contract.clock import SECOND_NS, Clock
from dashboard_api.reading import SOURCES
from dashboard_api.reading.by_time import FindLesson, TimeScores, TimeSensed
from dashboard_api.reading.faults import DatabaseError
from dashboard_api.reading.series import Series, SeriesSource, Wanted
from dashboard_api.reading.settings import ReadsSettings
from ingest.stores.records import ScoredLesson

__all__ = ["AfterPause", "open_readers"]

T = TypeVar("T")

PAUSE_NS: Final = 3 * SECOND_NS


class AfterPause:
    """A source that is not asked again at once when it has failed: all pages would wait for it."""

    def __init__(self, source: SeriesSource, clock: Clock) -> None:
        self._source, self._clock = source, clock
        self._failed: tuple[int, DatabaseError] | None = None

    def series(self, wanted: Wanted) -> list[Series]:
        return self._try(lambda: self._source.series(wanted))

    def lessons(self, wanted: Wanted) -> list[ScoredLesson]:
        return self._try(lambda: self._source.lessons(wanted))

    def close(self) -> None:
        self._source.close()

    def _try(self, ask: Callable[[], T]) -> T:
        if self._failed is not None:
            until_ns, error = self._failed
            if self._clock.elapsed_ns() < until_ns:
                raise DatabaseError(error.say) from error
        try:
            found = ask()
        except DatabaseError as error:
            self._failed = self._clock.elapsed_ns() + PAUSE_NS, error
            raise
        self._failed = None
        return found


def open_readers(
    reads: ReadsSettings,
    token: SecretStr,
    find: FindLesson,
    *,
    sites: Sequence[str],
    score_days: int,
    clock: Clock,
) -> tuple[TimeSensed, TimeScores]:
    """What was sensed and scored, from the database that `reads` names; the scores close it.

    `clock` is the lessons' clock, and `score_days` how long scores are kept. Nothing is asked yet.
    """
    source = AfterPause(SOURCES[reads.kind](reads, token), clock)
    return TimeSensed(source, sites), TimeScores(source, sites, find, clock, days=score_days)
