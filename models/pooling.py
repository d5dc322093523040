"""From seats to zones and the room: an off-task share with its interval, and what was sensed.

A zone is shown with five judged seats or more; what leaves here is never about fewer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.lesson import SMALLEST_ZONE
from models.features import EpochFeatures
from models.off_task import IntervalWidth
from models.scores import ROOM, EpochScore, ZoneScore
from models.zones import shown_zones

__all__ = ["LEAST_JUDGED", "pool", "score_epoch"]

LEAST_JUDGED: Final = 0.5
"""The share of those present that must be judged."""


def score_epoch(
    first_seq: int,
    features: EpochFeatures,
    probability: NDArray[np.float64],
    names: Sequence[str],
    columns: Sequence[NDArray[np.intp]],
    interval: IntervalWidth,
) -> EpochScore:
    """The room's and the zones' score, from each seat's probability (NaN: not judged)."""
    judged = ~np.isnan(probability)
    shown = shown_zones([int(judged[zone].sum()) for zone in columns], int(judged.sum()))
    return EpochScore(
        first_seq=first_seq,
        room=pool(ROOM, np.arange(len(probability)), features, probability, interval),
        zones=tuple(
            pool(name, column if is_shown else column[:0], features, probability, interval)
            for name, column, is_shown in zip(names, columns, shown, strict=True)
        ),
    )


def pool(
    name: str,
    columns: NDArray[np.intp],
    features: EpochFeatures,
    probability: NDArray[np.float64],
    interval: IntervalWidth,
) -> ZoneScore:
    """The score of these seats together; abstains with fewer than five of them judged.

    It abstains also where less than half of those present can be judged.
    """
    judged = columns[~np.isnan(probability[columns])]
    present = int(features.present[columns].sum())
    n = len(judged)
    if n < SMALLEST_ZONE or n < LEAST_JUDGED * present:
        return ZoneScore(
            zone=name, seats=n if n >= SMALLEST_ZONE else 0,
            movement=None, movement_low=None, movement_high=None,
            off_task=None, off_task_low=None, off_task_high=None, signs={},
        )  # fmt: skip
    p = probability[judged]
    share = float(p.mean())
    own = float((p * (1.0 - p)).sum()) / n**2
    reach = interval.reach * math.sqrt(interval.own * own + interval.shared**2)
    moves = features.movement_db[judged].astype(np.float64)
    movement = float(moves.mean())
    spread = 1.96 * float(moves.std(ddof=1)) / math.sqrt(n)
    signs = {
        "movement": movement,
        "fidgets": float(np.nanmean(features.wiggles[judged])),
        "moving_seats": float(features.more[judged].mean()),
        "noise": features.noise_db,
    }
    return ZoneScore(
        zone=name,
        seats=n,
        movement=movement,
        movement_low=movement - spread,
        movement_high=movement + spread,
        off_task=share,
        off_task_low=max(0.0, share - reach),
        off_task_high=min(1.0, share + reach),
        signs={sign: value for sign, value in signs.items() if not math.isnan(value)},
    )
