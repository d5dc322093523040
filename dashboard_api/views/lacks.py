"""Says in which part of the room something is missing while the rest was sensed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from contract.lesson import Zone
from dashboard_api.views.readings import LackSpan
from dashboard_api.views.words import GAP_WORDS, length_words

__all__ = ["lack_sentences"]

_WORTH_SAYING_S: Final = 5


def lack_sentences(lacks: Sequence[LackSpan], zones: Sequence[Zone]) -> list[str]:
    """A sentence for each place and reason, if it is about an epoch or more."""
    seconds = Counter[tuple[str, str]]()
    for lack in lacks:
        for place in _places(lack, zones):
            seconds[place, lack.reason] += lack.end_s - lack.start_s
    return [
        f"{place}: {length_words(n)} missing, {GAP_WORDS[reason]}."
        for (place, reason), n in seconds.items()
        if n >= _WORTH_SAYING_S
    ]


def _places(lack: LackSpan, zones: Sequence[Zone]) -> list[str]:
    if not lack.seats:
        return ["The room's noise"]
    named = [zone.name for zone in zones if set(zone.seats) & set(lack.seats)]
    return named or [lack.hub]
