"""Describes which part of the room is missing while the rest was sensed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from contract.language import _
from contract.lesson import Zone
from dashboard_api.views.readings import MissingSpan
from dashboard_api.views.text import GAP_TEXT, length_text

__all__ = ["missing_sentences"]

_MIN_REPORTED_S: Final = 5


def missing_sentences(spans: Sequence[MissingSpan], zones: Sequence[Zone]) -> list[str]:
    """One sentence for each place and reason, if it covers an epoch or more."""
    seconds = Counter[tuple[str, str]]()
    for span in spans:
        for place in _places(span, zones):
            seconds[place, span.reason] += span.end_s - span.start_s
    return [
        _("{place}: {length} missing ({why}).", place=place, length=length_text(n),
          why=_(GAP_TEXT[reason]))
        for (place, reason), n in seconds.items()
        if n >= _MIN_REPORTED_S
    ]  # fmt: skip


def _places(span: MissingSpan, zones: Sequence[Zone]) -> list[str]:
    if not span.seats:
        return [_("The room's noise")]
    named = [zone.name for zone in zones if set(zone.seats) & set(span.seats)]
    return named or [span.hub]
