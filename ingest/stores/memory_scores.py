"""A score store in memory, for tests and examples. It forgets when it is closed."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.stores.records import AlertRecord, EpochRecord

__all__ = ["MemoryScoreStore"]


class MemoryScoreStore:
    """`ScoreStore` in dictionaries."""

    def __init__(self) -> None:
        self._cursor = 0
        self._commits = 0
        self._epochs: dict[tuple[str, int, int], EpochRecord] = {}
        self._alerts: dict[str, AlertRecord] = {}

    def cursor(self) -> int:
        return self._cursor

    def commit(
        self,
        *,
        cursor: int,
        epochs: Sequence[EpochRecord] = (),
        alerts: Sequence[AlertRecord] = (),
    ) -> None:
        self._cursor = cursor
        for epoch in epochs:
            self._epochs[epoch.lesson, epoch.stream, epoch.first_seq] = epoch
        for alert in alerts:
            self._alerts[alert.id] = alert
        self._commits += 1

    def epochs(self, lesson: str, *, after_utc_ns: int = -1) -> list[EpochRecord]:
        found = [
            epoch
            for epoch in self._epochs.values()
            if epoch.lesson == lesson and epoch.utc_ns > after_utc_ns
        ]
        return sorted(found, key=lambda epoch: (epoch.utc_ns, epoch.stream, epoch.first_seq))

    def alerts(self, lesson: str) -> list[AlertRecord]:
        found = [alert for alert in self._alerts.values() if alert.lesson == lesson]
        return sorted(found, key=lambda alert: (alert.raised_utc_ns, alert.id))

    def version(self) -> int:
        return self._commits

    def close(self) -> None:
        self._epochs.clear()
        self._alerts.clear()
