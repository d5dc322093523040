"""Learns from labelled rows: the trees, their calibration, the interval.

Only training and evaluation use this module; it needs scikit-learn. Everything that is fitted after
the trees (calibration, interval, alerts) is fitted on classrooms that those trees have not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from contract.lesson import SMALLEST_ZONE
from models.learning.rows import LessonRows, mean_share, pooled
from models.learning.threads import one_thread
from models.learning.workers import map_shared
from models.progress import Progress, silent
from models.serving.manifest import Calibration, IntervalWidth, ShareBias
from models.serving.pooling import ShareLevel

__all__ = [
    "Probability",
    "fit_bias",
    "fit_interval",
    "fit_shares",
    "fit_trees",
    "fit_with_out_of_fold",
    "folds_of",
    "labelled",
    "lesson_residuals",
    "matching_threshold",
    "out_of_fold",
    "predict",
    "residuals",
]

Probability = NDArray[np.float64]

_MAX_ROWS: Final = 100_000
_ALL_ROWS: Final = 400_000
"""Maximum rows to train the shipped trees on."""
_AT_ONCE: Final = 1000
"""Rows to predict at once. They stay in the processor's cache from tree to tree, which makes it three
times as fast.
"""
_COVERAGE: Final = 0.90
_MIN_LESSONS: Final = 8
_MIN_SPREAD: Final = 0.01


def labelled(lessons: Sequence[LessonRows], max_rows: int | None = None) -> tuple[Any, Any]:
    """Features and truth of all judged epochs of occupied seats.

    With `max_rows`, only every k-th epoch is used, with the smallest k that meets the limit:
    neighbouring epochs have overlapping windows and add little.
    """
    use = [rows.counted for rows in lessons]
    total = sum(int(one.sum()) for one in use)
    step = 1 if max_rows is None else max(1, -(-total // max_rows))
    values = [rows.values[::step][one[::step]] for rows, one in zip(lessons, use, strict=True)]
    truth = [rows.off_task[::step][one[::step]] for rows, one in zip(lessons, use, strict=True)]
    return np.concatenate(values), np.concatenate(truth)


def fit_trees(
    lessons: Sequence[LessonRows], *, seed: int, max_rows: int = _MAX_ROWS
) -> HistGradientBoostingClassifier:
    """Gradient-boosted trees on these lessons; raises ValueError if there is only one class."""
    values, truth = labelled(lessons, max_rows)
    if truth.size == 0 or truth.all() or not truth.any():
        raise ValueError("the lessons have only one class, so nothing can be learned from them")
    # Binning fails on a column without any value, such as the noise in a room without a microphone.
    values = np.where(np.isnan(values).all(axis=0), np.float32(0.0), values)
    trees = HistGradientBoostingClassifier(
        learning_rate=0.06,
        max_iter=250,
        max_leaf_nodes=31,
        min_samples_leaf=int(np.clip(truth.size // 100, 5, 100)),
        l2_regularization=1.0,
        max_features=0.3,  # so that little data does not depend on one column
        early_stopping=False,
        random_state=seed,
    )
    with one_thread():
        return trees.fit(values, truth)


def predict(trees: HistGradientBoostingClassifier, rows: LessonRows) -> Probability:
    """Probabilities (epochs, seats), NaN where not judged."""
    probability = np.full(rows.judged.shape, np.nan)
    values = rows.values[rows.judged]
    if len(values):
        with one_thread():
            probability[rows.judged] = np.concatenate(
                [
                    trees.predict_proba(values[first : first + _AT_ONCE])[:, 1]
                    for first in range(0, len(values), _AT_ONCE)
                ]
            )
    return probability


def out_of_fold(
    lessons: Sequence[LessonRows],
    *,
    seed: int,
    folds: int | None = None,
    progress: Progress = silent,
) -> list[Probability]:
    """Each lesson's raw probabilities, from trees that have not seen its classroom.

    `folds` is the number of groups of classrooms to hold out in turn; None holds out each
    classroom.
    """
    return _run(lessons, seed, folds, progress=progress)[0]


def fit_with_out_of_fold(
    lessons: Sequence[LessonRows], *, seed: int, folds: int
) -> tuple[HistGradientBoostingClassifier, list[Probability]]:
    """Trees trained on all of these lessons, and the probabilities of `out_of_fold`."""
    probabilities, trees = _run(lessons, seed, folds, is_whole_too=True)
    assert trees is not None
    return trees, probabilities


def _run(
    lessons: Sequence[LessonRows],
    seed: int,
    folds: int | None,
    *,
    is_whole_too: bool = False,
    progress: Progress = silent,
) -> tuple[list[Probability], HistGradientBoostingClassifier | None]:
    """Hold out each group in turn, and fit on all lessons too if wanted."""
    fold_of = folds_of((one.classroom for one in lessons), folds)
    if max(fold_of.values(), default=0) < 1:
        raise ValueError("at least two classrooms are needed to hold one out")
    shared = [replace(r, features=()) for r in lessons], fold_of, seed
    rows = sum(int(r.counted.sum()) for r in lessons)
    # The longest fit first, so that it does not run alone at the end.
    fits = [*([None] if is_whole_too else []), *range(max(fold_of.values()) + 1)]
    result: list[Probability] = [np.empty(0)] * len(lessons)
    whole = None
    size = len(fits) * min(rows, _MAX_ROWS)
    for at, (one, trees) in enumerate(map_shared(_fit_others, shared, fits, rows=size), 1):
        whole = whole or trees
        progress("training on the other classrooms", at / len(fits))
        for lesson, probability in one:
            result[lesson] = probability
    return result, whole


def folds_of(names: Iterable[str], folds: int | None) -> dict[str, int]:
    """The group that each of these is held out with; with None each has its own group."""
    every = sorted(set(names))
    count = len(every) if folds is None else min(folds, len(every))
    return {name: at % count for at, name in enumerate(every)}


def _fit_others(
    shared: tuple[list[LessonRows], dict[str, int], int], fold: int | None
) -> tuple[list[tuple[int, Probability]], HistGradientBoostingClassifier | None]:
    """The probabilities of the lessons of a held-out group, by their number; with None the trees
    of a fit on all lessons. `shared` are the lessons, the group of each classroom, and the seed.
    """
    lessons, fold_of, seed = shared
    if fold is None:
        return [], fit_trees(lessons, seed=seed, max_rows=_ALL_ROWS)
    trees = fit_trees([one for one in lessons if fold_of[one.classroom] != fold], seed=seed)
    aside = [at for at, one in enumerate(lessons) if fold_of[one.classroom] == fold]
    return [(at, predict(trees, lessons[at])) for at in aside], None


def fit_calibration(lessons: Sequence[LessonRows], raw: Sequence[Probability]) -> Calibration:
    """Platt's map from raw to calibrated probabilities."""
    truth, p = pooled(lessons, raw)
    clipped = np.clip(p, 1e-6, 1.0 - 1e-6)
    logit = np.log(clipped / (1.0 - clipped))
    step = max(1, logit.size // _MAX_ROWS)
    line = LogisticRegression(C=1e6).fit(logit[::step, None], truth[::step])
    return Calibration(slope=float(line.coef_[0, 0]), intercept=float(line.intercept_[0]))


def matching_threshold(lessons: Sequence[LessonRows], values: Sequence[Probability]) -> float:
    """The threshold that as many epochs exceed as are truly positive."""
    truth, known = pooled(lessons, values)
    return float(np.quantile(known, 1.0 - float(truth.mean())))


def fit_shares(
    lessons: Sequence[LessonRows], raw: Sequence[Probability]
) -> tuple[Calibration, ShareBias, IntervalWidth]:
    """All that turns the trees' raw probabilities into shares with an interval."""
    calibration = fit_calibration(lessons, raw)
    p = [calibration.apply(one) for one in raw]
    bias = fit_bias(lessons, p)
    pairs = zip(lessons, p, strict=True)
    return calibration, bias, fit_interval([lesson_residuals(*pair, bias) for pair in pairs])


def fit_interval(lessons: Sequence[tuple[Probability, Probability]]) -> IntervalWidth:
    """The interval that contains 90 % of the true shares, from `lesson_residuals`."""
    error = np.concatenate([one for one, _ in lessons])
    own = np.concatenate([one for _, one in lessons])
    shared = float(np.sqrt(max(0.0, float(np.mean(error**2 - own)))))
    size = np.abs(error) / np.sqrt(own + shared**2)
    return IntervalWidth(own=1.0, shared=shared, reach=float(np.quantile(size, _COVERAGE)))


def fit_bias(lessons: Sequence[LessonRows], p: Sequence[Probability]) -> ShareBias:
    """Fit the line from the rooms' true shares to their mean probabilities over whole lessons."""
    means = []
    for rows, one in zip(lessons, p, strict=True):
        share, _, true = _shares(rows, one, np.arange(one.shape[1]))
        if share.size:
            means.append((float(true.mean()), float(share.mean())))
    true, share = np.array(means).T if means else np.empty((2, 0))
    if len(means) < _MIN_LESSONS or float(true.std()) < _MIN_SPREAD:
        return ShareBias()
    slope, start = np.polyfit(true, share, 1)
    # The correction may at most double a level.
    slope = float(np.clip(slope, 0.5, 1.0))
    start = float(np.clip(share.mean() - slope * true.mean(), 0.0, 1.0 - slope))
    return ShareBias(all_off=start + slope, all_on=start)


def lesson_residuals(
    rows: LessonRows, probability: Probability, bias: ShareBias
) -> tuple[Probability, Probability]:
    """The residuals of the room and of each of its zones, one after the other."""
    everyone = np.arange(probability.shape[1])
    pairs = [residuals(rows, probability, columns, bias) for columns in (everyone, *rows.zones)]
    return np.concatenate([e for e, _ in pairs]), np.concatenate([own for _, own in pairs])


def residuals(
    rows: LessonRows, probability: Probability, columns: NDArray[np.intp], bias: ShareBias
) -> tuple[Probability, Probability]:
    """The true minus the expected share, and sum p(1-p) / n², in the epochs in which enough of
    these columns are judged.
    """
    share, own, true = _shares(rows, probability, columns)
    level = ShareLevel(bias)
    return true - np.array([level.update(one) for one in share.tolist()]), own


def _shares(
    rows: LessonRows, probability: Probability, columns: NDArray[np.intp]
) -> tuple[Probability, Probability, Probability]:
    """The mean probability, sum p(1-p) / n² and the true share, in the epochs in which at least
    five columns are judged.
    """
    p, truth = probability[:, columns], rows.truth[:, columns]
    judged = ~np.isnan(p)
    n = judged.sum(axis=1)
    enough = n >= SMALLEST_ZONE
    p, truth, judged, n = p[enough], truth[enough], judged[enough], n[enough]
    mean = np.where(judged, p, 0.0).sum(axis=1) / n
    own = np.where(judged, p * (1.0 - p), 0.0).sum(axis=1) / n**2
    return mean, own, mean_share(truth)
