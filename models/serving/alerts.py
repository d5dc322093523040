"""Decides when a score becomes an alert: hysteresis, minimum duration, refractory time, reasons.

A pure state machine over epochs, one for the room and one for each zone. It compares a number with
thresholds: the policy's `AlertModel` estimates, from the area's scores so far, the probability that
the area is inside an episode. Without such a model, the number is the smoothed off-task share minus
its mean over the last ten minutes. Training chooses the thresholds by a budget of false alerts per
lesson.

A share can't rise above 1: if sensors make most seats look restless all the time, it has no room
left. So unrest can raise an alert by itself: how many decibels even the quietest seconds of most
seats are above their own normal. Single movements leave seconds of rest between them and hardly
change it; something that moves everyone does. Its normal is the median, so that a third of a lesson
in uproar hardly changes it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from contract.language import N_
from models.features.seat_features import NORMAL_EPOCHS
from models.serving.area import AlertModel, AreaHistory
from models.serving.fifths import fifths_of
from models.serving.recent import Recent
from models.serving.scores import ROOM, EpochScore, ZoneScore

__all__ = [
    "REASONS",
    "AlertChange",
    "AlertPolicy",
    "AlertTracker",
    "Excess",
    "Hysteresis",
    "estimated",
    "mean_signs",
    "moving_words",
    "noise_words",
    "reasons",
    "rest_words",
    "times_of",
    "times_words",
    "unrest_excess",
]

AlertTransition = Literal["raised", "cleared"]

_TIMES: Final = (
    N_("About {times} times the room's usual movement."),
    N_("About {times} times the zone's usual movement."),
)
_REST: Final = N_(
    "Hardly anyone rests: even the quietest seconds have about {times} times the usual movement."
)
_MOVING: Final = (
    N_("Hardly any of its seats move more than usual."),
    N_("About a fifth of its seats move more than usual."),
    N_("About two fifths of its seats move more than usual."),
    N_("About three fifths of its seats move more than usual."),
    N_("About four fifths of its seats move more than usual."),
    N_("Nearly all of its seats move more than usual."),
)
_FIDGETS: Final = N_("{movements} more movements a minute and seat than usual.")
_NOISE: Final = (
    (N_("A little quieter than usual."), N_("A little louder than usual.")),
    (N_("Clearly quieter than usual."), N_("Clearly louder than usual.")),
    (N_("Much quieter than usual."), N_("Much louder than usual.")),
)
_NOTHING_ELSE: Final = N_("Many seats move a little more than usual; nothing else stands out.")
_UNKNOWN: Final = N_("Too little is known to judge.")
_AS_USUAL: Final = N_("Back to about its own normal.")

REASONS: Final = (
    *_TIMES, _REST, *_MOVING, _FIDGETS, *(each for pair in _NOISE for each in pair),
    _NOTHING_ELSE, _UNKNOWN, _AS_USUAL,
)  # fmt: skip
"""What an alert may say. It is kept in English; the pages translate it for who reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPolicy:
    """The alert settings of one kind of area. Lengths are in epochs of five seconds.

    "The excess" is the result of `estimate`, or without it the share minus its normal. An alert is
    raised when the excess has been `raise_above` or more for `raise_after` epochs, or when the
    unrest has been `unrest_db` above its normal for `unrest_after` epochs. It is cleared when, for
    `clear_after` epochs, the excess has been below `clear_below` or unknown and the unrest below
    half of `unrest_db`. It is not raised again within `refractory` epochs. No alert is raised in
    the first `learn` judged epochs.
    """

    raise_above: float = 0.12
    clear_below: float = 0.06
    smoothing: int = 4
    raise_after: int = 2
    clear_after: int = 4
    refractory: int = 24
    learn: int = 24
    unrest_db: float | None = 3.0
    """None: unrest alone raises no alert."""
    unrest_after: int = 6
    estimate: AlertModel | None = None
    """Turns the area's scores so far into the number that is compared with the thresholds."""

    def __post_init__(self) -> None:
        if not 0.0 < self.clear_below <= self.raise_above:
            raise ValueError("clear_below has to be above 0 and at most raise_above")
        lengths = self.smoothing, self.raise_after, self.clear_after, self.learn
        if min(*lengths, self.unrest_after) < 1:
            raise ValueError(
                "smoothing, raise_after, clear_after, learn and unrest_after have to be 1 epoch or more"
            )
        if self.unrest_db is not None and self.unrest_db <= 0.0:
            raise ValueError("unrest_db has to be above 0")
        if self.refractory < 0:
            raise ValueError("refractory has to be 0 epochs or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertChange:
    """An alert that was raised or cleared with the epoch that begins at `first_seq`.

    `zone` is "room" for the whole room. `excess` is the off-task share minus its mean over the last
    ten minutes (None if unknown). `because` holds plain sentences.
    """

    change: AlertTransition
    zone: str
    first_seq: int
    excess: float | None
    because: tuple[str, ...]


class AlertTracker:
    """Follows a lesson's scores, and returns the alerts that are raised and cleared."""

    def __init__(self, *, room: AlertPolicy, zone: AlertPolicy) -> None:
        self._room = room
        self._zone = zone
        self._areas: dict[str, _Area] = {}

    def update(self, score: EpochScore) -> list[AlertChange]:
        """The changes of this epoch; epochs have to come in order."""
        scores = score.room, *score.zones
        areas = [self._area(one.zone) for one in scores]
        inputs = [area.observe(one) for area, one in zip(areas, scores, strict=True)]
        if self._zone.estimate is not None:
            inputs[1:] = estimated(self._zone.estimate, inputs[1:])
        if self._room.estimate is not None:
            inputs[:1] = estimated(self._room.estimate, inputs[:1])
        changes = [
            area.update(score.first_seq, one, None if number is None else float(number))
            for area, one, number in zip(areas, scores, inputs, strict=True)
        ]
        return [change for change in changes if change is not None]

    def _area(self, name: str) -> _Area:
        if name not in self._areas:
            self._areas[name] = _Area(self._room if name == ROOM else self._zone)
        return self._areas[name]


class Hysteresis:
    """Only the state machine: takes excesses, returns "raised" and "cleared"."""

    def __init__(self, policy: AlertPolicy) -> None:
        self.is_raised = False
        self._policy = policy
        self._run = 0  # epochs in a row that support a change
        self._restless = 0  # epochs in a row in which unrest alone supports an alert
        self._calm = policy.refractory  # epochs since the last alert was cleared

    def update(self, excess: float | None, unrest: float | None = None) -> AlertTransition | None:
        """The change of this epoch; None means that the excess, or the unrest, is unknown."""
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
        is_due = self._run >= policy.raise_after or self._restless >= policy.unrest_after
        if not is_due or self._calm <= policy.refractory:
            return None
        self.is_raised, self._run = True, 0
        return "raised"


def estimated(
    estimate: AlertModel, features: Sequence[NDArray[np.float64] | float | None]
) -> list[float | None]:
    """The model's estimate for each area's features, in one call for all areas."""
    known = [at for at, one in enumerate(features) if one is not None]
    result: list[float | None] = [None] * len(features)
    if known:
        rows = np.array([features[at] for at in known], np.float64)
        for at, value in zip(known, estimate.score(rows).tolist(), strict=True):
            result[at] = value
    return result


class Excess:
    """A smoothed value minus its normal over the last ten minutes."""

    def __init__(
        self, *, smoothing: int, learn: int, normal: Callable[[Sequence[float]], float] = fmean
    ) -> None:
        self._learn = learn
        self._normal = normal
        self._recent: deque[float] = deque(maxlen=smoothing)
        self._past = Recent(NORMAL_EPOCHS)

    def update(self, value: float | None) -> float | None:
        """The excess of this value; None if the value is None, or too few came before it."""
        if value is None:
            self._recent.clear()
            return None
        self._recent.append(value)
        known = len(self._past) >= self._learn
        excess = fmean(self._recent) - self._normal(self._past.values()) if known else None
        self._past.append(value)
        return excess


def unrest_excess(policy: AlertPolicy) -> Excess:
    """Computes the excess of an area's unrest, in dB."""
    return Excess(smoothing=1, learn=policy.learn, normal=median)


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
        """The features for the estimate, or the excess if the policy has no estimate."""
        excess = self._excess.update(score.off_task)
        self._last = excess, self._unrest.update(score.signs.get("unrest"))
        return excess if self._history is None else self._history.update(score)

    def update(self, first_seq: int, score: ZoneScore, decides: float | None) -> AlertChange | None:
        """The change of the epoch that was observed last."""
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
            because = (_UNKNOWN,)
        else:
            because = (_AS_USUAL,)
        return AlertChange(
            change=change, zone=score.zone, first_seq=first_seq, excess=excess, because=because
        )


def reasons(signs: Mapping[str, float], zone: str) -> tuple[str, ...]:
    """What was sensed, in plain sentences; only signs that stand out are named.

    "Usual" is the mean of the last ten minutes.
    """
    sentences = []
    if (movement := signs.get("movement", 0.0)) >= 1.0:
        sentences.append(times_words(movement, of_room=zone == ROOM))
    if (unrest := signs.get("unrest", 0.0)) >= 2.0:
        sentences.append(rest_words(unrest))
    if (moving := signs.get("moving_seats", 0.0)) >= 0.25:
        sentences.append(moving_words(moving))
    if (fidgets := signs.get("fidgets", 0.0)) >= 0.5:
        sentences.append(_FIDGETS.format(movements=f"{fidgets:.1f}"))
    if abs(noise := signs.get("noise", 0.0)) >= 2.0:
        sentences.append(noise_words(noise))
    return tuple(sentences) or (_NOTHING_ELSE,)


def times_of(level_db: float) -> float:
    """A level of movement as a factor; movement is an amplitude, so 6 dB double it."""
    return float(10.0 ** (level_db / 20.0))


def times_words(level_db: float, *, of_room: bool) -> str:
    """The movement of the room, or of a zone, against its usual."""
    return _TIMES[0 if of_room else 1].format(times=f"{times_of(level_db):.1f}")


def rest_words(level_db: float) -> str:
    """How far even the quietest seconds are above their usual."""
    return _REST.format(times=f"{times_of(level_db):.1f}")


def moving_words(share: float) -> str:
    """How many seats move more than usual."""
    return _MOVING[fifths_of(share)]


def noise_words(level_db: float) -> str:
    """A room's noise against its usual, as one hears it: 10 dB are about twice as loud."""
    much = 0 if abs(level_db) < 4.0 else 1 if abs(level_db) < 8.0 else 2
    return _NOISE[much][level_db > 0]


def mean_signs(signs: Collection[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each sign, over the epochs in which it is known."""
    names = {name for one in signs for name in one}
    means = {name: fmean([one[name] for one in signs if name in one]) for name in sorted(names)}
    return {name: mean for name, mean in means.items() if not math.isnan(mean)}
