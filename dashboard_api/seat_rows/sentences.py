"""What the page of seat rows says of a lesson: what its strips show, or why there are none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.language import _, ngettext
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
    found = [
        ngettext(
            "{n} row over {length}, in the order of the room's layout.",
            "{n} rows over {length}, in the order of the room's layout.",
            len(rows), length=length_text(length_s),
        ),
        _("Each level is compared with the normal of the same seats."),
    ]  # fmt: skip
    if len(rows) == 1:
        found.append(
            _(
                "The kit knows a single row in this room, so the row shows what the whole room shows."
            )
        )
    if is_running:
        found.append(_("The lesson is on: this is what has passed of it."))
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
        return _("The lesson has not started yet.")
    if not np.isnan(seats.motion_db).all():
        if length_s < _SOON_S:
            return _("It takes a minute until it is known what is normal for a seat.")
        return _(
            "Fewer than {n} seats were in use for most of the lesson. A row of one or two would be "
            "about one or two pupils, so none is shown.",
            n=FEWEST,
        )
    if not np.isnan(room).all():
        return _(
            "What single seats sensed is not kept any more. It goes some weeks after a lesson; the "
            "timeline stays."
        )
    has_noise = any(not bool(np.isnan(trace).all()) for trace in readings.levels.values())
    if has_noise and not (seats.seats or any(hub.seats for hub in seats.hubs)):
        return _("The kit in this room has no movement sensors, so there are no rows of seats.")
    if has_noise:
        return _("No seat's sensor gave a value in this lesson. A technician can check the kit.")
    reasons = dict.fromkeys(gap.words for gap in gaps) or [_(GAP_TEXT["not_received"])]
    return _("Nothing is shown of this lesson: {why}.", why="; ".join(reasons))
