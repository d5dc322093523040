"""Has the store seal what is due, a few stretches each tick, so that keeping is hardly delayed."""

from __future__ import annotations

from typing import Final

from contract.clock import SECOND_NS, Clock
from ingest.settings import IngestSettings
from ingest.stores.protocol import PeriodStore

__all__ = ["Sealing"]

_STRETCHES_A_SLICE: Final = 20


class Sealing:
    """Beside keeping, by ingest alone."""

    def __init__(self, *, store: PeriodStore, clock: Clock, settings: IngestSettings) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._next_ns = clock.elapsed_ns()
        self._is_busy = False

    def step(self) -> None:
        """Seal a slice if it is time, or if the last one was not the end; raises StoreError."""
        now_ns = self._clock.elapsed_ns()
        if not self._is_busy and now_ns < self._next_ns:
            return
        now_utc_ns = self._clock.utc_ns()
        before = now_utc_ns - self._settings.seal_after_s * SECOND_NS
        self._is_busy = False  # if it fails, it is not tried again before the next time
        self._next_ns = now_ns + self._settings.seal_each_s * SECOND_NS
        moved = self._store.seal(
            before_utc_ns=before, now_utc_ns=now_utc_ns, max_stretches=_STRETCHES_A_SLICE
        )
        self._is_busy = moved > 0
