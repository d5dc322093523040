"""Learns when to alert: an estimate from an area's features, and thresholds by a budget.

The estimate is a logistic regression on every epoch of many lessons: is this area in an episode
now? It is fitted with groups of classrooms held out in turn. Its results on the held-out
classrooms, together with the state machine that raises the alerts, determine the thresholds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2
from sklearn.linear_model import LogisticRegression

from models.features.seat_features import EPOCH_S
from models.learning.rows import LessonRows, true_episodes, true_stretches
from models.learning.seat_learning import folds_of
from models.serving.alerts import AlertPolicy, Excess, Hysteresis, estimated, unrest_excess
from models.serving.area import AREA_FEATURES, AlertModel, AreaHistory
from models.serving.manifest import IntervalWidth, ShareBias
from models.serving.pooling import Unbiased, score_epoch
from models.serving.scores import ZoneScore

__all__ = [
    "AreaStream",
    "ExtraRows",
    "Span",
    "alert_spans",
    "area_streams",
    "choose_policy",
    "fit_alerts",
    "fit_estimate",
    "fit_logistic",
    "fit_on_others",
    "held_out_spans",
    "judge_alerts",
    "raised_spans",
    "true_share_stream",
]

Span = tuple[int, int]
Array = NDArray[np.float64]
Fit = TypeVar("Fit")

_FOLDS: Final = 5
_BUDGET_PER_LESSON: Final = 0.5
_ZONES_BUDGET: Final = 1.0
"""False alerts per lesson, for all its zones together."""
_BUDGET_SURE: Final = 0.9
_GRACE_S: Final = 15
"""An alert may come this long after an episode's end: the smoothing delays it."""
_EARLY_S: Final = 60
_RIDGE: Final = 0.1
_THRESHOLDS: Final = (
    0.04, 0.06, 0.08, 0.10, 0.12, 0.14, 0.16, 0.18, 0.20, 0.22, 0.25, 0.28, 0.32, 0.36, 0.40, 0.45,
    0.50, 0.60, 0.70, 0.80,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AreaStream:
    """A room or zone over one lesson, epoch by epoch: the input of its alerts.

    `features` is (epochs, len(AREA_FEATURES)), NaN where too little is known; `unrest` is the
    excess in dB; `episodes` and `stretches` are the truth, [start, end) in seconds.
    """

    classroom: str
    scores: tuple[ZoneScore, ...]
    features: Array
    unrest: tuple[float | None, ...]
    episodes: tuple[Span, ...]
    stretches: tuple[Span, ...] = ()

    @property
    def known(self) -> NDArray[np.bool_]:
        return ~np.isnan(self.features[:, 0])

    @property
    def in_episode(self) -> NDArray[np.bool_]:
        """Whether an alert that is raised at the end of the epoch would be true."""
        now = (np.arange(len(self.features)) + 1) * EPOCH_S
        inside = np.zeros(len(now), np.bool_)
        for start, end in self.episodes:
            inside |= (now >= start) & (now <= end + _GRACE_S)
        return inside


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExtraRows:
    """Labelled rows from another source: (n, k) features, (n,) truth and (n,) weight.

    A weight of 1 corresponds to one simulated epoch.
    """

    values: Array
    truth: NDArray[np.bool_]
    weight: Array


def area_streams(
    rows: LessonRows,
    probability: Array,
    interval: IntervalWidth,
    bias: ShareBias,
    *,
    zones: bool = True,
) -> tuple[AreaStream, ...]:
    """The streams of the room and then the zones, from calibrated probabilities (epochs, seats).

    The scoring code itself pools the probabilities.
    """
    names, columns = (rows.zone_names, rows.zones) if zones else ((), ())
    unbiased = Unbiased(bias)
    epochs = [
        unbiased.update(score_epoch(at * EPOCH_S, features, p, names, columns, interval))
        for at, (features, p) in enumerate(zip(rows.features, probability, strict=True))
    ]
    areas = zip(*((epoch.room, *epoch.zones) for epoch in epochs), strict=True)
    groups = (np.arange(probability.shape[1]), *columns)
    return tuple(
        _stream(rows.classroom, scores, true_episodes(rows, group), true_stretches(rows, group))
        for scores, group in zip(areas, groups, strict=True)
    )


def true_share_stream(rows: LessonRows, probability: Array) -> AreaStream:
    """The room's stream with its true share, without delay: no sensor could do better.

    `probability` only determines the epochs in which the room is scored.
    """
    room = area_streams(rows, probability, IntervalWidth(), ShareBias(), zones=False)[0]
    scores = [
        score
        if score.off_task is None
        else replace(score, off_task=share, off_task_low=share, off_task_high=share)
        for score, share in zip(room.scores, rows.room_share.tolist(), strict=True)
    ]
    return _stream(room.classroom, scores, room.episodes, room.stretches)


def _stream(
    classroom: str,
    scores: Sequence[ZoneScore],
    episodes: Sequence[Span],
    stretches: Sequence[Span] = (),
) -> AreaStream:
    history, moves = AreaHistory(), unrest_excess(AlertPolicy())
    unknown = np.full(len(AREA_FEATURES), np.nan)
    features = [history.update(score) for score in scores]
    return AreaStream(
        classroom=classroom,
        scores=tuple(scores),
        features=np.array([unknown if one is None else one for one in features]),
        unrest=tuple(moves.update(score.signs.get("unrest")) for score in scores),
        episodes=tuple(episodes),
        stretches=tuple(stretches),
    )


def fit_estimate(areas: Sequence[AreaStream], extra: ExtraRows | None = None) -> AlertModel:
    """The logistic regression on all known epochs; a constant if there is only one class."""
    none = np.empty((0, len(AREA_FEATURES)))
    values = np.concatenate([none, *(area.features[area.known] for area in areas)])
    truth = np.concatenate(
        [np.empty(0, np.bool_), *(area.in_episode[area.known] for area in areas)]
    )
    weight = np.ones(len(truth))
    if extra is not None:
        values = np.concatenate([values, extra.values])
        truth = np.concatenate([truth, extra.truth])
        weight = np.concatenate([weight, extra.weight])
    if truth.all() or not truth.any():
        rate = (truth.sum() + 0.01) / (len(truth) + 1.0)  # close to 0 if nothing is known
        return AlertModel(
            weights=(0.0,) * len(AREA_FEATURES), intercept=float(np.log(rate / (1.0 - rate)))
        )
    weights, intercept = fit_logistic(values, truth, weight)
    return AlertModel(weights=weights, intercept=intercept)


def fit_logistic(
    values: Array, truth: NDArray[np.bool_], weight: Array | None = None
) -> tuple[tuple[float, ...], float]:
    """The weights and the intercept of a logistic regression with both classes.

    It is fitted on standardised values, and the weights are for the values as they are.
    """
    middle, scale = values.mean(axis=0), values.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    line = LogisticRegression(C=_RIDGE, max_iter=1000).fit(
        (values - middle) / scale, truth, sample_weight=weight
    )
    weights = line.coef_[0] / scale
    return tuple(map(float, weights)), float(line.intercept_[0] - weights @ middle)


def fit_alerts(
    lessons: Sequence[Sequence[AreaStream]],
    *,
    are_zones: bool = False,
    extra: ExtraRows | None = None,
) -> AlertPolicy:
    """The policy for rooms, or for zones, from the streams of each lesson.

    Zones have their own budget. Unrest alone raises no alert in a zone: five seats may be restless
    together by chance. `extra` rows are used in every fit of the estimate, but not for the
    thresholds.
    """
    budget = _ZONES_BUDGET if are_zones else _BUDGET_PER_LESSON
    policies = _policies(AlertPolicy(unrest_db=None) if are_zones else AlertPolicy())
    tallies = _tallies(lessons, _held_out(lessons, extra), policies)
    every = [area for areas in lessons for area in areas]
    return replace(choose_policy(policies, tallies, budget), estimate=fit_estimate(every, extra))


def held_out_spans(rooms: Sequence[AreaStream]) -> list[list[Span]]:
    """Each room's alerts, with an estimate and thresholds fitted on other classrooms."""
    lessons = [[room] for room in rooms]
    estimates = _held_out(lessons, None)
    policies = _policies(AlertPolicy())
    tallies = _tallies(lessons, estimates, policies)
    chosen = fit_on_others(
        lessons, lambda others: choose_policy(policies, [tallies[at] for at in others])
    )
    return [
        raised_spans(room, replace(policy, estimate=estimate))
        for room, policy, estimate in zip(rooms, chosen, estimates, strict=True)
    ]


def fit_on_others(
    lessons: Sequence[Sequence[AreaStream]], fit: Callable[[list[int]], Fit]
) -> list[Fit]:
    """For each lesson, what is fitted on the lessons of other groups of classrooms.

    `fit` gets the numbers of those lessons, once for each group.
    """
    fold = folds_of((areas[0].classroom for areas in lessons if areas), _FOLDS)
    fold_of = [fold[areas[0].classroom] if areas else 0 for areas in lessons]
    fitted = {
        mine: fit([at for at, other in enumerate(fold_of) if other != mine])
        for mine in sorted(set(fold_of))
    }
    return [fitted[mine] for mine in fold_of]


def _held_out(lessons: Sequence[Sequence[AreaStream]], extra: ExtraRows | None) -> list[AlertModel]:
    """For each lesson, the estimate fitted on other classrooms."""
    return fit_on_others(
        lessons,
        lambda others: fit_estimate([area for at in others for area in lessons[at]], extra),
    )


def _tallies(
    lessons: Sequence[Sequence[AreaStream]],
    estimates: Sequence[AlertModel],
    policies: Sequence[AlertPolicy],
) -> list[NDArray[np.int64]]:
    """The result of each policy of the grid in each lesson: (policies, 2) counts of false alerts
    and of found episodes, summed over the areas.
    """
    tallies = []
    for areas, estimate in zip(lessons, estimates, strict=True):
        tally = np.zeros((len(policies), 2), np.int64)
        for area in areas:
            values = _estimates(area, estimate)
            for at, policy in enumerate(policies):
                alerts = alert_spans(values, policy, area.unrest)
                true, delays, _ = judge_alerts(alerts, area.episodes)
                tally[at] += len(alerts) - true, len(delays)
        tallies.append(tally)
    return tallies


def choose_policy(
    policies: Sequence[AlertPolicy],
    tallies: Sequence[NDArray[np.int64]],
    budget: float = _BUDGET_PER_LESSON,
) -> AlertPolicy:
    """The policy that finds the most episodes within a budget of false alerts per lesson.

    The 90 % upper bound of the rate has to be within the budget, as false alerts come by chance
    (Poisson). Among policies that find equally many episodes, the one with the fewest false alerts
    is chosen; if no policy is within the budget, the one with the fewest of all.
    """
    false, found = np.sum(np.stack(tallies), axis=0).T
    fits = chi2.ppf(_BUDGET_SURE, 2 * (false + 1)) / 2.0 <= budget * len(tallies)
    order = np.lexsort((false, -np.where(fits, found, 0), ~fits))
    return policies[int(order[0])]


def _policies(kind: AlertPolicy) -> list[AlertPolicy]:
    # Waiting for a second epoch, with a lower threshold, finds no more episodes for the same number
    # of false alerts, and finds them later (`roomtone model curve`).
    return [
        replace(kind, raise_above=above, clear_below=above / 2, raise_after=1)
        for above in _THRESHOLDS
    ]


def raised_spans(area: AreaStream, policy: AlertPolicy) -> list[Span]:
    """The area's alerts under a finished policy."""
    if policy.estimate is None:
        stream = Excess(smoothing=policy.smoothing, learn=policy.learn)
        values = [stream.update(score.off_task) for score in area.scores]
    else:
        values = _estimates(area, policy.estimate)
    return alert_spans(values, policy, area.unrest)


def _estimates(area: AreaStream, estimate: AlertModel) -> list[float | None]:
    known = zip(area.features, area.known.tolist(), strict=True)
    return estimated(estimate, [row if is_known else None for row, is_known in known])


def alert_spans(
    excesses: Sequence[float | None],
    policy: AlertPolicy,
    unrest: Sequence[float | None] | None = None,
) -> list[Span]:
    """Alerts as [raised, cleared) in seconds, each at the end of its epoch.

    `unrest` are the excesses of unrest, in dB; without them only `excesses` count.
    """
    moves = [None] * len(excesses) if unrest is None else unrest
    state = Hysteresis(policy)
    spans: list[Span] = []
    begun, now = 0, 0
    for excess, moved in zip(excesses, moves, strict=True):
        now += EPOCH_S
        change = state.update(excess, moved)
        if change == "raised":
            begun = now
        elif change == "cleared":
            spans.append((begun, now))
    return [*spans, (begun, now)] if state.is_raised else spans


def judge_alerts(alerts: Sequence[Span], episodes: Sequence[Span]) -> tuple[int, list[int], int]:
    """The number of true alerts, the delay of each found episode, and the number of missed ones.

    An alert is true if it is open at any time of an episode, or is raised within 15 s after its
    end, but not if it was raised more than a minute before: then it was about something else.
    """

    def meets(alert: Span, episode: Span) -> bool:
        begins, ends = episode[0] - _EARLY_S, episode[1] + _GRACE_S
        return begins <= alert[0] <= ends and alert[1] > episode[0]

    true = sum(any(meets(alert, episode) for episode in episodes) for alert in alerts)
    delays = []
    for episode in episodes:
        found = [alert for alert in alerts if meets(alert, episode)]
        if found:
            delays.append(max(0, min(alert[0] for alert in found) - episode[0]))
    return true, delays, len(episodes) - len(delays)
