"""Converts an epoch's scores for the store; NaN where the model gave no score."""

from __future__ import annotations

import math

from ingest.stores.records import ZoneEpoch
from models.serving.scores import EpochScore, ZoneScore

__all__ = ["zone_epochs"]


def zone_epochs(epoch: EpochScore) -> tuple[ZoneEpoch, ...]:
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
