"""Moments to suggest for a debrief: the clearest alerts, and one stretch that went well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Final

from models.alerts import AlertChange
from models.features import EPOCH_S
from models.scores import ROOM, EpochScore

__all__ = ["MOST_MOMENTS", "MOST_SHOWN", "Moment", "suggest_moments"]

MOST_MOMENTS: Final = 6
"""No lesson has more suggestions than these, however many alerts it had."""
MOST_SHOWN: Final = 3
"""The debrief begins with these, the clearest of them."""

_CALM_EPOCHS: Final = 36  # three minutes
_SETTLED_S: Final = 300  # the first minutes of a lesson are no measure of calm


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A span of a lesson worth talking about, from `first_seq` up to before `end_seq`."""

    first_seq: int
    end_seq: int
    zone: str
    is_strength: bool
    because: tuple[str, ...]


def suggest_moments(
    epochs: Sequence[EpochScore], changes: Sequence[AlertChange], *, most: int = MOST_SHOWN
) -> list[Moment]:
    """At most `most` moments in the order of the lesson, one of them the calmest stretch.

    Alerts of the room go before those of zones, stronger ones before weaker. Where no three
    minutes without an alert are known from end to end, there is no strength to show.
    """
    if not epochs or most < 1:
        return []
    spans = _spans(changes, epochs[-1].first_seq + EPOCH_S)
    calm = _calmest(epochs, [span for span, _ in spans])
    moments = [] if calm is None else [calm]
    ranked = sorted(spans, key=lambda one: (one[0].zone != ROOM, -one[1], one[0].first_seq))
    for span, _ in ranked:
        if len(moments) == most:
            break
        if all(_apart(span, other) for other in moments):
            moments.append(span)
    return sorted(moments, key=lambda moment: moment.first_seq)


def _spans(changes: Sequence[AlertChange], end_seq: int) -> list[tuple[Moment, float]]:
    """Each alert from its raising to its clearing, or the lesson's end, with its excess."""
    spans = []
    for at, change in enumerate(changes):
        if change.change != "raised":
            continue
        cleared = [
            later.first_seq
            for later in changes[at + 1 :]
            if later.zone == change.zone and later.change == "cleared"
        ]
        moment = Moment(
            first_seq=change.first_seq,
            end_seq=cleared[0] if cleared else end_seq,
            zone=change.zone,
            is_strength=False,
            because=change.because,
        )
        spans.append((moment, change.excess or 0.0))
    return spans


def _apart(one: Moment, other: Moment) -> bool:
    return one.end_seq <= other.first_seq or other.end_seq <= one.first_seq


def _calmest(epochs: Sequence[EpochScore], alerts: Sequence[Moment]) -> Moment | None:
    best: tuple[float, Moment] | None = None
    settled = epochs[0].first_seq + _SETTLED_S
    shares = [epoch.room.off_task for epoch in epochs]
    whole = [later.first_seq - earlier.first_seq == EPOCH_S for earlier, later in pairwise(epochs)]
    for start in range(len(epochs) - _CALM_EPOCHS + 1):
        window = epochs[start : start + _CALM_EPOCHS]
        known = [share for share in shares[start : start + _CALM_EPOCHS] if share is not None]
        if window[0].first_seq < settled or len(known) < _CALM_EPOCHS:
            continue
        if not all(whole[start : start + _CALM_EPOCHS - 1]):
            continue
        moment = Moment(
            first_seq=window[0].first_seq,
            end_seq=window[-1].first_seq + EPOCH_S,
            zone=ROOM,
            is_strength=True,
            because=_calm_reasons(window),
        )
        if all(_apart(moment, alert) for alert in alerts):
            mean = fmean(known)
            if best is None or mean < best[0]:
                best = (mean, moment)
    return None if best is None else best[1]


def _calm_reasons(window: Sequence[EpochScore]) -> tuple[str, ...]:
    told = ["The calmest three minutes of the lesson."]
    for sign, name in (("movement", "Movement"), ("noise", "Noise")):
        values = [epoch.room.signs[sign] for epoch in window if sign in epoch.room.signs]
        if values and fmean(values) <= -1.0:
            below = f"{name} {-fmean(values):.0f} dB below the room's own normal"
            told.append(f"{below} of the ten minutes before.")
    return tuple(told)
