"""What may be said of groups: nothing of fewer than five seats, and their shares in fifths."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from contract.lesson import SMALLEST_ZONE
from dashboard_api.views.movement import shown_zones
from dashboard_api.views.zones import showable
from ingest.stores.records import EpochRecord
from models.serving.fifths import share_text

__all__ = ["safe_epochs", "without_percent"]

_PERCENT: Final = re.compile(r"[Aa]bout (\d{1,3}) % of its seats")


def safe_epochs(epochs: Sequence[EpochRecord]) -> list[EpochRecord]:
    """The epochs with the groups that may be shown in each of them, and no others.

    Every answer about a lesson is made from these. In each epoch, the room without the zones that
    are left has no seat or at least five, so no subtraction isolates fewer, at any level of detail.
    """
    shown = shown_zones(epochs)
    safe: list[EpochRecord] = []
    for record in epochs:
        if not record.zones or record.zones[0].seats < SMALLEST_ZONE:
            continue
        room, *zones = record.zones
        usable = showable(room.seats, {zone.zone: zone.seats for zone in zones}) & shown
        kept = tuple(zone for zone in zones if zone.zone in usable)
        safe.append(replace(record, zones=(room, *kept)))
    return safe


def without_percent(sentences: Iterable[str]) -> list[str]:
    """Sentences of older alerts, with their percents of seats in words."""
    return [_in_words(sentence) for sentence in sentences]


def _in_words(sentence: str) -> str:
    found = _PERCENT.search(sentence)
    if found is None:
        return sentence
    words = f"{share_text(int(found[1]) / 100)} of its seats"
    changed = sentence[: found.start()] + words + sentence[found.end() :]
    return changed[:1].upper() + changed[1:]
