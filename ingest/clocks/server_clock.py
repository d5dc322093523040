"""Notices when the server's own clock is set, and keeps retention from removing data because of it.

Everything stored is stamped with the server's UTC, and retention uses that stamp. After the clock
was set, retention pauses for a day, and data that was stamped since this program started gets a
stamp of the new clock. A note in main.db shows a jump that happened while ingest did not run.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Final

from contract.clock import SECOND_NS, Clock
from contract.errors import StoreError
from ingest.clocks.words import when
from ingest.stores.clock_records import ClockNote
from ingest.stores.protocol import PeriodStore

__all__ = ["PAUSE_NS", "SET_NS", "ServerClock", "kernel_boot"]

_LOG = logging.getLogger("ingest")
SET_NS: Final = 300 * SECOND_NS
"""A clock that moved by more against the machine's monotonic clock was set; else it was slewed."""
PAUSE_NS: Final = 86_400 * SECOND_NS
"""How long the clock has to run steadily before retention removes anything."""
_NOTE_EACH_NS: Final = 600 * SECOND_NS
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


def kernel_boot() -> str:
    """The id of this start of the kernel; empty if the system has none."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""


class ServerClock:
    """Checks the clock once a tick, in ingest. All methods but `look` may raise StoreError."""

    def __init__(
        self, *, store: PeriodStore, clock: Clock, boot: str, bound_ns: int | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._boot = boot
        self._bound_ns = bound_ns
        self._has_begun = False
        self._note = self._now(0)
        self._noted_ns = clock.elapsed_ns()

    @property
    def retention_from_utc_ns(self) -> int:
        """Retention removes nothing before this time."""
        return self._note.retention_from_utc_ns

    def begin(self) -> None:
        """Compare the clock with the note of the last run, and set the limit for kits' clocks."""
        self._store.judge_clocks(bound_ns=self._bound_ns)
        before = self._store.clock_note()
        if before is None:
            self._keep(self._note)
            self._has_begun = True
            return
        self._note = replace(self._note, retention_from_utc_ns=before.retention_from_utc_ns)
        is_same_boot = bool(self._boot) and before.boot == self._boot
        step_ns = self._note.zero_utc_ns - before.zero_utc_ns
        back_ns = self._note.newest_utc_ns - before.newest_utc_ns
        if is_same_boot and abs(step_ns) > SET_NS:
            self._was_set(step_ns, before)
        elif back_ns < -SET_NS:
            self._was_set(back_ns, before)
        else:
            self._keep(self._note)
        self._has_begun = True

    def look(self) -> bool:
        """`begin` or `step`; logs a StoreError, and retries at the next look."""
        try:
            if self._has_begun:
                return self.step()
            self.begin()
        except StoreError as error:
            _LOG.error("%s The server's clock is checked again.", error)
        return False

    def step(self) -> bool:
        """Whether the clock was set since the last look, so that offsets by it are invalid."""
        now = self._now(self._note.began_utc_ns)
        step_ns = now.zero_utc_ns - self._note.zero_utc_ns
        if abs(step_ns) > SET_NS:
            self._was_set(step_ns, self._note)
            return True
        elapsed_ns = self._clock.elapsed_ns()
        if elapsed_ns - self._noted_ns >= _NOTE_EACH_NS:
            self._keep(replace(now, retention_from_utc_ns=self.retention_from_utc_ns))
        return False

    def _now(self, began_utc_ns: int) -> ClockNote:
        utc_ns = self._clock.utc_ns()
        return ClockNote(
            boot=self._boot, zero_utc_ns=self._clock.boot_zero_utc_ns(),
            began_utc_ns=began_utc_ns or utc_ns, newest_utc_ns=utc_ns, retention_from_utc_ns=0,
        )  # fmt: skip

    def _was_set(self, step_ns: int, before: ClockNote) -> None:
        now = self._now(0)
        # Stamps since the last note are a little later than it.
        last_utc_ns = before.newest_utc_ns + 2 * _NOTE_EACH_NS
        self._store.clock_was_set(
            from_utc_ns=before.began_utc_ns, to_utc_ns=last_utc_ns, now_utc_ns=now.newest_utc_ns
        )
        self._keep(replace(now, retention_from_utc_ns=now.newest_utc_ns + PAUSE_NS))
        _LOG.warning(
            "the server's clock was set by %+d s: retention removes nothing before %s, and "
            "kits' clocks are compared with it again",
            step_ns // SECOND_NS, when(self.retention_from_utc_ns),
        )  # fmt: skip

    def _keep(self, note: ClockNote) -> None:
        self._store.note_clock(note)
        self._note = note
        self._noted_ns = self._clock.elapsed_ns()
