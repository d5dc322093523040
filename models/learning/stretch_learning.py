"""Learning which stretches of a lesson to suggest, and judging what is suggested.

A logistic regression on every epoch of many lessons: does it lie in a livelier stretch? The share
of suggestions that were right, in classrooms that it did not see, decides from which estimate on
one is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta
from sklearn.linear_model import LogisticRegression

from models.features.seat_features import EPOCH_S
from models.learning.alert_learning import AreaStream, Span, put_aside
from models.serving.hindsight import MARKS, Stretch, StretchModel, area_marks, find_stretches
from models.serving.moments import MOST_MOMENTS

__all__ = ["fit_stretches", "held_out_moments", "judge_moments", "moment_figures", "told_spans"]

_RIDGE: Final = 0.1
_RIGHT: Final = 0.75
_RIGHT_SURE: Final = 0.9
"""So sure three of four suggestions are to be right."""
_LEAST: Final = tuple(step / 20.0 for step in range(6, 20))
_MEETS_S: Final = 30
"""A suggestion is right if it shares so much with what truly was: half of the shortest stretch."""


def fit_stretches(lessons: Sequence[Sequence[AreaStream]]) -> StretchModel:
    """The model for areas of a kind, from the streams of those of each lesson."""
    every = [area for areas in lessons for area in areas]
    marks = [area_marks(area.scores) for area in every]
    least = _least(every, _held_out(every, marks))
    return replace(_fit(every, marks), least=least)


def held_out_moments(lessons: Sequence[Sequence[AreaStream]]) -> list[list[Span]]:
    """What is told of each area, one after the other, by a model that other classrooms gave."""
    every = [area for areas in lessons for area in areas]
    estimates = _held_out(every, [area_marks(area.scores) for area in every])
    fold_of = put_aside([[area] for area in every])
    leasts = []
    for fold in range(max(fold_of, default=0) + 1):
        others = [at for at, group in enumerate(fold_of) if group != fold]
        leasts.append(_least([every[at] for at in others], [estimates[at] for at in others]))
    return [
        _spans(find_stretches(one, leasts[fold]))
        for one, fold in zip(estimates, fold_of, strict=True)
    ]


def told_spans(area: AreaStream, model: StretchModel) -> list[Span]:
    """What a finished model tells of an area's lesson, at most as many as are suggested."""
    return _spans(find_stretches(model.score(area_marks(area.scores)), model.least))


def judge_moments(told: Sequence[Span], truth: Sequence[Span]) -> tuple[int, int]:
    """How many of what was told are right, and how many of what truly was are found: they share 30
    seconds or more.
    """

    def meets(one: Span, other: Span) -> bool:
        return min(one[1], other[1]) - max(one[0], other[0]) >= _MEETS_S

    right = sum(any(meets(one, other) for other in truth) for one in told)
    found = sum(any(meets(one, other) for one in told) for other in truth)
    return right, found


def moment_figures(
    told: Sequence[Sequence[Span]], areas: Sequence[AreaStream], lessons: int
) -> dict[str, Any]:
    """Figures of what is told of each area, against episodes and against livelier stretches."""
    count = sum(len(one) for one in told)
    figures: dict[str, Any] = {"moments_per_lesson": count / lessons}
    for name, truths in (
        ("", [area.episodes for area in areas]),
        ("_stretch", [area.stretches for area in areas]),
    ):
        judged = [judge_moments(one, truth) for one, truth in zip(told, truths, strict=True)]
        there = sum(len(truth) for truth in truths)
        figures[f"moment{name}_precision"] = (
            sum(right for right, _ in judged) / count if count else None
        )
        figures[f"moment{name}_recall"] = (
            sum(found for _, found in judged) / there if there else None
        )
    return figures


def _spans(stretches: Sequence[Stretch]) -> list[Span]:
    best = sorted(stretches, key=lambda one: -one.likely)[:MOST_MOMENTS]
    return sorted((one.first * EPOCH_S, one.end * EPOCH_S) for one in best)


def _inside(area: AreaStream) -> NDArray[np.bool_]:
    """(epochs,): in a livelier stretch."""
    inside = np.zeros(len(area.scores), np.bool_)
    for start, end in area.stretches:
        inside[start // EPOCH_S : end // EPOCH_S] = True
    return inside


def _fit(areas: Sequence[AreaStream], marks: Sequence[NDArray[np.float64]]) -> StretchModel:
    known = [~np.isnan(one[:, 0]) for one in marks]
    values = np.concatenate(
        [np.empty((0, len(MARKS))), *(one[flags] for one, flags in zip(marks, known, strict=True))]
    )
    truth = np.concatenate(
        [
            np.empty(0, np.bool_),
            *(_inside(area)[flags] for area, flags in zip(areas, known, strict=True)),
        ]
    )
    if truth.all() or not truth.any():
        return StretchModel()  # nothing to learn: nothing is told
    middle, scale = values.mean(axis=0), values.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    line = LogisticRegression(C=_RIDGE, max_iter=1000).fit((values - middle) / scale, truth)
    weights = line.coef_[0] / scale
    return StretchModel(
        weights=tuple(map(float, weights)), intercept=float(line.intercept_[0] - weights @ middle)
    )


def _held_out(
    areas: Sequence[AreaStream], marks: Sequence[NDArray[np.float64]]
) -> list[NDArray[np.float64]]:
    """Each area's estimate by a model that did not see its classroom."""
    fold_of = put_aside([[area] for area in areas])
    models = []
    for fold in range(max(fold_of, default=0) + 1):
        others = [at for at, group in enumerate(fold_of) if group != fold]
        models.append(_fit([areas[at] for at in others], [marks[at] for at in others]))
    return [models[fold].score(one) for fold, one in zip(fold_of, marks, strict=True)]


def _least(areas: Sequence[AreaStream], estimates: Sequence[NDArray[np.float64]]) -> float:
    """The lowest estimate from which on three of four of what is told are right, 90 % sure (Clopper
    and Pearson's lower end); the highest where none will do.
    """
    for least in _LEAST:
        told = [_spans(find_stretches(one, least)) for one in estimates]
        judged = [judge_moments(one, area.stretches) for one, area in zip(told, areas, strict=True)]
        right, count = sum(right for right, _ in judged), sum(len(one) for one in told)
        if right and beta.ppf(1.0 - _RIGHT_SURE, right, count - right + 1) >= _RIGHT:
            return least
    return _LEAST[-1]
