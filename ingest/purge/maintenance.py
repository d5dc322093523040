"""The writers' maintenance beside their work: retention and purges, slice by slice."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from contract.clock import SECOND_NS, Clock
from contract.errors import StoreError
from ingest.clocks.server_clock import ServerClock
from ingest.purge.requests import PartDone, PurgeFolder, PurgeRequest
from ingest.purge.retention import (
    Removed,
    Retention,
    retire_audit,
    retire_copies,
    retire_kept,
    retire_labels,
    retire_looks,
    retire_pulse,
    retire_scores,
    retire_words,
)
from ingest.settings import ServerSettings
from ingest.stores.protocol import PeriodReader, PeriodStore, ScoreStore
from school.audit.upkeep import AuditUpkeep
from school.lessons.protocol import ScoredLessons

__all__ = ["KeptUpkeep", "PartWorker", "ScoreUpkeep", "purge_kept", "purge_scores"]

_LOG = logging.getLogger("purge")
_POLL_NS: Final = SECOND_NS // 2
_RETRY_NS: Final = 10 * SECOND_NS
_SLICE_NS: Final = 20_000_000
"""How long a slice may delay a tick, apart from the last step of a purge."""
RunPart = Callable[[PurgeRequest], Iterator[PartDone]]


def purge_kept(store: PeriodStore, request: PurgeRequest) -> Iterator[PartDone]:
    """Ingest's part of a purge: periods, live and sealed, and messages kept aside."""
    for done in store.purge(request.purge):
        yield PartDone(
            removed={
                "periods": done.periods,
                "day files rewritten": done.files,
                "messages kept aside": done.aside,
            }
        )


def purge_scores(scores: ScoreStore, request: PurgeRequest) -> Iterator[PartDone]:
    """The scorer's part of a purge: epochs and alerts."""
    for n in scores.purge(
        request.scored,
        from_utc_ns=request.from_utc_ns,
        to_utc_ns=request.to_utc_ns,
        again=request.again,
    ):
        yield PartDone(removed={"epochs and alerts": n})


class PartWorker:
    """Does one writer's part of the requested purges, a slice at a time."""

    def __init__(self, *, folder: PurgeFolder, part: str, do: RunPart, clock: Clock) -> None:
        self._folder = folder
        self._part = part
        self._do = do
        self._clock = clock
        self._next_ns = clock.elapsed_ns()
        self._now: tuple[PurgeRequest, Iterator[PartDone]] | None = None
        self._later_ns: dict[str, int] = {}
        """Purge → when it is tried again: one that fails must not block the others."""
        self._done = PartDone(removed={})

    @property
    def is_busy(self) -> bool:
        """Whether a purge is in progress."""
        return self._now is not None

    def step(self) -> PurgeRequest | None:
        """Do one slice; returns the request when its last slice is done."""
        began_ns = self._clock.elapsed_ns()
        try:
            if self._now is None:
                if began_ns < self._next_ns:
                    return None
                self._next_ns = began_ns + _POLL_NS
                self._now = self._next(began_ns)
                if self._now is None:
                    return None
            request, steps = self._now
            for self._done in steps:
                if self._clock.elapsed_ns() - began_ns >= _SLICE_NS:
                    return None
            self._folder.note_done(request, self._part, self._done)
        except StoreError as error:
            if self._now is None:  # the folder itself
                self._next_ns = began_ns + _RETRY_NS
            else:
                self._later_ns[self._now[0].id] = began_ns + _RETRY_NS
            self._now = None  # it starts again from the beginning; what is removed stays removed
            _LOG.error("%s The purge is tried again.", error)
            return None
        except (ArithmeticError, ValueError) as error:
            # Bounds are checked when the request is read. A value that passes them and still
            # can't be computed with would end this program at every start.
            if self._now is None:
                raise
            why = f"it can't be done ({type(error).__name__})"
            self._folder.aside.put(self._now[0].file_name, why)
            self._now = None
            return None
        self._now = None
        _LOG.info("purge %s: this program's part is done", request.id)
        return request

    def _next(self, now_ns: int) -> tuple[PurgeRequest, Iterator[PartDone]] | None:
        """The oldest purge that is this part's turn and did not fail just now."""
        waiting = self._folder.waiting()
        ids = {request.id for request in waiting}
        self._later_ns = {
            each: due for each, due in self._later_ns.items() if each in ids and due > now_ns
        }
        for request in waiting:
            if request.id not in self._later_ns and self._folder.is_turn(request, self._part):
                return request, self._do(request)
        return None


class KeptUpkeep:
    """Maintenance by ingest, beside storing."""

    def __init__(
        self,
        *,
        settings: ServerSettings,
        clock: Clock,
        store: PeriodStore,
        server_clock: ServerClock | None = None,
    ) -> None:
        self._store = store

        def rounds(utc_ns: int) -> Iterator[Removed]:
            yield from retire_kept(store, settings.retention, utc_ns)
            path = settings.data_dir / "main.db"
            yield from retire_copies(path, settings.retention.seat_days, utc_ns)

        self._retention = Retention(
            clock=clock,
            rounds=rounds,
            from_utc_ns=lambda: server_clock.retention_from_utc_ns if server_clock else 0,
        )
        self._worker = PartWorker(
            folder=PurgeFolder(settings.data_dir), part="ingest",
            do=partial(purge_kept, store), clock=clock,
        )  # fmt: skip
        self._repeated: Iterator[object] | None = None

    def step(self) -> bool:
        """Do a slice of what is due; returns whether messages kept aside may have been removed."""
        if self._repeated is not None:
            try:
                if next(self._repeated, None) is None:
                    self._repeated = None
            except StoreError:
                self._repeated = None  # it is still due
                raise
            return True
        finished = self._worker.step()
        if finished is None and not self._worker.is_busy:
            for purge in self._store.purges_due()[:1]:
                _LOG.info("purge %s: repeated for data that came since", purge.id)
                self._repeated = self._store.purge(purge)
        return self._retention.step() or finished is not None


class ScoreUpkeep:
    """Maintenance by the scorer, beside scoring.

    With `lessons` also the retention of labels and looks, and with `audit` that of the audit log and its
    heads.
    """

    def __init__(
        self,
        *,
        settings: ServerSettings,
        clock: Clock,
        scores: ScoreStore,
        lessons: ScoredLessons | None = None,
        periods: PeriodReader | None = None,
        audit: AuditUpkeep | None = None,
    ) -> None:
        self._scores = scores
        self._audit = audit
        self._periods = periods

        def rounds(utc_ns: int) -> Iterator[Removed]:
            yield from retire_scores(scores, settings.retention, utc_ns)
            if lessons is not None:
                yield from retire_labels(lessons, settings.retention, utc_ns)
                yield from retire_looks(lessons, settings.retention, utc_ns)
                yield from retire_words(lessons, settings.retention, utc_ns)
                yield from retire_pulse(lessons, utc_ns)
            if audit is not None:
                yield from retire_audit(audit, settings.retention, utc_ns)
            days = settings.retention
            for name, n in (("score.db", days.score_days), ("school.db", days.label_days)):
                yield from retire_copies(settings.data_dir / name, n, utc_ns)

        self._retention = Retention(clock=clock, rounds=rounds, from_utc_ns=self._from_utc_ns)
        self._worker = PartWorker(
            folder=PurgeFolder(settings.data_dir), part="score",
            do=partial(purge_scores, scores), clock=clock,
        )  # fmt: skip

    def _from_utc_ns(self) -> int:
        """Read from ingest's clock note, which also covers times when no scorer ran."""
        note = self._periods.clock_note() if self._periods is not None else None
        return 0 if note is None else note.retention_from_utc_ns

    def begin(self) -> None:
        """Become the one writer at once, so that no other process purges behind this one's memory."""
        self._scores.retire(before_utc_ns=0, max_epochs=0)

    def step(self) -> bool:
        """Do a slice of what is due; returns whether scores were removed that memory still uses."""
        self._retention.step()
        if self._audit is not None:
            self._audit.step()
        return self._worker.step() is not None
