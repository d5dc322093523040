"""What a timeline shows, in sentences: for readers who can't see it or are in a hurry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from contract.language import _, ngettext
from dashboard_api.views.levels import bucketed
from dashboard_api.views.movement import Ribbon
from dashboard_api.views.readings import GapSpan, RoomReadings
from dashboard_api.views.text import (
    GAP_TEXT,
    factor_text,
    length_text,
    position_text,
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
        return [_("The lesson has not started yet.")]
    is_scored = not bool(np.isnan(movement.mean).all())
    return [
        _movement(movement)
        if is_scored
        else _("The movement in this lesson has not been scored yet."),
        _noise(readings),
        *([_zones(zones)] if is_scored else []),
        _gaps(gaps, length_s),
    ]


def _movement(movement: Ribbon) -> str:
    at = int(np.nanargmax(movement.mean))
    peak = float(movement.mean[at])
    place = position_text(at * movement.step_s)
    return _(
        "The liveliest half minute starts at {place}, with {factor} times the normal movement.",
        place=place, factor=factor_text(peak),
    )  # fmt: skip


def _noise(readings: RoomReadings) -> str:
    laeq = readings.levels["laeq_1s"]
    if bool(np.isnan(laeq).all()):
        return _("No sound level was measured.")
    minutes = bucketed(laeq, 60).mean
    at = int(np.nanargmax(minutes))
    return _(
        "Noise was {mean} dB(A) on average. The loudest minute starts at {place}, with {most} dB(A).",
        mean=f"{bucketed(laeq, None).mean[0]:.0f}", place=position_text(at * 60),
        most=f"{minutes[at]:.0f}",
    )  # fmt: skip


def _zones(zones: Sequence[str]) -> str:
    if not zones:
        return _("No zone is shown, because none has five seats or more.")
    return ngettext(
        "{n} zone is shown: {names}.", "{n} zones are shown: {names}.", len(zones),
        names=", ".join(zones),
    )  # fmt: skip


def _gaps(gaps: Sequence[GapSpan], length_s: int) -> str:
    if not gaps:
        return _("Nothing is missing.")
    missing = sum(gap.end_s - gap.start_s for gap in gaps)
    if missing >= length_s:
        return _("Nothing was sensed: {why}.", why=_(GAP_TEXT[gaps[0].reason]))
    longest = max(gaps, key=lambda gap: gap.end_s - gap.start_s)
    return ngettext(
        "One gap of {length} starts at {place} ({why}).",
        "{n} gaps, {length} in total; the longest starts at {place} ({why}).",
        len(gaps), length=length_text(missing), place=position_text(longest.start_s),
        why=_(GAP_TEXT[longest.reason]),
    )  # fmt: skip
