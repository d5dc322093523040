"""Results of scoring that are not written yet."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.scoring.epochs import zone_epochs
from ingest.scoring.lesson_spans import LessonSpans
from ingest.scoring.lesson_state import LessonState, Scored
from ingest.stores.protocol import ScoreStore
from ingest.stores.records import AlertRecord, EpochRecord

__all__ = ["Results"]

_LOG = logging.getLogger("score")


@dataclass(slots=True)
class Results:
    """Epochs, and alerts by id; of two states of an alert the later one counts."""

    epochs: list[EpochRecord] = field(default_factory=list)
    alerts: dict[str, AlertRecord] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.epochs or self.alerts)

    def add(self, state: LessonState, scored: Scored, spans: LessonSpans) -> None:
        """Add the results of a lesson."""
        self.alerts.update(scored.alerts)
        if not scored.epochs:
            return
        stream_id = state.stream.id
        utcs = spans.utcs_ns(stream_id, [epoch.first_seq for epoch in scored.epochs])
        self.epochs += [
            EpochRecord(
                lesson=state.lesson.id,
                stream_id=stream_id,
                first_seq=epoch.first_seq,
                utc_ns=utc_ns,
                model=state.version,
                zones=zone_epochs(epoch),
            )
            for epoch, utc_ns in zip(scored.epochs, utcs, strict=True)
        ]

    def write(self, scores: ScoreStore, cursor: int, *, written_utc_ns: int) -> None:
        """Write all of it and the cursor in one transaction; raises StoreError."""
        alerts: Sequence[AlertRecord] = list(self.alerts.values())
        scores.commit(
            cursor=cursor, epochs=self.epochs, alerts=alerts, written_utc_ns=written_utc_ns
        )
        for alert in alerts:
            over = alert.cleared_utc_ns is not None
            _LOG.info(
                "alert %s in %s, %s: %s", "over" if over else "raised",
                alert.room, alert.zone, " ".join(alert.because),
            )  # fmt: skip
