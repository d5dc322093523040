"""A score store in memory, for tests and examples. It forgets when it is closed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ingest.stores.records import (
    EPOCH_NS,
    AlertRecord,
    EpochRecord,
    RoomLevels,
    ScoredLesson,
)
from ingest.stores.rules.rescoring import rescored

__all__ = ["MemoryScoreStore"]


class MemoryScoreStore:
    """`ScoreStore` in dictionaries."""

    def __init__(self) -> None:
        self._cursor = 0
        self._commits = 0
        self._epochs: dict[tuple[str, int, int], EpochRecord] = {}
        self._alerts: dict[str, AlertRecord] = {}
        self._again: set[str] = set()
        self._written: dict[str, int] = {}
        """Lesson → when its scores were written."""

    def cursor(self) -> int:
        return self._cursor

    def commit(
        self,
        *,
        cursor: int,
        epochs: Sequence[EpochRecord] = (),
        alerts: Sequence[AlertRecord] = (),
        written_utc_ns: int = 0,
    ) -> None:
        self._cursor = cursor
        for lesson in {e.lesson for e in epochs} | {a.lesson for a in alerts}:
            self._written[lesson] = max(self._written.get(lesson, 0), written_utc_ns)
        for epoch in epochs:
            key = epoch.lesson, epoch.stream_id, epoch.first_seq
            # After a purge the old score rests on what is gone.
            old = None if epoch.lesson in self._again else self._epochs.get(key)
            self._epochs[key] = rescored(old, epoch)
        for alert in alerts:
            self._alerts[alert.id] = alert
        self._commits += 1

    def epochs(self, lesson: str, *, after_utc_ns: int = -1) -> list[EpochRecord]:
        found = [
            epoch
            for epoch in self._epochs.values()
            if epoch.lesson == lesson and epoch.utc_ns > after_utc_ns
        ]
        return sorted(found, key=lambda epoch: (epoch.utc_ns, epoch.stream_id, epoch.first_seq))

    def alerts(self, lesson: str) -> list[AlertRecord]:
        found = [alert for alert in self._alerts.values() if alert.lesson == lesson]
        return sorted(found, key=lambda alert: (alert.raised_utc_ns, alert.id))

    def open_alerts(self) -> list[AlertRecord]:
        found = [alert for alert in self._alerts.values() if alert.cleared_utc_ns is None]
        return sorted(found, key=lambda alert: (alert.raised_utc_ns, alert.id))

    def scored_lessons(self) -> list[ScoredLesson]:
        times: dict[str, list[int]] = {}
        for epoch in self._epochs.values():
            times.setdefault(epoch.lesson, []).append(epoch.utc_ns)
        return [
            ScoredLesson(lesson=lesson, first_utc_ns=min(utcs), last_utc_ns=max(utcs))
            for lesson, utcs in sorted(times.items())
        ]

    def lessons_with_scores(self) -> set[str]:
        return {epoch.lesson for epoch in self._epochs.values()}

    def written_since(self, utc_ns: int) -> list[tuple[str, int]]:
        found = [(lesson, at) for lesson, at in self._written.items() if at >= utc_ns]
        return sorted(found, key=lambda each: (each[1], each[0]))

    def room_levels(self, lesson: str, *, each: int) -> RoomLevels:
        some = [
            epoch for epoch in self.epochs(lesson) if epoch.first_seq % each == 0 and epoch.zones
        ]
        return RoomLevels(
            model=tuple(epoch.model for epoch in some),
            movement_db=np.array([epoch.zones[0].movement_db for epoch in some], np.float64),
            off_task=np.array([epoch.zones[0].off_task for epoch in some], np.float64),
        )

    def retire(self, *, before_utc_ns: int, max_epochs: int) -> int:
        fresh = {lesson for lesson, utc_ns in self._written.items() if utc_ns >= before_utc_ns}
        old = sorted(
            (e.utc_ns, key)
            for key, e in self._epochs.items()
            if e.utc_ns < before_utc_ns and e.lesson not in fresh
        )
        for _, key in old[:max_epochs]:
            del self._epochs[key]
        ended = [
            a.id
            for a in self._alerts.values()
            if a.raised_utc_ns < before_utc_ns and a.lesson not in fresh
        ]
        for alert in ended:
            del self._alerts[alert]
        removed = len(old[:max_epochs]) + len(ended)
        self._commits += bool(removed)
        return removed

    def purge(
        self,
        lessons: Sequence[str],
        *,
        from_utc_ns: int,
        to_utc_ns: int,
        again: Sequence[str] = (),
    ) -> Iterator[int]:
        epochs = [
            key
            for key, e in self._epochs.items()
            if e.lesson in lessons and from_utc_ns - EPOCH_NS < e.utc_ns < to_utc_ns
        ]
        for key in epochs:
            del self._epochs[key]
        alerts = [
            a.id
            for a in self._alerts.values()
            if a.lesson in lessons
            and a.raised_utc_ns < to_utc_ns
            and (a.cleared_utc_ns is None or a.cleared_utc_ns > from_utc_ns)
        ]
        for alert in alerts:
            del self._alerts[alert]
        self._again.update(again)
        self._commits += 1
        yield len(epochs) + len(alerts)

    def to_score_again(self) -> list[str]:
        return sorted(self._again)

    def scored_again(self) -> None:
        self._again.clear()

    def version(self) -> int:
        return self._commits

    def close(self) -> None:
        self._epochs.clear()
        self._alerts.clear()
