"""Turns kept scores into the model's own classes."""

from __future__ import annotations

import math

from ingest.stores.records import ZoneEpoch
from models.serving.scores import ZoneScore

__all__ = ["zone_score"]


def zone_score(zone: ZoneEpoch) -> ZoneScore:
    """The score of the room or of a zone in one epoch, as the model's class."""
    signs = {
        "movement": zone.movement_db,
        "moving_seats": zone.moving_seats,
        "fidgets": zone.fidgets,
        "noise": zone.noise_db,
    }
    return ZoneScore(
        zone=zone.zone,
        seats=zone.seats,
        movement=_known(zone.movement_db),
        movement_low=_known(zone.movement_low_db),
        movement_high=_known(zone.movement_high_db),
        off_task=_known(zone.off_task),
        off_task_low=_known(zone.off_task_low),
        off_task_high=_known(zone.off_task_high),
        signs={name: value for name, value in signs.items() if not math.isnan(value)},
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
