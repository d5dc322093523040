"""Looks for damage in day files, a little each tick, and has what is found counted.

A round over all sealed chunks begins with the start and then each day. A file that a reader has
found damaged is looked at within a second.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from contract.clock import SECOND_NS, Clock
from ingest.nodes.accounting import SeatSeconds
from ingest.stores.protocol import PeriodStore

__all__ = ["SealedChecking"]

_EACH_NS: Final = 86_400 * SECOND_NS
_LOOK_NS: Final = SECOND_NS // 2
_AT_ONCE: Final = 32
"""Chunks a tick: about a quarter of a megabyte to read, some milliseconds."""


class SealedChecking:
    """Beside keeping, by ingest alone."""

    def __init__(self, *, store: PeriodStore, clock: Clock, seat_seconds: SeatSeconds) -> None:
        self.damaged: Counter[str] = Counter()
        """Periods that were found damaged since ingest began, by where they were."""
        self._store = store
        self._clock = clock
        self._seat_seconds = seat_seconds
        self._round_ns = self._look_ns = clock.elapsed_ns()
        self._is_busy = False

    def step(self) -> None:
        """Look at some chunks if it is time; raises StoreError."""
        now_ns = self._clock.elapsed_ns()
        if self._is_busy or now_ns >= self._look_ns:
            is_round_due = now_ns >= self._round_ns
            if is_round_due:
                self._round_ns = now_ns + _EACH_NS
            self._look_ns = now_ns + _LOOK_NS
            self._is_busy = self._store.check_sealed(max_chunks=_AT_ONCE, from_start=is_round_due)
        # Sealing may have found some as well.
        for damage in self._store.take_damage():
            self.damaged[damage.kind] += damage.periods
            self._seat_seconds.recount(damage.stream_id)
