"""Retention: removes what is older than the settings allow, every hour from the first hour on.

It works one slice at a time, so that storing and scoring are hardly delayed. It never touches what
is not sealed yet, whatever the clock says.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from contract.clock import SECOND_NS, Clock
from contract.files.sqlite_copy import remove_copies
from ingest.clocks.server_clock import PAUSE_NS, SET_NS
from ingest.clocks.words import when
from ingest.settings import RetentionSettings
from ingest.stores.protocol import PeriodStore, ScoreStore
from ingest.stores.rules.seal_schedule import Kind
from school.audit.upkeep import AuditUpkeep
from school.lessons.protocol import ScoredLessons

__all__ = [
    "COPY_DAYS",
    "Removed",
    "Retention",
    "retire_audit",
    "retire_copies",
    "retire_kept",
    "retire_labels",
    "retire_looks",
    "retire_pulse",
    "retire_scores",
    "retire_words",
]

_LOG = logging.getLogger("retention")
_EACH_NS: Final = 3_600 * SECOND_NS
_DAY_NS: Final = 86_400 * SECOND_NS
_AT_ONCE: Final = 2_000
COPY_DAYS: Final = 30
"""How long copies from before a database's upgrade stay at most."""
Removed = tuple[str, int]
"""Kind of data, and how many a slice removed."""


class Retention:
    """Runs rounds of slices; one `step` does at most one slice.

    `from_utc_ns` returns the UTC before which nothing may be removed; 0: no such limit.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        rounds: Callable[[int], Iterator[Removed]],
        from_utc_ns: Callable[[], int] = lambda: 0,
    ) -> None:
        self._clock = clock
        self._rounds = rounds
        self._from_utc_ns = from_utc_ns
        self._next_ns = clock.elapsed_ns() + _EACH_NS
        self._boot_zero_ns = clock.boot_zero_utc_ns()
        self._even_from_ns = clock.elapsed_ns()
        self._round: Iterator[Removed] | None = None
        self._removed: Counter[str] = Counter()

    def step(self) -> bool:
        """Do a slice if one is due; returns whether more can be done at once. Raises StoreError."""
        if self._was_clock_set():
            self._round = None
        if self._round is None:
            now_ns = self._clock.elapsed_ns()
            if now_ns < max(self._next_ns, self._even_from_ns):
                return False
            self._next_ns = now_ns + _EACH_NS
            if self._clock.utc_ns() < self._from_utc_ns():
                return False
            self._removed.clear()
            self._round = self._rounds(self._clock.utc_ns())
        # A round that raises is over: the next hour starts a new one.
        current, self._round = self._round, None
        try:
            what, n = next(current)
        except StopIteration:
            self._log_removed()
            return False
        self._round = current
        self._removed[what] += n
        return True

    def _was_clock_set(self) -> bool:
        """Whether the clock was set since the last step: it may be wrong now, or have been before."""
        boot_zero_ns = self._clock.boot_zero_utc_ns()
        stepped_ns = boot_zero_ns - self._boot_zero_ns
        self._boot_zero_ns = boot_zero_ns
        if abs(stepped_ns) <= SET_NS:
            return False
        self._even_from_ns = self._clock.elapsed_ns() + PAUSE_NS
        _LOG.warning(
            "the clock was set by %+d s; retention removes nothing before %s, when it has run "
            "steadily for a day",
            stepped_ns // SECOND_NS, when(self._clock.utc_ns() + PAUSE_NS),
        )  # fmt: skip
        return True

    def _log_removed(self) -> None:
        gone = [f"{n} {what}" for what, n in self._removed.items() if n]
        if gone:
            _LOG.info("retention removed %s", ", ".join(gone))


def retire_kept(store: PeriodStore, settings: RetentionSettings, utc_ns: int) -> Iterator[Removed]:
    """Remove old day files, one a slice, and messages that were kept aside."""
    kinds: tuple[tuple[Kind, int], ...] = (
        ("seat", settings.seat_days),
        ("room", settings.room_days),
    )
    for kind, days in kinds:
        while files := store.retire(kind, before=_day(utc_ns, days), max_days=1):
            yield f"day files of {kind} values", files
    before_ns = utc_ns - settings.aside_days * _DAY_NS
    while messages := store.retire_aside(before_utc_ns=before_ns, max_messages=_AT_ONCE):
        yield "messages kept aside", messages


def retire_scores(
    scores: ScoreStore, settings: RetentionSettings, utc_ns: int
) -> Iterator[Removed]:
    """Remove old epochs and alerts, some at a time."""
    before_ns = utc_ns - settings.score_days * _DAY_NS
    while gone := scores.retire(before_utc_ns=before_ns, max_epochs=_AT_ONCE):
        yield "epochs and alerts", gone


def retire_labels(
    lessons: ScoredLessons, settings: RetentionSettings, utc_ns: int
) -> Iterator[Removed]:
    """Remove old labels of confirmed and dismissed moments, some at a time."""
    before_ns = utc_ns - settings.label_days * _DAY_NS
    while gone := lessons.retire_labels(before_utc_ns=before_ns, most=_AT_ONCE):
        yield "labels", gone


def retire_looks(
    lessons: ScoredLessons, settings: RetentionSettings, utc_ns: int
) -> Iterator[Removed]:
    """Remove old looks of observers, some at a time; they stay as long as labels."""
    before_ns = utc_ns - settings.label_days * _DAY_NS
    while gone := lessons.retire_looks(before_utc_ns=before_ns, most=_AT_ONCE):
        yield "looks of observers", gone


def retire_words(
    lessons: ScoredLessons, settings: RetentionSettings, utc_ns: int
) -> Iterator[Removed]:
    """Remove what people wrote around lessons, some at a time."""
    before_ns = utc_ns - settings.debrief_days * _DAY_NS
    while gone := lessons.retire_words(before_utc_ns=before_ns, most=_AT_ONCE):
        yield "notes and other words of debriefs", gone


def retire_pulse(lessons: ScoredLessons, utc_ns: int) -> Iterator[Removed]:
    """Remove who was asked short questions in past weeks, and such weeks with too few answers."""
    while gone := lessons.retire_pulse(utc_ns=utc_ns, most=_AT_ONCE):
        yield "rows of short questions", gone


def retire_audit(audit: AuditUpkeep, settings: RetentionSettings, utc_ns: int) -> Iterator[Removed]:
    """Remove old entries of the audit log, some at a time; they leave a signed head."""
    before_ns = utc_ns - settings.audit_days * _DAY_NS
    while gone := audit.retire(before_utc_ns=before_ns, most=_AT_ONCE):
        yield "entries of the audit log", gone


def retire_copies(path: Path, days: int, utc_ns: int) -> Iterator[Removed]:
    """Remove copies from before a database's upgrade: they may hold data that has to go."""
    before_ns = utc_ns - min(days, COPY_DAYS) * _DAY_NS
    if gone := remove_copies(path, before_utc_ns=before_ns):
        yield f"copies of {path.name} from before its upgrade", gone


def _day(utc_ns: int, days: int) -> date:
    today = datetime.fromtimestamp(utc_ns // SECOND_NS, tz=UTC).date()
    return today - timedelta(days=days)
