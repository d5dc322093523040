"""Results of scoring that are not written yet."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field

from ingest.scoring.lesson_spans import LessonSpans
from ingest.scoring.lesson_state import LessonState
from ingest.stores.protocol import ScoreStore
from ingest.stores.records import AlertRecord, EpochRecord, ZoneEpoch
from models.serving.scores import EpochScore, ZoneScore

__all__ = ["Results", "zone_epochs"]

_LOG = logging.getLogger("score")


@dataclass(slots=True)
class Results:
    """Epochs, and alerts by id; of two states of an alert the later one counts."""

    epochs: list[EpochRecord] = field(default_factory=list)
    alerts: dict[str, AlertRecord] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.epochs or self.alerts)

    def add(self, state: LessonState, spans: LessonSpans, *, after_seq: int = -1) -> None:
        """Take the results of a lesson; of the epochs only those that begin after a seq."""
        scored, alerts = state.take()
        self.alerts |= alerts
        fresh = [epoch for epoch in scored if epoch.first_seq > after_seq]
        if not fresh:
            return
        stream_id = state.stream.id
        utcs = spans.utcs_ns(stream_id, [epoch.first_seq for epoch in fresh])
        self.epochs += [
            EpochRecord(
                lesson=state.lesson.id,
                stream_id=stream_id,
                first_seq=epoch.first_seq,
                utc_ns=utc_ns,
                model=state.version,
                zones=zone_epochs(epoch),
            )
            for epoch, utc_ns in zip(fresh, utcs, strict=True)
        ]

    def write(self, scores: ScoreStore, cursor: int, *, written_utc_ns: int) -> None:
        """Write all of it and the cursor in one transaction; raises StoreError."""
        alerts = list(self.alerts.values())
        scores.commit(
            cursor=cursor, epochs=self.epochs, alerts=alerts, written_utc_ns=written_utc_ns
        )
        for alert in alerts:
            over = alert.cleared_utc_ns is not None
            _LOG.info(
                "alert %s in %s, %s: %s", "over" if over else "raised",
                alert.room, alert.zone, " ".join(alert.because),
            )  # fmt: skip


def zone_epochs(epoch: EpochScore) -> tuple[ZoneEpoch, ...]:
    """An epoch's scores for the store; NaN where the model gave no score."""
    return tuple(_zone(score) for score in (epoch.room, *epoch.zones))


def _zone(score: ZoneScore) -> ZoneEpoch:
    return ZoneEpoch(
        zone=score.zone,
        seats=score.seats,
        movement_db=_number(score.movement),
        movement_low_db=_number(score.movement_low),
        movement_high_db=_number(score.movement_high),
        off_task=_number(score.off_task),
        off_task_low=_number(score.off_task_low),
        off_task_high=_number(score.off_task_high),
        moving_seats=score.signs.get("moving_seats", math.nan),
        fidgets=score.signs.get("fidgets", math.nan),
        noise_db=score.signs.get("noise", math.nan),
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value
