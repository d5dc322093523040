"""Says in which part of the room something is missing while the rest was sensed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from contract.lesson import Zone
from dashboard_api.views.readings import MissingSpan
from dashboard_api.views.text import GAP_TEXT, length_text

__all__ = ["missing_sentences"]

_WORTH_SAYING_S: Final = 5


def missing_sentences(missing: Sequence[MissingSpan], zones: Sequence[Zone]) -> list[str]:
    """A sentence for each place and reason, if it is about an epoch or more."""
    seconds = Counter[tuple[str, str]]()
    for lack in missing:
        for place in _places(lack, zones):
            seconds[place, lack.reason] += lack.end_s - lack.start_s
    return [
        f"{place}: {length_text(n)} missing, {GAP_TEXT[reason]}."
        for (place, reason), n in seconds.items()
        if n >= _WORTH_SAYING_S
    ]


def _places(lack: MissingSpan, zones: Sequence[Zone]) -> list[str]:
    if not lack.seats:
        return ["The room's noise"]
    named = [zone.name for zone in zones if set(zone.seats) & set(lack.seats)]
    return named or [lack.hub]
