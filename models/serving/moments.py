"""Suggests moments for a debrief: the liveliest stretches, and one that went well.

They are found after the lesson, from all its scores, not from the alerts: an alert comes when a
stretch has already begun, and can't wait for what follows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from contract.language import N_
from models.features.seat_features import EPOCH_S
from models.serving.alerts import mean_signs, noise_words, reasons, times_words
from models.serving.hindsight import Finder, area_marks, find_stretches, shares
from models.serving.routines import LessonPlan, RoutineKind, routine_of
from models.serving.scores import ROOM, EpochScore, ZoneScore

__all__ = [
    "CALMEST", "MAX_MOMENTS", "MAX_SHOWN", "SuggestedMoment", "clearest_moments", "suggest_moments",
]  # fmt: skip

MAX_MOMENTS: Final = 6
"""The largest number of suggestions per lesson."""
MAX_SHOWN: Final = 3
"""The debrief begins with the clearest suggestions, this many of them."""

CALMEST: Final = N_("The calmest three minutes of the lesson.")
"""Kept in English, as an alert's reasons are."""

_CALM_EPOCHS: Final = 36  # three minutes
_SETTLED_S: Final = 300  # the first minutes of a lesson do not count as calm


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedMoment:
    """A span of a lesson worth talking about, from `first_seq` to `end_seq` (exclusive).

    `likely` is the estimated probability that the area was livelier than usual; None for a
    strength. `off_task` is the mean share over the span. `routine` names a livelier stretch as most
    lessons have it: that is no suggestion.
    """

    first_seq: int
    end_seq: int
    zone: str
    is_strength: bool
    because: tuple[str, ...]
    likely: float | None
    off_task: float | None
    routine: RoutineKind | None = None


def suggest_moments(
    epochs: Sequence[EpochScore],
    finder: Finder | None,
    *,
    max_moments: int = MAX_SHOWN,
    plan: LessonPlan | None = None,
) -> list[SuggestedMoment]:
    """At most `max_moments` moments in the order of the lesson, one of them the calmest stretch.

    Moments of the room come before those of zones, and likelier ones before less likely ones. There
    is no strength to show if no three minutes are completely known and free of lively stretches.
    Without a `finder` only the strength is suggested. With a `plan` the lesson's routines are in the
    list too, beside these; without one nothing is called a routine.
    """
    if not epochs or max_moments < 1:
        return []
    begin, areas = epochs[0].first_seq, _areas(epochs)
    lively: list[SuggestedMoment] = []
    if finder is not None:
        for name, scores in areas.items():
            lively += _lively(name, scores, begin, finder)
    calm = _calmest(areas[ROOM], [one for one in lively if one.zone == ROOM], begin)
    moments = [] if calm is None else [calm]
    if plan is not None:
        lively = [
            replace(one, routine=routine_of(one.first_seq, one.end_seq, plan)) for one in lively
        ]
    for one in sorted(lively, key=_rank):
        if len(moments) == max_moments:
            break
        if one.routine is None and all(_apart(one, other) for other in moments):
            moments.append(one)
    return sorted(moments + _routines(lively), key=lambda moment: moment.first_seq)


def clearest_moments(
    moments: Sequence[SuggestedMoment], *, max_moments: int = MAX_SHOWN
) -> list[SuggestedMoment]:
    """The clearest of a lesson's suggestions, without routines: those that `suggest_moments` finds with
    this limit.
    """
    suggested = sorted((one for one in moments if one.routine is None), key=_rank)
    return sorted(suggested[:max_moments], key=lambda moment: moment.first_seq)


def _routines(lively: Sequence[SuggestedMoment]) -> list[SuggestedMoment]:
    """Each routine once: the room's stretch, or else the longest of a zone."""
    found: list[SuggestedMoment] = []
    for one in sorted(lively, key=lambda each: (each.zone != ROOM, each.first_seq - each.end_seq)):
        is_new = all(one.routine != other.routine or _apart(one, other) for other in found)
        if one.routine is not None and is_new:
            found.append(one)
    return found


def _rank(moment: SuggestedMoment) -> tuple[bool, bool, float]:
    return not moment.is_strength, moment.zone != ROOM, -(moment.likely or 0.0)


def _areas(epochs: Sequence[EpochScore]) -> dict[str, list[ZoneScore | None]]:
    """Each area's scores, one entry per five seconds; None where an epoch is missing."""
    begin = epochs[0].first_seq
    length = round((epochs[-1].first_seq - begin) / EPOCH_S) + 1
    areas: dict[str, list[ZoneScore | None]] = defaultdict(lambda: [None] * length)
    for epoch in epochs:
        at = round((epoch.first_seq - begin) / EPOCH_S)
        for score in (epoch.room, *epoch.zones):
            areas[score.zone][at] = score
    return areas


def _lively(
    zone: str, scores: Sequence[ZoneScore | None], begin: int, finder: Finder
) -> list[SuggestedMoment]:
    model = finder.room if zone == ROOM else finder.zone
    moments = []
    for stretch in find_stretches(model.score(area_marks(scores)), model.least):
        inside = [one for one in scores[stretch.first : stretch.end] if one is not None]
        known = [one for one in inside if one.off_task is not None]
        moments.append(
            SuggestedMoment(
                first_seq=begin + stretch.first * EPOCH_S,
                end_seq=begin + stretch.end * EPOCH_S,
                zone=zone,
                is_strength=False,
                because=reasons(mean_signs([one.signs for one in known]), zone),
                likely=stretch.likely,
                off_task=float(shares(known).mean()),
            )
        )
    return moments


def _apart(one: SuggestedMoment, other: SuggestedMoment) -> bool:
    return one.end_seq <= other.first_seq or other.end_seq <= one.first_seq


def _calmest(
    scores: Sequence[ZoneScore | None], lively: Sequence[SuggestedMoment], begin: int
) -> SuggestedMoment | None:
    share = shares(scores)
    if len(share) < _CALM_EPOCHS:
        return None
    share[: _SETTLED_S // EPOCH_S] = np.nan
    for one in lively:
        share[(one.first_seq - begin) // EPOCH_S : (one.end_seq - begin) // EPOCH_S] = np.nan
    means = sliding_window_view(share, _CALM_EPOCHS).mean(axis=1)
    if np.isnan(means).all():
        return None
    first = int(np.nanargmin(means))
    window = [one for one in scores[first : first + _CALM_EPOCHS] if one is not None]
    return SuggestedMoment(
        first_seq=begin + first * EPOCH_S,
        end_seq=begin + (first + _CALM_EPOCHS) * EPOCH_S,
        zone=ROOM,
        is_strength=True,
        because=_calm_reasons(window),
        likely=None,
        off_task=float(means[first]),
    )


def _calm_reasons(window: Sequence[ZoneScore]) -> tuple[str, ...]:
    sentences = [CALMEST]
    signs = mean_signs([one.signs for one in window])
    if (movement := signs.get("movement", 0.0)) <= -1.0:
        sentences.append(times_words(movement, of_room=True))
    if (noise := signs.get("noise", 0.0)) <= -2.0:
        sentences.append(noise_words(noise))
    return tuple(sentences)
