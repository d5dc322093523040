"""What one replica gets: batches in order, with what it refuses kept aside for it alone."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from contract.clock import SECOND_NS, Clock
from ingest.replicas.engines.answers import PointsRefusedError, TooLargeError
from ingest.replicas.engines.protocol import Engine
from ingest.replicas.line_protocol import series
from ingest.replicas.points import values_of
from ingest.replicas.progress import Progress
from ingest.replicas.settings import ReplicaSettings, ReplicateSettings

__all__ = ["Outlet", "ReplicaFigures"]

_LOG = logging.getLogger("replicate")
_MAX_REQUESTS: Final = 200
"""How many requests look for the refused points of a batch, before a part is kept aside whole."""
_WRONG_CLOCK_S: Final = 300.0


@dataclass(slots=True, kw_only=True)
class ReplicaFigures:
    """What is counted of one replica; the health page's thread reads it."""

    values: int = 0
    requests: int = 0
    failures: int = 0
    deleted: int = 0
    """Lessons that were deleted there."""
    aside: int = 0
    """Refused points that are kept."""
    dropped: int = 0
    """Refused points for which there was no room."""
    refusal: str = ""
    """Why the newest were refused."""
    trouble: str = ""
    """Why nothing can be sent at the moment; empty while all is well."""
    clock: str = ""
    """That its clock is off, if it is."""
    cursor: int = 0
    level_ns: int = 0
    """Elapsed time at which all that was stored had been sent."""


class Outlet:
    """Sends to one database; raises EngineError where it can't be reached."""

    def __init__(
        self,
        *,
        engine: Engine,
        progress: Progress,
        replica: ReplicaSettings,
        settings: ReplicateSettings,
        clock: Clock,
        figures: ReplicaFigures,
    ) -> None:
        self.figures = figures
        self._engine = engine
        self._progress = progress
        self._name = replica.name
        self._settings = settings
        self._clock = clock
        self._keeps_said = False
        figures.aside = progress.count_aside()

    def send(self, lines: Sequence[str]) -> int:
        """Send points in their order; returns how many values they have when all are taken."""
        for at in range(0, len(lines), self._settings.max_batch_lines):
            self._budget = _MAX_REQUESTS
            self._write(lines[at : at + self._settings.max_batch_lines])
        count = values_of(lines)
        self.figures.values += count
        return count

    def delete(self, tags: Mapping[str, str], measurement: str | None = None) -> bool:
        """Delete what has these tags; False if this database can't, which is said once."""
        if self._engine.keeps is not None:
            if not self._keeps_said:
                self._keeps_said = True
                _LOG.warning(
                    "%s keeps what is deleted or replaced here: %s.", self._name, self._engine.keeps
                )
            return False
        self.figures.requests += 1
        self._engine.delete(tags, measurement)
        for key, text in tags.items():
            self._progress.forget_aside(series("x", {key: text}).removeprefix("x,"))
        self.figures.aside = self._progress.count_aside()
        return True

    def _write(self, lines: Sequence[str]) -> None:
        """Send a batch; where some of it is refused, its halves, down to single points."""
        try:
            self.figures.requests += 1
            self._budget -= 1
            self._engine.write("\n".join(lines).encode())
        except PointsRefusedError as error:
            is_whole = self._budget <= 0 and not isinstance(error, TooLargeError)
            if len(lines) == 1 or is_whole:
                self._put_aside(lines, str(error))
                return
            middle = len(lines) // 2
            self._write(lines[:middle])
            self._write(lines[middle:])
        self._look_at_clock()

    def _put_aside(self, lines: Sequence[str], reason: str) -> None:
        is_new = reason != self.figures.refusal
        self.figures.refusal = reason
        is_kept = self._progress.put_aside(
            lines, reason, self._clock.utc_ns(), max_bytes=self._settings.max_aside_mb << 20
        )
        if is_kept:
            self.figures.aside += len(lines)
        else:
            self.figures.dropped += len(lines)
        if is_new:
            _LOG.warning("%s They are kept aside for this replica alone.", reason)

    def _look_at_clock(self) -> None:
        off_s = self._engine.clock_difference_s()
        if off_s is None or abs(off_s) < _WRONG_CLOCK_S:
            self.figures.clock = ""
            return
        was = self.figures.clock
        hours = abs(off_s) * SECOND_NS / (3_600 * SECOND_NS)
        side = "ahead of" if off_s > 0 else "behind"
        self.figures.clock = (
            f"{self._name}: its clock is {hours:.1f} h {side} this server's: it may drop the newest "
            "points; set the clock that is wrong"
        )
        if not was:
            _LOG.warning("%s.", self.figures.clock)
