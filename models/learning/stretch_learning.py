"""Learns which stretches of a lesson to suggest, and judges the suggestions.

A logistic regression on every epoch of many lessons: is it in a livelier stretch? The share of
right suggestions in classrooms that it has not seen determines the threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from models.features.seat_features import EPOCH_S
from models.learning.alert_learning import AreaStream, Span, fit_logistic, fit_on_others
from models.serving.hindsight import MARKS, Stretch, StretchModel, area_marks, find_stretches
from models.serving.moments import MAX_MOMENTS

__all__ = [
    "fit_stretches",
    "held_out_models",
    "held_out_moments",
    "judge_moments",
    "moment_figures",
    "suggested_spans",
]

_RIGHT: Final = 0.75
_RIGHT_SURE: Final = 0.9
"""Confidence that three of four suggestions are right."""
_THRESHOLDS: Final = tuple(step / 20.0 for step in range(6, 20))
_MEETS_S: Final = 30
"""A suggestion is right if it overlaps the truth this long: half of the shortest stretch."""


def fit_stretches(lessons: Sequence[Sequence[AreaStream]]) -> StretchModel:
    """The model for one kind of area, from the streams of each lesson's areas."""
    every = [area for areas in lessons for area in areas]
    marks = [area_marks(area.scores) for area in every]
    least = _threshold(every, _held_out(every, marks))
    return replace(_fit(every, marks), least=least)


def held_out_models(lessons: Sequence[Sequence[AreaStream]]) -> list[StretchModel]:
    """For each lesson, the model for this kind of area from lessons of other classrooms."""
    every = [area for areas in lessons for area in areas]
    marks = [area_marks(area.scores) for area in every]
    estimates = _held_out(every, marks)
    lesson_of = np.repeat(np.arange(len(lessons)), [len(areas) for areas in lessons])

    def fit(others: list[int]) -> StretchModel:
        mine = np.flatnonzero(np.isin(lesson_of, others)).tolist()
        areas = [every[at] for at in mine]
        least = _threshold(areas, [estimates[at] for at in mine])
        return replace(_fit(areas, [marks[at] for at in mine]), least=least)

    return fit_on_others(lessons, fit)


def held_out_moments(lessons: Sequence[Sequence[AreaStream]]) -> list[list[Span]]:
    """The suggestions for each area, from a model fitted on other classrooms."""
    models = held_out_models(lessons)
    return [
        suggested_spans(area, model)
        for areas, model in zip(lessons, models, strict=True)
        for area in areas
    ]


def suggested_spans(area: AreaStream, model: StretchModel) -> list[Span]:
    """A finished model's suggestions for an area's lesson, at most as many as are shown."""
    return _spans(find_stretches(model.score(area_marks(area.scores)), model.least))


def judge_moments(suggested: Sequence[Span], truth: Sequence[Span]) -> tuple[int, int]:
    """The number of right suggestions, and the number of true spans that are found.

    A suggestion and a true span match if they overlap by 30 seconds or more.
    """

    def meets(one: Span, other: Span) -> bool:
        return min(one[1], other[1]) - max(one[0], other[0]) >= _MEETS_S

    right = sum(any(meets(one, other) for other in truth) for one in suggested)
    found = sum(any(meets(one, other) for one in suggested) for other in truth)
    return right, found


def moment_figures(
    suggested: Sequence[Sequence[Span]], areas: Sequence[AreaStream], lessons: int
) -> dict[str, Any]:
    """Figures of each area's suggestions, compared with episodes and with livelier stretches."""
    count = sum(len(one) for one in suggested)
    figures: dict[str, Any] = {"moments_per_lesson": count / lessons}
    for name, truths in (
        ("", [area.episodes for area in areas]),
        ("_stretch", [area.stretches for area in areas]),
    ):
        judged = [judge_moments(one, truth) for one, truth in zip(suggested, truths, strict=True)]
        there = sum(len(truth) for truth in truths)
        figures[f"moment{name}_precision"] = (
            sum(right for right, _ in judged) / count if count else None
        )
        figures[f"moment{name}_recall"] = (
            sum(found for _, found in judged) / there if there else None
        )
    return figures


def _spans(stretches: Sequence[Stretch]) -> list[Span]:
    best = sorted(stretches, key=lambda one: -one.likely)[:MAX_MOMENTS]
    return sorted((one.first * EPOCH_S, one.end * EPOCH_S) for one in best)


def _inside(area: AreaStream) -> NDArray[np.bool_]:
    """(epochs,): whether the epoch is in a livelier stretch."""
    inside = np.zeros(len(area.scores), np.bool_)
    for start, end in area.stretches:
        inside[start // EPOCH_S : end // EPOCH_S] = True
    return inside


def _fit(areas: Sequence[AreaStream], marks: Sequence[NDArray[np.float64]]) -> StretchModel:
    values = np.concatenate([np.empty((0, len(MARKS))), *marks])
    truth = np.concatenate([np.empty(0, np.bool_), *map(_inside, areas)])
    known = ~np.isnan(values[:, 0])
    values, truth = values[known], truth[known]
    if truth.all() or not truth.any():
        return StretchModel()  # nothing to learn, so nothing is suggested
    weights, intercept = fit_logistic(values, truth)
    return StretchModel(weights=weights, intercept=intercept)


def _held_out(
    areas: Sequence[AreaStream], marks: Sequence[NDArray[np.float64]]
) -> list[NDArray[np.float64]]:
    """Each area's estimate, by a model that has not seen its classroom."""
    models = fit_on_others(
        [[area] for area in areas],
        lambda others: _fit([areas[at] for at in others], [marks[at] for at in others]),
    )
    return [model.score(one) for model, one in zip(models, marks, strict=True)]


def _threshold(areas: Sequence[AreaStream], estimates: Sequence[NDArray[np.float64]]) -> float:
    """The lowest threshold at which three of four suggestions are right with 90 % confidence.

    The confidence bound is Clopper and Pearson's. If no threshold is enough, the highest.
    """
    for least in _THRESHOLDS:
        suggested = [_spans(find_stretches(one, least)) for one in estimates]
        judged = [
            judge_moments(one, area.stretches) for one, area in zip(suggested, areas, strict=True)
        ]
        right, count = sum(right for right, _ in judged), sum(len(one) for one in suggested)
        if right and beta.ppf(1.0 - _RIGHT_SURE, right, count - right + 1) >= _RIGHT:
            return least
    return _THRESHOLDS[-1]
