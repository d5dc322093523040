"""When a score becomes an alert: hysteresis, a minimum duration, a refractory time, and reasons.

A pure state machine over epochs, one for the room and one for each zone. What counts is what the
policy's `AlertModel` makes of the area's scores so far: the probability that it is inside an
episode. Without such a model it is by how much the off-task share, smoothed, lies over its mean of
the last ten minutes. The thresholds come from training, where a budget of false alerts a lesson
chose them.

A share has an end: where sensors make most seats look restless all the time, it can't rise any
more. So the room's unrest speaks for itself as well: by how many decibels even the quietest seconds
of most seats lie over their own normal. Single movements come and go and leave seconds of rest
between them, so they hardly show in it; what moves everyone does. There the normal is the median,
so that a third of a lesson spent in uproar hardly moves it.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.features.seat_features import NORMAL_EPOCHS
from models.serving.area import AlertModel, AreaHistory
from models.serving.scores import ROOM, EpochScore, ZoneScore

__all__ = [
    "AlertChange",
    "AlertPolicy",
    "AlertTracker",
    "Change",
    "Excess",
    "Hysteresis",
    "mean_signs",
    "reasons",
    "unrest_excess",
]

Change = Literal["raised", "cleared"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPolicy:
    """The settings of one kind of area. Lengths are in epochs of five seconds.

    "The excess" is what `estimate` gives, or without it the share over its normal. An alert is
    raised where the excess has been `raise_above` or more for `raise_after` epochs, or
    where the unrest has been `unrest_db` over its normal for `unrest_after`. It is cleared where
    the excess has been under `clear_below`, or unknown, and the unrest under half of `unrest_db`,
    for `clear_after`, and not raised again within `refractory`. Nothing is raised in the first
    `learn` judged epochs.
    """

    raise_above: float = 0.12
    clear_below: float = 0.06
    smoothing: int = 4
    raise_after: int = 2
    clear_after: int = 4
    refractory: int = 24
    learn: int = 24
    unrest_db: float | None = 3.0
    """None: unrest does not speak for itself."""
    unrest_after: int = 6
    estimate: AlertModel | None = None
    """What turns the area's scores so far into the number that is held against the thresholds."""

    def __post_init__(self) -> None:
        if not 0.0 < self.clear_below <= self.raise_above:
            raise ValueError("clear_below lies over 0 and not over raise_above")
        lengths = self.smoothing, self.raise_after, self.clear_after, self.learn
        if min(*lengths, self.unrest_after) < 1:
            raise ValueError(
                "smoothing, raise_after, clear_after, learn and unrest_after are 1 epoch or more"
            )
        if self.unrest_db is not None and self.unrest_db <= 0.0:
            raise ValueError("unrest_db is over 0")
        if self.refractory < 0:
            raise ValueError("refractory is 0 epochs or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertChange:
    """An alert that was raised or cleared with the epoch that begins at `first_seq`.

    `zone` is "room" for the whole room; `excess` is how far the off-task share lay over its mean of
    the last ten minutes (None where it is unknown); `because` holds plain sentences.
    """

    change: Change
    zone: str
    first_seq: int
    excess: float | None
    because: tuple[str, ...]


class AlertTracker:
    """Follows a lesson's scores, and tells when an alert is raised or cleared."""

    def __init__(self, *, room: AlertPolicy, zone: AlertPolicy) -> None:
        self._room = room
        self._zone = zone
        self._areas: dict[str, _Area] = {}

    def update(self, score: EpochScore) -> list[AlertChange]:
        """What changed with this epoch; epochs come in their order."""
        scores = score.room, *score.zones
        areas = [self._area(one.zone) for one in scores]
        told = [area.observe(one) for area, one in zip(areas, scores, strict=True)]
        if self._zone.estimate is not None:
            told[1:] = _estimated(self._zone.estimate, told[1:])
        if self._room.estimate is not None:
            told[:1] = _estimated(self._room.estimate, told[:1])
        changes = [
            area.update(score.first_seq, one, None if number is None else float(number))
            for area, one, number in zip(areas, scores, told, strict=True)
        ]
        return [change for change in changes if change is not None]

    def _area(self, name: str) -> _Area:
        if name not in self._areas:
            self._areas[name] = _Area(self._room if name == ROOM else self._zone)
        return self._areas[name]

    @property
    def raised(self) -> frozenset[str]:
        """The areas with an alert at present."""
        return frozenset(name for name, area in self._areas.items() if area.state.is_raised)


class Hysteresis:
    """The state machine alone: excesses in, "raised" and "cleared" out."""

    def __init__(self, policy: AlertPolicy) -> None:
        self.is_raised = False
        self._policy = policy
        self._run = 0  # epochs in a row that speak for a change
        self._restless = 0  # epochs in a row in which unrest alone speaks for an alert
        self._calm = policy.refractory  # epochs since the last alert was cleared

    def update(self, excess: float | None, unrest: float | None = None) -> Change | None:
        """What changes with this epoch; None is an excess, or an unrest, that is not known."""
        policy = self._policy
        if policy.unrest_db is None:
            unrest = None
        enough = policy.unrest_db or 0.0
        if self.is_raised:
            ends = (excess is None or excess < policy.clear_below) and (
                unrest is None or unrest < enough / 2.0
            )
            self._run = self._run + 1 if ends else 0
            if self._run < policy.clear_after:
                return None
            self.is_raised, self._run, self._restless, self._calm = False, 0, 0, 0
            return "cleared"
        self._calm += 1
        self._run = self._run + 1 if excess is not None and excess >= policy.raise_above else 0
        strong = unrest is not None and unrest >= enough
        self._restless = self._restless + 1 if strong else 0
        speaks = self._run >= policy.raise_after or self._restless >= policy.unrest_after
        if not speaks or self._calm <= policy.refractory:
            return None
        self.is_raised, self._run = True, 0
        return "raised"


def _estimated(
    estimate: AlertModel, features: Sequence[NDArray[np.float64] | float | None]
) -> list[float | None]:
    """What the model makes of each area's features, in one call for all."""
    known = [at for at, one in enumerate(features) if one is not None]
    result: list[float | None] = [None] * len(features)
    if known:
        rows = np.array([features[at] for at in known], np.float64)
        for at, value in zip(known, estimate.score(rows).tolist(), strict=True):
            result[at] = value
    return result


class Excess:
    """How far a value, smoothed, lies over its normal of the last ten minutes."""

    def __init__(
        self, *, smoothing: int, learn: int, normal: Literal["mean", "median"] = "mean"
    ) -> None:
        self._learn = learn
        self._normal = normal
        self._recent: deque[float] = deque(maxlen=smoothing)
        self._past: deque[float] = deque()
        self._ordered: list[float] = []
        """The past in order, so that its middle need not be looked for."""

    def update(self, value: float | None) -> float | None:
        """None where the value is, or where too little came before it."""
        if value is None:
            self._recent.clear()
            return None
        self._recent.append(value)
        known = len(self._past) >= self._learn
        excess = fmean(self._recent) - self._usual() if known else None
        self._past.append(value)
        insort(self._ordered, value)
        if len(self._past) > NORMAL_EPOCHS:
            del self._ordered[bisect_left(self._ordered, self._past.popleft())]
        return excess

    def _usual(self) -> float:
        if self._normal == "mean":
            return fmean(self._past)
        middle, odd = divmod(len(self._ordered), 2)
        return self._ordered[middle] if odd else fmean(self._ordered[middle - 1 : middle + 1])


def unrest_excess(policy: AlertPolicy) -> Excess:
    """What follows an area's unrest, in dB."""
    return Excess(smoothing=1, learn=policy.learn, normal="median")


class _Area:
    """One area's excess, state and recent signs."""

    def __init__(self, policy: AlertPolicy) -> None:
        self.state = Hysteresis(policy)
        self._history = None if policy.estimate is None else AreaHistory()
        self._excess = Excess(smoothing=policy.smoothing, learn=policy.learn)
        self._unrest = unrest_excess(policy)
        self._last: tuple[float | None, float | None] = None, None
        self._signs: deque[Mapping[str, float]] = deque(maxlen=policy.smoothing)

    def observe(self, score: ZoneScore) -> NDArray[np.float64] | float | None:
        """What is to be estimated from, or without an estimate the excess."""
        excess = self._excess.update(score.off_task)
        self._last = excess, self._unrest.update(score.signs.get("unrest"))
        return excess if self._history is None else self._history.update(score)

    def update(self, first_seq: int, score: ZoneScore, decides: float | None) -> AlertChange | None:
        """What changes with the epoch that was observed last."""
        excess, unrest = self._last
        if score.off_task is None:
            self._signs.clear()
        else:
            self._signs.append(score.signs)
        change = self.state.update(decides, unrest)
        if change is None:
            return None
        if change == "raised":
            because = reasons(mean_signs(self._signs), score.zone)
        elif decides is None:
            because = ("Too little is known to go on.",)
        else:
            because = ("Back to about its own normal.",)
        return AlertChange(
            change=change, zone=score.zone, first_seq=first_seq, excess=excess, because=because
        )


def reasons(signs: Mapping[str, float], zone: str) -> tuple[str, ...]:
    """What was sensed, in plain sentences; only what stands out is told."""
    whose = "the room's" if zone == ROOM else "the zone's"
    told = []
    if (movement := signs.get("movement", 0.0)) >= 1.0:
        told.append(f"Movement {movement:.0f} dB above {whose} own normal of the last 10 minutes.")
    if (unrest := signs.get("unrest", 0.0)) >= 2.0:
        told.append(f"Hardly anyone rests: the quietest seconds are {unrest:.0f} dB above normal.")
    if (moving := signs.get("moving_seats", 0.0)) >= 0.25:
        told.append(f"About {round(moving * 10) * 10} % of its seats move more than usual.")
    if (fidgets := signs.get("fidgets", 0.0)) >= 0.5:
        told.append(f"{fidgets:.1f} more movements a minute and seat than usual.")
    if abs(noise := signs.get("noise", 0.0)) >= 2.0:
        side = "above" if noise > 0 else "below"
        told.append(f"Noise {abs(noise):.0f} dB {side} the room's normal of the last 10 minutes.")
    return tuple(told) or ("Many seats move a little more than usual; no single sign stands out.",)


def mean_signs(signs: Collection[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each sign over the epochs in which it is known."""
    names = {name for one in signs for name in one}
    means = {name: fmean([one[name] for one in signs if name in one]) for name in sorted(names)}
    return {name: mean for name, mean in means.items() if not math.isnan(mean)}
