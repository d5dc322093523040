"""Learning when to alert: the estimate from an area's features, and thresholds by a budget.

The estimate is a logistic regression on every epoch of many lessons: is this area in an episode
now? It is fitted with groups of classrooms put aside in turn; what it says of those put aside
decides on the thresholds, together with the state machine that serves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2
from sklearn.linear_model import LogisticRegression

from models.features.seat_features import EPOCH_S
from models.learning.rows import LessonRows, true_episodes, true_stretches
from models.serving.alerts import AlertPolicy, Excess, Hysteresis, unrest_excess
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
    "fit_zone_alerts",
    "held_out_spans",
    "judge_alerts",
    "put_aside",
    "raised_spans",
    "true_share_stream",
]

Span = tuple[int, int]
Array = NDArray[np.float64]

_FOLDS: Final = 5
_BUDGET_PER_LESSON: Final = 0.5
_ZONES_BUDGET: Final = 1.0
"""For all zones of a lesson together."""
_BUDGET_SURE: Final = 0.9
_GRACE_S: Final = 15
"""An alert may still come this long after an episode's end: the smoothing lags by as much."""
_EARLY_S: Final = 60
_RIDGE: Final = 0.1
_THRESHOLDS: Final = (
    0.04, 0.06, 0.08, 0.10, 0.12, 0.14, 0.16, 0.18, 0.20, 0.22, 0.25, 0.28, 0.32, 0.36, 0.40, 0.45,
    0.50, 0.60, 0.70, 0.80,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AreaStream:
    """A room or zone over one lesson, epoch by epoch, as its alerts see it.

    `features` is (epochs, len(AREA_FEATURES)), NaN where too little is known; `unrest` is the
    excess in dB; `episodes` and `stretches` are what truly was, [start, end) in seconds.
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
        """Where an alert that is raised at the end of the epoch would be about an episode."""
        now = (np.arange(len(self.features)) + 1) * EPOCH_S
        inside = np.zeros(len(now), np.bool_)
        for start, end in self.episodes:
            inside |= (now >= start) & (now <= end + _GRACE_S)
        return inside


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExtraRows:
    """Labelled rows from elsewhere: (n, k) features, (n,) truth and (n,) weight; a weight of 1 is
    one simulated epoch.
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
    """The room's stream, then those of the zones, from calibrated probabilities (epochs, seats).

    Scores are pooled by the code that serves.
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
    """The room's stream with its true share, known at once: what no sensor could tell better.

    `probability` only says where the room would be scored.
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
    told = [history.update(score) for score in scores]
    return AreaStream(
        classroom=classroom,
        scores=tuple(scores),
        features=np.array([unknown if one is None else one for one in told]),
        unrest=tuple(moves.update(score.signs.get("unrest")) for score in scores),
        episodes=tuple(episodes),
        stretches=tuple(stretches),
    )


def fit_estimate(areas: Sequence[AreaStream], extra: ExtraRows | None = None) -> AlertModel:
    """The logistic regression on all known epochs; where there is but one class, its rate."""
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
        rate = (truth.sum() + 0.01) / (len(truth) + 1.0)  # nothing known: next to never
        return AlertModel(
            weights=(0.0,) * len(AREA_FEATURES), intercept=float(np.log(rate / (1.0 - rate)))
        )
    middle, scale = values.mean(axis=0), values.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    line = LogisticRegression(C=_RIDGE, max_iter=1000).fit(
        (values - middle) / scale, truth, sample_weight=weight
    )
    weights = line.coef_[0] / scale
    return AlertModel(
        weights=tuple(map(float, weights)),
        intercept=float(line.intercept_[0] - weights @ middle),
    )


def fit_alerts(
    lessons: Sequence[Sequence[AreaStream]], *, extra: ExtraRows | None = None
) -> AlertPolicy:
    """The policy for rooms, from the streams of each lesson.

    `extra` rows take part in every fit of the estimate, and have no say on the thresholds.
    """
    return _fit_policy(lessons, AlertPolicy(), _BUDGET_PER_LESSON, extra)


def fit_zone_alerts(
    lessons: Sequence[Sequence[AreaStream]], *, extra: ExtraRows | None = None
) -> AlertPolicy:
    """The policy for zones, from the streams of those of each lesson.

    They have a budget of their own. Unrest does not speak for itself in them: five seats
    are restless together by chance.
    """
    return _fit_policy(lessons, AlertPolicy(unrest_db=None), _ZONES_BUDGET, extra)


def _fit_policy(
    lessons: Sequence[Sequence[AreaStream]],
    kind: AlertPolicy,
    budget: float,
    extra: ExtraRows | None,
) -> AlertPolicy:
    policies = _policies(kind)
    tallies = _tallies(lessons, _held_out(lessons, extra), policies)
    every = [area for areas in lessons for area in areas]
    return replace(choose_policy(policies, tallies, budget), estimate=fit_estimate(every, extra))


def held_out_spans(rooms: Sequence[AreaStream]) -> list[list[Span]]:
    """Each room's alerts with an estimate and thresholds that other classrooms gave."""
    lessons = [[room] for room in rooms]
    estimates = _held_out(lessons, None)
    policies = _policies(AlertPolicy())
    tallies = _tallies(lessons, estimates, policies)
    fold_of = put_aside(lessons)
    spans = []
    for room, fold in zip(rooms, fold_of, strict=True):
        others = [one for one, other in zip(tallies, fold_of, strict=True) if other != fold]
        spans.append(
            raised_spans(room, replace(choose_policy(policies, others), estimate=estimates[fold]))
        )
    return spans


def put_aside(lessons: Sequence[Sequence[AreaStream]]) -> list[int]:
    """Which group of classrooms a lesson is put aside with."""
    classrooms = sorted({areas[0].classroom for areas in lessons if areas})
    count = min(_FOLDS, len(classrooms))
    fold = {classroom: at % count for at, classroom in enumerate(classrooms)}
    return [fold[areas[0].classroom] if areas else 0 for areas in lessons]


def _held_out(lessons: Sequence[Sequence[AreaStream]], extra: ExtraRows | None) -> list[AlertModel]:
    """For each group of classrooms the estimate that the others give."""
    fold_of = put_aside(lessons)
    return [
        fit_estimate(
            [
                area
                for areas, other in zip(lessons, fold_of, strict=True)
                for area in areas
                if other != fold
            ],
            extra,
        )
        for fold in range(max(fold_of, default=0) + 1)
    ]


def _tallies(
    lessons: Sequence[Sequence[AreaStream]],
    estimates: Sequence[AlertModel],
    policies: Sequence[AlertPolicy],
) -> list[NDArray[np.int64]]:
    """What each policy of the grid would have done in each lesson: (policies, 2) counts of false
    alerts and of episodes found, over the areas.
    """
    tallies = []
    for areas, fold in zip(lessons, put_aside(lessons), strict=True):
        tally = np.zeros((len(policies), 2), np.int64)
        for area in areas:
            values = _estimates(area, estimates[fold])
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
    """The policy that finds most episodes within a budget of false alerts a lesson.

    What counts is the upper bound of the rate, 90 % sure, as false alerts come by chance (Poisson).
    Among policies that find as many, the one with fewer false alerts wins; where no policy keeps
    within the budget, the one with the fewest.
    """
    false, found = np.sum(np.stack(tallies), axis=0).T
    fits = chi2.ppf(_BUDGET_SURE, 2 * (false + 1)) / 2.0 <= budget * len(tallies)
    order = np.lexsort((false, -np.where(fits, found, 0), ~fits))
    return policies[int(order[0])]


def _policies(kind: AlertPolicy) -> list[AlertPolicy]:
    # To wait for a second epoch over a lower threshold finds no more for as many false alerts, and
    # finds it later (`roomtone model curve`).
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
    values: list[float | None] = [None] * len(area.features)
    known = np.flatnonzero(area.known)
    for at, value in zip(
        known.tolist(), estimate.score(area.features[known]).tolist(), strict=True
    ):
        values[at] = value
    return values


def alert_spans(
    excesses: Sequence[float | None],
    policy: AlertPolicy,
    unrest: Sequence[float | None] | None = None,
) -> list[Span]:
    """Alerts as [raised, cleared) in seconds; each counts from the end of its epoch.

    `unrest` are the excesses of unrest, in dB; without them the first speak alone.
    """
    moves = [None] * len(excesses) if unrest is None else unrest
    if not _may_raise(policy, excesses, moves):
        return []
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


def _may_raise(
    policy: AlertPolicy, excesses: Sequence[float | None], moves: Sequence[float | None]
) -> bool:
    """Anything ever reaches a threshold; where not, there is no need to go through the epochs."""
    if any(excess is not None and excess >= policy.raise_above for excess in excesses):
        return True
    enough = policy.unrest_db
    return enough is not None and any(moved is not None and moved >= enough for moved in moves)


def judge_alerts(alerts: Sequence[Span], episodes: Sequence[Span]) -> tuple[int, list[int], int]:
    """How many alerts are true, the delay of each episode found, and how many were missed.

    An alert is true if it stands at any time of an episode, or is raised within 15 s of its end,
    unless it was raised more than a minute before: that one alerted to something else.
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
