"""How much of a part of a lesson a room, or a zone, moved more than usual."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.features.seat_features import EPOCH_S
from models.measures.records import Measured
from models.school_model.labels import wilson

__all__ = ["MIN_MINUTES", "MORE_DB", "minutes_of_more_movement"]

MORE_DB: Final = 2.0
"""From here the pages say "more movement than usual"."""
MIN_MINUTES: Final = 3
_OF: Final = 10.0
_MINUTE: Final = 60 // EPOCH_S

Floats = NDArray[np.float64]


def minutes_of_more_movement(
    movement_db: Floats, spans: Sequence[tuple[float, float]]
) -> Measured | None:
    """Minutes of more movement than usual in each ten minutes of these spans; None for under three.

    `movement_db` (n,) is the area's movement in each epoch against its own normal of about ten
    minutes; spans are in seconds since the lesson's start. Counted are the known epochs from 2 dB
    on. The interval is Wilson's, as if each minute were one observation: neighbouring epochs are
    too much alike to count as several.
    """
    inside = np.zeros(len(movement_db), np.bool_)
    for start_s, end_s in spans:
        first, end = -(-start_s // EPOCH_S), end_s // EPOCH_S
        inside[max(0, int(first)) : max(0, int(min(end, len(movement_db))))] = True
    known = movement_db[inside & ~np.isnan(movement_db)]
    minutes = len(known) // _MINUTE
    if minutes < MIN_MINUTES:
        return None
    share = float((known >= MORE_DB).mean())
    low, high = wilson(share * minutes, minutes)
    return Measured(
        kind="movement", value=_OF * share, low=_OF * low, high=_OF * high, n=minutes
    )  # fmt: skip
