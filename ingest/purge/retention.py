"""Retention: what is older than the settings allow goes, an hour after the start and each hour.

One slice at a time, so that whoever keeps or scores in between is hardly delayed. What is not
sealed yet is never touched, whatever the clock says.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from contract.clock import SECOND_NS, Clock
from contract.sqlite_copy import remove_copies
from ingest.clocks.server_clock import PAUSE_NS, SET_NS, when
from ingest.settings import RetentionSettings
from ingest.stores.protocol import PeriodStore, ScoreStore
from ingest.stores.rules.seal_schedule import Kind
from school.lessons.protocol import ScoredLessons

__all__ = [
    "COPY_DAYS",
    "Removed",
    "Retention",
    "retire_copies",
    "retire_kept",
    "retire_labels",
    "retire_scores",
]

_LOG = logging.getLogger("retention")
_EACH_NS: Final = 3_600 * SECOND_NS
_DAY_NS: Final = 86_400 * SECOND_NS
_AT_ONCE: Final = 2_000
COPY_DAYS: Final = 30
"""Copies from before a database was brought up stay at most so long."""
Removed = tuple[str, int]
"""What, and how many of it a slice removed."""


class Retention:
    """Runs rounds of slices; one `step` does one slice at most.

    `from_utc_ns` says before which UTC nothing is removed, as ingest notes it; 0: at any time.
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
        self._removed: dict[str, int] = {}

    def step(self) -> bool:
        """Do a slice if one is due; whether there is more to do at once. Raises StoreError."""
        if self._was_clock_set():
            self._round = None
        if self._round is None:
            now_ns = self._clock.elapsed_ns()
            if now_ns < max(self._next_ns, self._even_from_ns):
                return False
            self._next_ns = now_ns + _EACH_NS
            if self._clock.utc_ns() < self._from_utc_ns():
                return False
            self._removed = {}
            self._round = self._rounds(self._clock.utc_ns())
        try:
            what, n = next(self._round)
        except StopIteration:
            self._round = None
            self._log_removed()
            return False
        except BaseException:
            self._round = None  # the next hour begins anew
            raise
        self._removed[what] = self._removed.get(what, 0) + n
        return True

    def _was_clock_set(self) -> bool:
        """Whether the clock was set since the last look: then it may be wrong, or just right."""
        boot_zero_ns = self._clock.boot_zero_utc_ns()
        stepped_ns = boot_zero_ns - self._boot_zero_ns
        self._boot_zero_ns = boot_zero_ns
        if abs(stepped_ns) <= SET_NS:
            return False
        self._even_from_ns = self._clock.elapsed_ns() + PAUSE_NS
        _LOG.warning(
            "the clock was set by %+d s; nothing is removed for age before %s, when it has run "
            "evenly for a day",
            stepped_ns // SECOND_NS, when(self._clock.utc_ns() + PAUSE_NS),
        )  # fmt: skip
        return True

    def _log_removed(self) -> None:
        gone = [f"{n} {what}" for what, n in self._removed.items() if n]
        if gone:
            _LOG.info("removed for their age: %s", ", ".join(gone))


def retire_kept(store: PeriodStore, settings: RetentionSettings, utc_ns: int) -> Iterator[Removed]:
    """Day files by kind, one a slice, and messages that were kept aside."""
    kinds: tuple[tuple[Kind, int], ...] = (
        ("seat", settings.seat_days),
        ("room", settings.room_days),
    )
    for kind, days in kinds:
        while files := store.retire(kind, before=_day(utc_ns, days), most_days=1):
            yield f"day files of {kind} values", files
    before_ns = utc_ns - settings.aside_days * _DAY_NS
    while messages := store.retire_aside(before_utc_ns=before_ns, most=_AT_ONCE):
        yield "messages kept aside", messages


def retire_scores(
    scores: ScoreStore, settings: RetentionSettings, utc_ns: int
) -> Iterator[Removed]:
    """Epochs and alerts, some at a time."""
    before_ns = utc_ns - settings.score_days * _DAY_NS
    while gone := scores.retire(before_utc_ns=before_ns, most=_AT_ONCE):
        yield "epochs and alerts", gone


def retire_labels(
    lessons: ScoredLessons, settings: RetentionSettings, utc_ns: int
) -> Iterator[Removed]:
    """What is kept of confirmed and dismissed moments, some at a time."""
    before_ns = utc_ns - settings.label_days * _DAY_NS
    while gone := lessons.retire_labels(before_utc_ns=before_ns, most=_AT_ONCE):
        yield "labels", gone


def retire_copies(path: Path, days: int, utc_ns: int) -> Iterator[Removed]:
    """The copies of a database from before it was brought up, which may hold what has to go."""
    before_ns = utc_ns - min(days, COPY_DAYS) * _DAY_NS
    if gone := remove_copies(path, before_utc_ns=before_ns):
        yield f"copies of {path.name} from before it was brought up", gone


def _day(utc_ns: int, days: int) -> date:
    today = datetime.fromtimestamp(utc_ns // SECOND_NS, tz=UTC).date()
    return today - timedelta(days=days)
