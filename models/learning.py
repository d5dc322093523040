"""Learning from labelled rows: the trees, their calibration, the interval, the alerts' thresholds.

Only training and evaluation come here; it is the one place that needs scikit-learn. Whatever is
fitted after the trees (calibration, interval, thresholds) is fitted on classrooms that the trees
at hand had not seen.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import product
from multiprocessing import get_context
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from models.alerts import AlertPolicy, Excess, Hysteresis, movement_excess
from models.features import EPOCH_S
from models.off_task import Calibration, IntervalWidth
from models.rows import LessonRows, area_movement, area_shares, true_episodes

__all__ = [
    "Probability",
    "Span",
    "alert_spans",
    "alert_tally",
    "choose_policy",
    "excesses",
    "fit_calibration",
    "fit_interval",
    "fit_trees",
    "judge_alerts",
    "labelled",
    "lesson_residuals",
    "matching_threshold",
    "movement_excesses",
    "out_of_fold",
    "predict",
    "residuals",
]

Probability = NDArray[np.float64]

_MOST_ROWS: Final = 100_000
_WORTH_PROCESSES: Final = 100_000
"""Rows to learn from, over all folds, from which on starting processes pays."""
_BUDGET_PER_LESSON: Final = 0.5
_BUDGET_SURE: Final = 0.9
_COVERAGE: Final = 0.90
_GRACE_S: Final = 15
"""An alert may still come this long after an episode's end: the smoothing lags by as much."""
_EARLY_S: Final = 60
_POLICIES: Final = tuple(
    AlertPolicy(
        raise_above=hundredths / 100,
        clear_below=hundredths / 200,
        smoothing=smoothing,
        raise_after=raise_after,
    )
    for hundredths, smoothing, raise_after in product(range(4, 42), (2, 3, 4, 6), (1, 2, 3))
)


def labelled(lessons: Sequence[LessonRows], most_rows: int | None = None) -> tuple[Any, Any]:
    """Features and truth of all epochs that are judged and where someone sits.

    With `most_rows` every k-th epoch is taken, k as small as that allows: neighbouring epochs
    overlap in their windows and teach little.
    """
    use = [rows.judged & rows.occupied for rows in lessons]
    total = sum(int(one.sum()) for one in use)
    step = 1 if most_rows is None else max(1, -(-total // most_rows))
    values = [rows.values[::step][one[::step]] for rows, one in zip(lessons, use, strict=True)]
    truth = [rows.off_task[::step][one[::step]] for rows, one in zip(lessons, use, strict=True)]
    return np.concatenate(values), np.concatenate(truth)


def fit_trees(
    lessons: Sequence[LessonRows], *, seed: int, most_rows: int = _MOST_ROWS
) -> HistGradientBoostingClassifier:
    """Gradient-boosted trees on these lessons; raises ValueError where only one class is there."""
    values, truth = labelled(lessons, most_rows)
    if truth.size == 0 or truth.all() or not truth.any():
        raise ValueError("the lessons hold only one class: nothing can be learned from them")
    # Binning can't take a column in which nothing is known, such as the noise where none is heard.
    values = np.where(np.isnan(values).all(axis=0), np.float32(0.0), values)
    trees = HistGradientBoostingClassifier(
        learning_rate=0.06,
        max_iter=250,
        max_leaf_nodes=31,
        min_samples_leaf=int(np.clip(truth.size // 100, 5, 100)),
        l2_regularization=1.0,
        max_features=0.3,  # so that few data do not hang on one column
        early_stopping=False,
        random_state=seed,
    )
    # OpenMP's threads wait for each other in a spin: on a busy machine one is many times faster.
    with threadpool_limits(limits=1, user_api="openmp"):
        return trees.fit(values, truth)


def predict(trees: HistGradientBoostingClassifier, rows: LessonRows) -> Probability:
    """(epochs, seats), NaN where nothing is judged."""
    probability = np.full(rows.judged.shape, np.nan)
    if rows.judged.any():
        probability[rows.judged] = trees.predict_proba(rows.values[rows.judged])[:, 1]
    return probability


def out_of_fold(
    lessons: Sequence[LessonRows], *, seed: int, folds: int | None = None
) -> list[Probability]:
    """Each lesson's raw probabilities from trees that never saw its classroom.

    `folds` puts that many groups of classrooms aside in turn; None puts each classroom aside alone.
    """
    classrooms = sorted({rows.classroom for rows in lessons})
    if len(classrooms) < 2:
        raise ValueError("at least two classrooms are needed to put one aside")
    count = len(classrooms) if folds is None else min(folds, len(classrooms))
    fold_of = {classroom: at % count for at, classroom in enumerate(classrooms)}
    data = _Folds(lessons=[replace(r, features=()) for r in lessons], fold_of=fold_of, seed=seed)
    rows = sum(int((r.judged & r.occupied).sum()) for r in lessons)
    result: list[Probability] = [np.empty(0)] * len(lessons)
    workers = min(count, os.cpu_count() or 1)
    if workers == 1 or count * min(rows, _MOST_ROWS) < _WORTH_PROCESSES:
        told = [data.judge(fold) for fold in range(count)]
    else:
        # Processes: in threads, scikit-learn's fits take each other's warning filters away.
        with ProcessPoolExecutor(
            workers, mp_context=get_context("spawn"), initializer=_give, initargs=(data,)
        ) as pool:
            told = list(pool.map(_judge, range(count)))
    for one in told:
        for at, probability in one:
            result[at] = probability
    return result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Folds:
    """All that a process needs to put one group of classrooms aside."""

    lessons: list[LessonRows]
    fold_of: dict[str, int]
    seed: int

    def judge(self, fold: int) -> list[tuple[int, Probability]]:
        aside = [self.fold_of[rows.classroom] == fold for rows in self.lessons]
        others = [rows for rows, is_out in zip(self.lessons, aside, strict=True) if not is_out]
        trees = fit_trees(others, seed=self.seed)
        return [(at, predict(trees, self.lessons[at])) for at, is_out in enumerate(aside) if is_out]


_GIVEN: list[_Folds] = []
"""What this process was started with; empty in the one that started it."""


def _give(data: _Folds) -> None:
    _GIVEN.append(data)


def _judge(fold: int) -> list[tuple[int, Probability]]:
    return _GIVEN[0].judge(fold)


def fit_calibration(lessons: Sequence[LessonRows], raw: Sequence[Probability]) -> Calibration:
    """Platt's map from raw to calibrated probabilities."""
    use = [rows.judged & rows.occupied for rows in lessons]
    p = np.concatenate([one[flags] for one, flags in zip(raw, use, strict=True)])
    y = np.concatenate([rows.off_task[flags] for rows, flags in zip(lessons, use, strict=True)])
    clipped = np.clip(p, 1e-6, 1.0 - 1e-6)
    logit = np.log(clipped / (1.0 - clipped))
    step = max(1, logit.size // _MOST_ROWS)
    line = LogisticRegression(C=1e6).fit(logit[::step, None], y[::step])
    return Calibration(slope=float(line.coef_[0, 0]), intercept=float(line.intercept_[0]))


def matching_threshold(lessons: Sequence[LessonRows], values: Sequence[Probability]) -> float:
    """The value that as many epochs pass as are truly positive."""
    use = [rows.judged & rows.occupied for rows in lessons]
    known = np.concatenate([one[flags] for one, flags in zip(values, use, strict=True)])
    truth = np.concatenate([rows.off_task[flags] for rows, flags in zip(lessons, use, strict=True)])
    return float(np.quantile(known, 1.0 - float(truth.mean())))


def fit_interval(lessons: Sequence[tuple[Probability, Probability]]) -> IntervalWidth:
    """The interval that holds 90 % of the true shares, from `lesson_residuals`."""
    error = np.concatenate([one for one, _ in lessons])
    own = np.concatenate([one for _, one in lessons])
    shared = float(np.sqrt(max(0.0, float(np.mean(error**2 - own)))))
    size = np.abs(error) / np.sqrt(own + shared**2)
    return IntervalWidth(own=1.0, shared=shared, reach=float(np.quantile(size, _COVERAGE)))


def lesson_residuals(rows: LessonRows, probability: Probability) -> tuple[Probability, Probability]:
    """The residuals of the room and of each of its zones, one after the other."""
    everyone = np.arange(probability.shape[1])
    pairs = [residuals(rows, probability, columns) for columns in (everyone, *rows.zones)]
    return np.concatenate([e for e, _ in pairs]), np.concatenate([own for _, own in pairs])


def residuals(
    rows: LessonRows, probability: Probability, columns: NDArray[np.intp]
) -> tuple[Probability, Probability]:
    """By how much the true share passes the expected one, and sum p(1-p) / n², in the epochs in
    which enough of these columns are judged.
    """
    p, truth = probability[:, columns], rows.truth[:, columns]
    judged = ~np.isnan(p)
    n = judged.sum(axis=1)
    enough = n >= 5
    p, truth, judged, n = p[enough], truth[enough], judged[enough], n[enough]
    mean = np.where(judged, p, 0.0).sum(axis=1) / n
    own = np.where(judged, p * (1.0 - p), 0.0).sum(axis=1) / n**2
    there = ~np.isnan(truth)
    share = np.where(there, truth, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    return share - mean, own


Span = tuple[int, int]


def alert_spans(
    excesses: Sequence[float | None],
    policy: AlertPolicy,
    movement: Sequence[float | None] | None = None,
) -> list[Span]:
    """Alerts as [raised, cleared) in seconds; each counts from the end of its epoch.

    `movement` are the excesses of movement, in dB; without them the share speaks alone.
    """
    state = Hysteresis(policy)
    spans: list[Span] = []
    begun, now = 0, 0
    moves = [None] * len(excesses) if movement is None else movement
    for excess, moved in zip(excesses, moves, strict=True):
        now += EPOCH_S
        change = state.update(excess, moved)
        if change == "raised":
            begun = now
        elif change == "cleared":
            spans.append((begun, now))
    return [*spans, (begun, now)] if state.is_raised else spans


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


def excesses(shares: Iterable[float | None], *, smoothing: int, learn: int) -> list[float | None]:
    """The excess of each epoch of a lesson."""
    stream = Excess(smoothing=smoothing, learn=learn)
    return [stream.update(share) for share in shares]


def movement_excesses(moves: Iterable[float | None], policy: AlertPolicy) -> list[float | None]:
    """The same for an area's movement, in dB."""
    stream = movement_excess(policy)
    return [stream.update(level) for level in moves]


def alert_tally(rows: LessonRows, calibrated: Probability, *, zones: bool) -> NDArray[np.int64]:
    """What each policy of the grid would have done in this lesson: (policies, 2) counts of false
    alerts and of episodes found, of the room or of all its zones.
    """
    groups = rows.zones if zones else (np.arange(calibrated.shape[1]),)
    tally = np.zeros((len(_POLICIES), 2), np.int64)
    for columns in groups:
        shares = area_shares(rows, calibrated, columns)
        episodes = true_episodes(rows, columns)
        smooth = {
            smoothing: excesses(shares, smoothing=smoothing, learn=_POLICIES[0].learn)
            for smoothing in {policy.smoothing for policy in _POLICIES}
        }
        moves = movement_excesses(area_movement(rows, calibrated, columns), _POLICIES[0])
        for at, policy in enumerate(_POLICIES):
            alerts = alert_spans(smooth[policy.smoothing], policy, moves)
            true, delays, _ = judge_alerts(alerts, episodes)
            tally[at] += len(alerts) - true, len(delays)
    return tally


def choose_policy(tallies: Sequence[NDArray[np.int64]]) -> AlertPolicy:
    """The policy that finds most episodes within a budget of half a false alert a lesson.

    What counts is the upper bound of the rate, 90 % sure, as false alerts come by chance (Poisson).
    Among policies that find as many, the one with fewer false alerts wins; where no policy keeps
    within the budget, the one with the fewest.
    """
    false, found = np.sum(np.stack(tallies), axis=0).T
    fits = chi2.ppf(_BUDGET_SURE, 2 * (false + 1)) / 2.0 <= _BUDGET_PER_LESSON * len(tallies)
    order = np.lexsort((false, -np.where(fits, found, 0), ~fits))
    return _POLICIES[int(order[0])]
