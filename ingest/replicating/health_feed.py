"""Feeds one replica with the health of kits: each minute, what each of them counted last.

The store keeps the newest health alone. So a minute that can't be sent waits in the replica's own file, and
a database that was down gets those minutes too.
"""

from __future__ import annotations

from typing import Final

from contract.clock import SECOND_NS, Clock
from ingest.purge.requests import PurgeRequest
from ingest.replicas.outlet import Outlet
from ingest.replicas.points import Whose, health_lines
from ingest.replicas.progress import Progress
from ingest.replicas.removal import remove_purged
from ingest.replicas.settings import ReplicaSettings
from ingest.stores.protocol import PeriodReader

__all__ = ["HealthFeed"]

_EACH_NS: Final = 60 * SECOND_NS


class HealthFeed:
    """What one replica is to get next."""

    def __init__(
        self,
        *,
        replica: ReplicaSettings,
        reader: PeriodReader,
        clock: Clock,
        progress: Progress,
        outlet: Outlet,
        max_bytes: int,
    ) -> None:
        self._replica = replica
        self._reader = reader
        self._clock = clock
        self._progress = progress
        self._outlet = outlet
        self._max_bytes = max_bytes
        self._noted_ns = clock.elapsed_ns() - _EACH_NS

    def note(self) -> None:
        """Hold this minute, if it is time; nothing is sent. Raises StoreError."""
        now_ns = self._clock.elapsed_ns()
        if now_ns - self._noted_ns < _EACH_NS:
            return
        self._noted_ns = now_ns
        utc_ns = self._clock.utc_ns()
        lines: list[str] = []
        for stream in self._reader.runs("newest"):
            health = self._reader.health(stream.id)
            if health is not None:
                whose = Whose(site=stream.site, room=stream.room, node=stream.node)
                is_up = self._reader.is_up(stream.id)
                lines += health_lines(whose, health, is_up=is_up, utc_ns=utc_ns)
        if lines:
            self._progress.push(lines, max_bytes=self._max_bytes)

    def step(self) -> bool:
        """Send what waits, the oldest first. Raises EngineError, StoreError."""
        began_ns, figures = self._clock.elapsed_ns(), self._outlet.figures
        self.note()
        while (found := self._progress.waiting()) is not None:
            number, lines = found
            self._outlet.send(lines)
            self._progress.pop(number)
        figures.level_ns = began_ns
        figures.cursor = self._reader.newest_cursor()
        return False

    def purge(self, request: PurgeRequest) -> dict[str, int]:
        """Delete the health of a room's kits, if all of the room is purged."""
        return remove_purged(self._outlet, self._progress, self._replica, request)
