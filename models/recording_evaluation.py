"""How well the model family does on labelled motion, on groups that it never saw.

Each group is put aside in turn, and trees of the same kind as the shipped model's learn from the
others, or from a training set of its own. Beside it stand never alerting, a threshold on the
movement, and the figure that a random split would give, which is inflated: epochs of one person,
seconds apart, are on both sides of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, cohen_kappa_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold

from contract.errors import RecordingError
from models.learning import (
    Probability,
    fit_trees,
    labelled,
    matching_threshold,
    out_of_fold,
    predict,
)
from models.recording_file import LabelledRecording
from models.recording_report import RecordingEvaluation, Score
from models.recording_rows import group_rows
from models.resampling import common_rate
from models.rows import LessonRows

__all__ = ["evaluate_recordings", "rows_by_group"]

_DRAWS: Final = 1000
_RANDOM_FOLDS: Final = 5
_LAGS: Final = (-12, -6, -3, 3, 6, 12)  # epochs
_TURNED: Final = 0.35
_BETTER: Final = 0.05


def rows_by_group(
    recordings: Sequence[LabelledRecording], *, rate_hz: float, calibrate_s: float
) -> list[LessonRows]:
    """The rows of each group, in the order in which the groups first appear."""
    groups: dict[str, list[LabelledRecording]] = defaultdict(list)
    for one in recordings:
        groups[one.group].append(one)
    return [group_rows(own, rate_hz=rate_hz, calibrate_s=calibrate_s) for own in groups.values()]


def evaluate_recordings(
    recordings: Sequence[LabelledRecording],
    *,
    label: str,
    seed: int = 1,
    training: Sequence[LabelledRecording] | None = None,
    calibrate_s: float = 0.0,
    notes: Sequence[str] = (),
) -> RecordingEvaluation:
    """Judge each group by trees that learned from the other groups, or from `training` alone.

    Raises RecordingError where nothing can be measured: one class, one group, too short.
    """
    told = list(notes)
    rate = common_rate([one.rate_hz for one in (*recordings, *(training or ()))])
    rows = _usable(rows_by_group(recordings, rate_hz=rate, calibrate_s=calibrate_s), told)
    _, truth = _both_classes(rows, "the recording")
    if training is None:
        if len(rows) < 2:
            raise RecordingError(
                f"there is one group, {rows[0].classroom}, and none to learn from; give others, or "
                "a training set with --train."
            )
        raw = _others_teach(rows, seed, told)
        teachers = [[r for r in rows if r is not one] for one in rows]
        taught = [[p for p, r in zip(raw, rows, strict=True) if r is not one] for one in rows]
        trained_on = "trees that learned from the other groups"
    else:
        own = _usable(rows_by_group(training, rate_hz=rate, calibrate_s=calibrate_s), told)
        _both_classes(own, "the training set")
        trees = fit_trees(own, seed=seed)
        raw = [predict(trees, one) for one in rows]
        inner = raw if len(own) < 2 else out_of_fold(own, seed=seed, folds=5)
        inner = [predict(trees, one) for one in own] if len(own) < 2 else inner
        teachers, taught = [own] * len(rows), [inner] * len(rows)
        trained_on = f"trees that learned from {len(own)} groups of the training set"
        both = {one.classroom for one in own} & {one.classroom for one in rows}
        if both:
            told.append(
                f"{len(both)} groups are in both files by name ({', '.join(sorted(both)[:5])}): if "
                "they are the same people, the figures are inflated."
            )
    p, called = raw, _called(raw, teachers, taught)
    levels = [np.where(one.judged, one.truth, np.nan) for one in rows]
    rule, rule_called = _threshold_rule(levels, teachers)
    by_group = {one.classroom: _auc(*_known(one, q)) for one, q in zip(rows, p, strict=True)}
    model = _score(rows, p, called)
    ci, ci_pr_auc = _intervals(rows, p, seed)
    told += _doubts(rows, levels, model, by_group)
    labelled_epochs = sum(int(one.occupied.sum()) for one in rows)
    none = np.zeros(truth.size, bool)
    base = float(truth.mean())
    return RecordingEvaluation(
        label=label,
        trained_on=trained_on,
        model=model,
        ci=ci,
        ci_pr_auc=ci_pr_auc,
        by_group=by_group,
        never=Score(roc_auc=0.5, pr_auc=base, kappa=_kappa(truth, none)),
        rms_threshold=_score(rows, rule, rule_called),
        random_split=_random_split(rows, seed),
        base_rate=base,
        epochs=int(truth.size),
        not_judged=1.0 - truth.size / labelled_epochs,
        rate_hz=rate,
        notes=tuple(told),
    )


def _usable(rows: Sequence[LessonRows], notes: list[str]) -> list[LessonRows]:
    kept = []
    for one in rows:
        if (one.judged & one.occupied).any():
            kept.append(one)
        else:
            why = "no labelled epoch" if not one.occupied.any() else "less than a minute of history"
            notes.append(f"Group {one.classroom} is left out: it has {why}.")
    if not kept:
        raise RecordingError(
            "no group has a labelled epoch after its first minute, which sets the normal; give "
            "longer recordings, or --calibrate-s."
        )
    return kept


def _both_classes(rows: Sequence[LessonRows], whose: str) -> tuple[Any, NDArray[np.bool_]]:
    values, truth = labelled(rows)
    if truth.all() or not truth.any():
        only = "the label asked for" if truth.all() else "other labels than the one asked for"
        raise RecordingError(
            f"{whose} has only {only} in what can be judged: one class is no test."
        )
    return values, truth


def _others_teach(rows: Sequence[LessonRows], seed: int, notes: list[str]) -> list[Probability]:
    for one in rows:
        _both_classes([r for r in rows if r is not one], f"what is left without {one.classroom}")
    single = [
        one.classroom
        for one in rows
        if np.unique(one.off_task[one.judged & one.occupied]).size == 1
    ]
    if single:
        notes.append(
            f"{len(single)} groups have one class alone and no ROC-AUC of their own: "
            f"{', '.join(single[:5])}."
        )
    return out_of_fold(rows, seed=seed)


def _called(
    raw: Sequence[Probability],
    teachers: Sequence[Sequence[LessonRows]],
    taught: Sequence[Sequence[Probability]],
) -> list[NDArray[np.bool_]]:
    """What is called positive, by the teachers alone.

    Nothing is calibrated here: a line fitted anew without each group would shift the groups against
    each other, against the share of positives that each of them has.
    """
    return [
        q >= matching_threshold(seen, theirs)
        for q, seen, theirs in zip(raw, teachers, taught, strict=True)
    ]


def _threshold_rule(
    levels: Sequence[Probability],
    teachers: Sequence[Sequence[LessonRows]],
) -> tuple[list[Probability], list[NDArray[np.bool_]]]:
    """More movement, or less where that is what the teachers show, as a rank and as a call."""
    ranks, called = [], []
    for level, seen in zip(levels, teachers, strict=True):
        theirs = [np.where(one.judged, one.truth, np.nan) for one in seen]
        truth, values = _pooled(seen, theirs)
        sign = 1.0 if roc_auc_score(truth, values) >= 0.5 else -1.0
        ranks.append(sign * level)
        threshold = matching_threshold(seen, [sign * one for one in theirs])
        called.append(sign * level >= threshold)
    return ranks, called


def _known(one: LessonRows, values: Probability) -> tuple[NDArray[np.bool_], Probability]:
    use = one.judged & one.occupied
    return one.off_task[use], values[use]


def _pooled(
    rows: Sequence[LessonRows], values: Sequence[Any]
) -> tuple[NDArray[np.bool_], NDArray[Any]]:
    pairs = [_known(one, v) for one, v in zip(rows, values, strict=True)]
    return np.concatenate([t for t, _ in pairs]), np.concatenate([v for _, v in pairs])


def _auc(truth: NDArray[np.bool_], values: Probability) -> float | None:
    if truth.all() or not truth.any():
        return None
    return float(roc_auc_score(truth, values))


def _kappa(truth: NDArray[np.bool_], called: NDArray[np.bool_]) -> float:
    return float(np.nan_to_num(cohen_kappa_score(truth, called)))


def _score(
    rows: Sequence[LessonRows],
    values: Sequence[Probability],
    called: Sequence[NDArray[np.bool_]],
) -> Score:
    truth, pooled = _pooled(rows, values)
    _, calls = _pooled(rows, called)
    return Score(
        roc_auc=_auc(truth, pooled),
        pr_auc=float(average_precision_score(truth, pooled)),
        kappa=_kappa(truth, calls),
    )


Ends = tuple[float, float]


def _intervals(
    rows: Sequence[LessonRows], p: Sequence[Probability], seed: int
) -> tuple[Ends | None, Ends | None]:
    """95 % of ROC-AUC and PR-AUC over groups drawn with replacement; None with fewer than three."""
    if len(rows) < 3:
        return None, None
    pairs = [_known(one, q) for one, q in zip(rows, p, strict=True)]
    group = np.repeat(np.arange(len(pairs)), [truth.size for truth, _ in pairs])
    truth = np.concatenate([truth for truth, _ in pairs])
    _, place = np.unique(np.concatenate([q for _, q in pairs]), return_inverse=True)
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(_DRAWS):
        times = np.bincount(rng.integers(0, len(pairs), len(pairs)), minlength=len(pairs))
        weight = times[group].astype(np.float64)
        # From the highest value down, how many of each class have each value.
        positive, negative = (
            np.bincount(place, weight * flags).astype(np.float64)[::-1] for flags in (truth, ~truth)
        )
        if positive.any() and negative.any():
            drawn.append(_areas(positive, negative))
    low, high = np.quantile(np.array(drawn), (0.025, 0.975), axis=0)
    return (float(low[0]), float(high[0])), (float(low[1]), float(high[1]))


def _areas(positive: Probability, negative: Probability) -> tuple[float, float]:
    """ROC-AUC (ties count half) and average precision, from counts by falling value."""
    found, mistaken = np.cumsum(positive), np.cumsum(negative)
    roc = float((negative * (found - positive / 2.0)).sum() / (found[-1] * mistaken[-1]))
    told = found + mistaken
    precision = np.where(told > 0.0, found / np.maximum(told, 1e-9), 0.0)
    return roc, float((positive * precision).sum() / found[-1])


def _random_split(rows: Sequence[LessonRows], seed: int) -> Score:
    """What one would read off if epochs, not groups, were put aside."""
    values, truth = labelled(rows)
    folds = min(_RANDOM_FOLDS, int(truth.sum()), int((~truth).sum()))
    if folds < 2:
        return Score(roc_auc=None, pr_auc=None, kappa=None)
    pieces = []
    split = StratifiedKFold(folds, shuffle=True, random_state=seed).split(values, truth)
    for at, (_, put_aside) in enumerate(split):
        piece = replace(
            rows[0],
            classroom=str(at),
            values=values[put_aside][:, None],
            off_task=truth[put_aside][:, None],
            judged=np.ones((len(put_aside), 1), bool),
            occupied=np.ones((len(put_aside), 1), bool),
        )
        pieces.append(piece)
    p = out_of_fold(pieces, seed=seed)
    threshold = matching_threshold(pieces, p)
    return _score(pieces, p, [one >= threshold for one in p])


def _doubts(
    rows: Sequence[LessonRows],
    movement: Sequence[Probability],
    model: Score,
    by_group: dict[str, float | None],
) -> list[str]:
    """Signs that labels are late, turned round, or no more than chance."""
    if model.roc_auc is None:
        return []
    told = []
    if len(rows) < 5:
        told.append(f"With {len(rows)} groups the interval over groups says little.")
    lagged = {lag: _lagged_auc(rows, movement, lag) for lag in (0, *_LAGS)}
    best = max(lagged, key=lambda lag: lagged[lag])
    if best and lagged[best] > max(lagged[0], 0.55) + _BETTER:
        later = "later" if best > 0 else "earlier"
        told.append(
            f"The labels would fit the movement better {abs(best) * 5} s {later} (ROC-AUC "
            f"{lagged[best]:.3f} rather than {lagged[0]:.3f}): their clocks may be shifted."
        )
    turned = [
        group
        for group, auc in by_group.items()
        if auc is not None and auc < _TURNED and model.roc_auc > 0.6
    ]
    if turned:
        told.append(f"The labels of {', '.join(turned[:5])} look turned round.")
    if model.roc_auc < 0.52:
        told.append("This is no better than chance.")
    return told


def _lagged_auc(rows: Sequence[LessonRows], values_of: Sequence[Probability], lag: int) -> float:
    """The ROC-AUC, one way or the other, if each value stood for the label `lag` epochs before."""
    truths, values = [], []
    for one, q in zip(rows, values_of, strict=True):
        n = len(q)
        ahead, behind = q[max(lag, 0) : n + min(lag, 0)], slice(max(-lag, 0), n - max(lag, 0))
        use = one.occupied[behind] & ~np.isnan(ahead)
        truths.append(one.off_task[behind][use])
        values.append(ahead[use])
    truth = np.concatenate(truths)
    area = _auc(truth, np.concatenate(values))
    return 0.5 if area is None else max(area, 1.0 - area)
