"""Which moments are the same stretch, picked by the system and by people: each side sees the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from contract.language import N_, _
from dashboard_api.views.schemas import MomentJson

__all__ = ["SYSTEM", "also_picked", "is_same_stretch"]

SYSTEM: Final = N_("the system")
_YOU: Final = N_("you")


def is_same_stretch(start: float, end: float, other_start: float, other_end: float) -> bool:
    """Whether half of the shorter one of two spans lies in the other."""
    shared = min(end, other_end) - max(start, other_start)
    return shared > 0 and 2.0 * shared >= min(end - start, other_end - other_start)


def also_picked(moments: Sequence[MomentJson]) -> dict[str, list[str]]:
    """Moment → who else picked its stretch, the system first. A routine is named, not picked."""
    picks = [each for each in moments if each.kind != "routine"]
    return {
        one.id: sorted(
            {
                _who(other)
                for other in picks
                if _who(other) != _who(one)
                and is_same_stretch(one.start_s, one.end_s, other.start_s, other.end_s)
            },
            key=lambda who: (who != _(SYSTEM), who != _(_YOU), who),
        )
        if one.kind != "routine"
        else []
        for one in moments
    }


def _who(moment: MomentJson) -> str:
    if moment.kind == "suggested":
        return _(SYSTEM)
    return _(_YOU) if moment.is_yours else moment.author
