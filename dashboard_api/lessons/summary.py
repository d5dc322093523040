"""What a timeline shows, in sentences: for readers who can't see it or are in a hurry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboard_api.views.levels import bucketed
from dashboard_api.views.movement import Ribbon
from dashboard_api.views.readings import GapSpan, RoomReadings
from dashboard_api.views.text import (
    GAP_TEXT,
    length_text,
    position_text,
    times_text,
)

__all__ = ["summary"]


def summary(
    length_s: int,
    movement: Ribbon,
    readings: RoomReadings,
    gaps: Sequence[GapSpan],
    zones: Sequence[str],
) -> list[str]:
    """Sentences about movement, noise, zones and gaps; `movement` has coarse steps."""
    if length_s == 0:
        return ["The lesson has not started yet."]
    is_scored = not bool(np.isnan(movement.mean).all())
    return [
        _movement(movement)
        if is_scored
        else "The movement in this lesson has not been scored yet.",
        _noise(readings),
        *([_zones(zones)] if is_scored else []),
        _gaps(gaps, length_s),
    ]


def _movement(movement: Ribbon) -> str:
    at = int(np.nanargmax(movement.mean))
    peak = float(movement.mean[at])
    place = position_text(at * movement.step_s)
    return (
        f"The liveliest half minute starts at {place}, with {times_text(peak)} the normal movement."
    )


def _noise(readings: RoomReadings) -> str:
    laeq = readings.levels["laeq_1s"]
    if bool(np.isnan(laeq).all()):
        return "No sound level was measured."
    minutes = bucketed(laeq, 60).mean
    at = int(np.nanargmax(minutes))
    return (
        f"Noise was {bucketed(laeq, None).mean[0]:.0f} dB(A) on average. The loudest minute "
        f"starts at {position_text(at * 60)}, with {minutes[at]:.0f} dB(A)."
    )


def _zones(zones: Sequence[str]) -> str:
    if not zones:
        return "No zone is shown, because none has five seats or more."
    names = ", ".join(zones)
    return f"{len(zones)} {'zone is' if len(zones) == 1 else 'zones are'} shown: {names}."


def _gaps(gaps: Sequence[GapSpan], length_s: int) -> str:
    if not gaps:
        return "Nothing is missing."
    missing = sum(gap.end_s - gap.start_s for gap in gaps)
    if missing >= length_s:
        return f"Nothing was sensed: {GAP_TEXT[gaps[0].reason]}."
    longest = max(gaps, key=lambda gap: gap.end_s - gap.start_s)
    where = f"starts at {position_text(longest.start_s)} ({GAP_TEXT[longest.reason]})."
    if len(gaps) == 1:
        return f"One gap of {length_text(missing)} {where}"
    return f"{len(gaps)} gaps, {length_text(missing)} in total; the longest {where}"
