"""Puts what the model stored beside what observers saw, to see how far the two agree.

Nothing is written, so a purge of looks or of scores also removes them from every figure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from contract.clock import SECOND_NS
from ingest.stores.protocol import ScoreReader
from ingest.stores.records import EpochRecord
from models.school_model.labels import base_of
from models.school_model.observed import ObservedCheck, SeenLook, check_observed
from school.lessons.protocol import LessonReader
from school.observing.records import RANKS, CodedLook
from school.sharing.observer_store import ObserverStore

__all__ = ["lessons_of", "read_check", "read_shares", "seen_looks", "shares_of_looks"]

_EPOCH_S: Final = 5.0
_LEAST: Final = 0.5
"""The part of a look for which the model must have said something."""

Shares = dict[tuple[str, int], float]
"""(lesson, second at which the look begins) → the model's share."""


def read_check(
    observers: ObserverStore, lessons: LessonReader, scores: ScoreReader, base: str
) -> ObservedCheck:
    """All looks of a school against the shares of a model, or of the one it was made from."""
    looks = observers.all_looks()
    shares: Shares = {}
    for lesson, theirs in lessons_of(looks):
        shares |= read_shares(lessons, scores, lesson, theirs, base)
    return check_observed(seen_looks(looks), shares)


def lessons_of(looks: Iterable[CodedLook]) -> list[tuple[str, list[CodedLook]]]:
    """Looks by lesson; they come in the order of their lessons."""
    return [(lesson, list(some)) for lesson, some in groupby(looks, lambda look: look.lesson)]


def seen_looks(looks: Iterable[CodedLook]) -> list[SeenLook]:
    """Those with an answer that has a rank."""
    return [
        SeenLook(
            lesson=look.lesson, observer=look.person, start_s=look.start_s, rank=RANKS[look.answer]
        )
        for look in looks
        if look.answer in RANKS
    ]


def read_shares(
    lessons: LessonReader,
    scores: ScoreReader,
    lesson_id: str,
    looks: Sequence[CodedLook],
    base: str,
) -> Shares:
    """The model's shares for the looks of one lesson."""
    lesson = lessons.get(lesson_id)
    if lesson is None:  # deleted since the looks were read
        return {}
    return shares_of_looks(scores.epochs(lesson_id), lesson.starts_utc_ns, looks, base)


def shares_of_looks(
    epochs: Sequence[EpochRecord], starts_utc_ns: int, looks: Sequence[CodedLook], base: str
) -> Shares:
    """The mean of the stored shares of a look's zone, by how much of each epoch lies in the look.

    There is none where less than half of the look has a share: the zone was hidden or merged with
    another, the model abstained, or another model scored it.
    """
    found: Shares = {}
    zones = {look.zone for look in looks}
    known: dict[str, list[tuple[float, float]]] = {}
    for epoch in epochs:
        if base_of(epoch.model) == base:
            at = (epoch.utc_ns - starts_utc_ns) / SECOND_NS
            for zone in epoch.zones[1:]:
                if zone.zone in zones and not math.isnan(zone.off_task):
                    known.setdefault(zone.zone, []).append((at, zone.off_task))
    for look in {(look.start_s, look.end_s, look.zone, look.lesson) for look in looks}:
        start_s, end_s, zone_name, lesson = look
        parts = [
            (min(end_s, at + _EPOCH_S) - max(start_s, at), share)
            for at, share in known.get(zone_name, ())
            if start_s - _EPOCH_S < at < end_s
        ]
        length = sum(part for part, _ in parts)
        if length >= _LEAST * (end_s - start_s):
            found[lesson, start_s] = sum(part * share for part, share in parts) / length
    return found
