"""What may be said of a suggested moment: how often such stretches were what they are called.

The suggestions are those of a lesson's page, found by what has not seen the classroom, and judged
by how much the true share was raised on average over the stretch. A stretch in which the share was
high enough, but not throughout, is right here and no episode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from models.features.seat_features import EPOCH_S
from models.learning.alert_learning import AreaStream
from models.learning.rows import LessonRows, true_rise
from models.learning.stretch_learning import held_out_models
from models.serving.claims import CALMER, CLEARLY, STRONG, MomentClaim, MomentGroup
from models.serving.hindsight import Finder
from models.serving.moments import MAX_MOMENTS, SuggestedMoment, suggest_moments
from models.serving.routines import LessonPlan
from models.serving.scores import ROOM, EpochScore

__all__ = ["JudgedSuggestion", "judged_suggestions", "moment_claims", "reliability"]

_BINS: Final = (0.0, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSuggestion:
    """A suggestion and the truth: how far the true share (0 to 1) was above the usual one, on average
    over the stretch.

    Usual is the mean in that activity for a lively stretch, and in the lesson for a calm one. `likely`
    is the model's estimate; None for a calm stretch.
    """

    group: MomentGroup
    likely: float | None
    rise: float

    @property
    def is_right(self) -> bool:
        return self.rise <= -CALMER if self.group == "calm" else self.rise >= CLEARLY


def judged_suggestions(
    rows: Sequence[LessonRows], streams: Sequence[Sequence[AreaStream]], fitted: Finder | None
) -> list[JudgedSuggestion]:
    """All suggestions for these lessons, with the truth.

    They come from `fitted`, or else from what is learned from lessons of other classrooms. Nobody
    declared an activity, as in most schools.
    """
    if fitted is None:
        rooms = held_out_models([areas[:1] for areas in streams])
        zones = held_out_models([areas[1:] for areas in streams])
        finders = [Finder(room=room, zone=zone) for room, zone in zip(rooms, zones, strict=True)]
    else:
        finders = [fitted] * len(rows)
    judged: list[JudgedSuggestion] = []
    for one, areas, finder in zip(rows, streams, finders, strict=True):
        plan = LessonPlan(length_s=len(one.values) * EPOCH_S)
        found = suggest_moments(_epochs(areas), finder, max_moments=MAX_MOMENTS, plan=plan)
        judged += [_judged(one, moment) for moment in found if moment.routine is None]
    return judged


def moment_claims(judged: Sequence[JudgedSuggestion]) -> list[MomentClaim]:
    """The claims in a fixed order; groups without a suggestion are left out."""
    claims = []
    groups: tuple[tuple[MomentGroup, bool | None], ...] = (
        ("room", True), ("room", False), ("zone", True), ("zone", False), ("calm", None),
    )  # fmt: skip
    for group, is_strong in groups:
        mine = [one for one in judged if one.group == group and _strength(one) == is_strong]
        if mine:
            right = sum(one.is_right for one in mine)
            rise = round(float(np.mean([one.rise for one in mine])), 4)
            claims.append(
                MomentClaim(group=group, is_strong=is_strong, n=len(mine), right=right, rise=rise)
            )
    return claims


def reliability(judged: Sequence[JudgedSuggestion]) -> list[dict[str, Any]]:
    """Lively suggestions by their estimate: how many, its mean, and how many were right."""
    lively = [one for one in judged if one.likely is not None]
    estimates = np.array([one.likely for one in lively], np.float64)
    bins = np.clip(np.searchsorted(_BINS, estimates, "right") - 1, 0, len(_BINS) - 2)
    return [
        {
            "from": _BINS[at],
            "to": _BINS[at + 1],
            "n": int(inside.sum()),
            "likely": round(float(estimates[inside].mean()), 4),
            "right": sum(one.is_right for one, there in zip(lively, inside, strict=True) if there),
        }
        for at in range(len(_BINS) - 1)
        if (inside := bins == at).any()
    ]


def _epochs(areas: Sequence[AreaStream]) -> list[EpochScore]:
    return [
        EpochScore(first_seq=at * EPOCH_S, room=room, zones=tuple(zones))
        for at, (room, *zones) in enumerate(zip(*(area.scores for area in areas), strict=True))
    ]


def _judged(rows: LessonRows, moment: SuggestedMoment) -> JudgedSuggestion:
    span = slice(moment.first_seq // EPOCH_S, moment.end_seq // EPOCH_S)
    if moment.is_strength:
        rise = rows.room_share - rows.room_share.mean()
        group: MomentGroup = "calm"
    elif moment.zone == ROOM:
        rise, group = true_rise(rows), "room"
    else:
        rise, group = true_rise(rows, rows.zones[rows.zone_names.index(moment.zone)]), "zone"
    return JudgedSuggestion(group=group, likely=moment.likely, rise=float(rise[span].mean()))


def _strength(judged: JudgedSuggestion) -> bool | None:
    return None if judged.likely is None else judged.likely >= STRONG
