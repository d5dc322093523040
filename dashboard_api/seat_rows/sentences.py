"""What the page of seat rows says of a lesson: what its strips show, or why there are none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dashboard_api.seat_rows.rows import FEWEST, SeatRow
from dashboard_api.views.readings import RoomReadings
from dashboard_api.views.schemas import GapJson
from dashboard_api.views.seat_readings import SeatReadings
from dashboard_api.views.text import GAP_TEXT, length_text

__all__ = ["rows_sentences", "why_no_rows"]

_SOON_S: Final = 120

Floats = NDArray[np.float64]


def rows_sentences(rows: Sequence[SeatRow], length_s: int, *, is_running: bool) -> list[str]:
    """What the strips show."""
    number = "1 row" if len(rows) == 1 else f"{len(rows)} rows"
    found = [
        f"{number} over {length_text(length_s)}, in the order of the room's layout.",
        "Each level is compared with the normal of the same seats.",
    ]
    if len(rows) == 1:
        found.append(
            "The kit knows a single row in this room, so the row shows what the whole room shows."
        )
    if is_running:
        found.append("The lesson is on: this is what has passed of it.")
    return found


def why_no_rows(
    length_s: int,
    readings: RoomReadings,
    seats: SeatReadings,
    gaps: Sequence[GapJson],
    room: Floats,
) -> str:
    """Why there is no row."""
    if length_s == 0:
        return "The lesson has not started yet."
    if not np.isnan(seats.motion_db).all():
        if length_s < _SOON_S:
            return "It takes a minute until it is known what is normal for a seat."
        return (
            f"Fewer than {FEWEST} seats were in use for most of the lesson. A row of one or two "
            "would be about one or two pupils, so none is shown."
        )
    if not np.isnan(room).all():
        return (
            "What single seats sensed is not kept any more. It goes some weeks after a lesson; the "
            "timeline stays."
        )
    has_noise = any(not bool(np.isnan(trace).all()) for trace in readings.levels.values())
    if has_noise and not (seats.seats or any(hub.seats for hub in seats.hubs)):
        return "The kit in this room has no movement sensors, so there are no rows of seats."
    if has_noise:
        return "No seat's sensor gave a value in this lesson. A technician can check the kit."
    reasons = dict.fromkeys(gap.words for gap in gaps) or [GAP_TEXT["not_received"]]
    return f"Nothing is shown of this lesson: {'; '.join(reasons)}."
