"""How well this kind of model works on labelled motion, on groups that it has not seen.

Groups are held out in turn, and what fits best (`models.recordings.learning`) is learned from the
other groups, or from a separate training set. For comparison there are never alerting, a threshold
on the movement, and the figure of a random split. The last one is inflated: epochs of one person,
seconds apart, are on both sides of the split.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold

from contract.errors import RecordingError
from models.evaluation.observers import agreement
from models.learning.rows import LessonRows, pooled
from models.learning.seat_learning import Probability, labelled
from models.progress import Progress, silent
from models.recordings.doubts import doubts, few_groups, single_class, too_quick
from models.recordings.interval import differences, group_auc, intervals, mean_per_group
from models.recordings.learners import fit_trees
from models.recordings.learning import (
    examples_of,
    has_both,
    held_out_together,
    judge_by_others,
    judge_by_training_set,
    thinned,
)
from models.recordings.reading.file import LabelledRecording
from models.recordings.reading.resampling import common_rate
from models.recordings.report import GroupScore, RecordingEvaluation, Score
from models.recordings.rms_threshold import comparison_notes, movement_levels, threshold_rule
from models.recordings.rows import rows_of_groups

__all__ = ["evaluate_recordings"]

_RANDOM_FOLDS: Final = 5


def evaluate_recordings(
    recordings: Sequence[LabelledRecording],
    *,
    labels: Sequence[str],
    seed: int = 1,
    training: Sequence[LabelledRecording] | None = None,
    calibrate_s: float = 0.0,
    notes: Sequence[str] = (),
    progress: Progress = silent,
) -> RecordingEvaluation:
    """Judge each group by what is learned from the other groups, or from `training` alone.

    `labels` are the positive ones, for messages. Raises RecordingError if nothing can be measured:
    one class, one group, or too short.
    """
    all_notes = list(notes)
    label = " or ".join(map(repr, labels))
    rate = common_rate([one.rate_hz for one in (*recordings, *(training or ()))])

    def usable(some: Sequence[LabelledRecording], whose: str) -> list[LessonRows]:
        groups: dict[str, list[LabelledRecording]] = defaultdict(list)
        for one in some:
            groups[one.group].append(one)
        rows = rows_of_groups(
            list(groups.values()), rate_hz=rate, calibrate_s=calibrate_s, progress=progress
        )
        kept = _usable(rows, all_notes, whose, calibrate_s)
        quick = too_quick(some, label, whose)
        all_notes.extend([] if quick is None else [quick])
        _both_classes(kept, whose, label, quick)
        return kept

    rows = usable(recordings, "the recording")
    if training is None:
        _check_others_have_both(rows, label)
        judged = judge_by_others(rows, seed=seed, progress=progress)
        aside = {at: part for part in held_out_together(rows) for at in part}
        trained_rows = [
            [one for k, one in enumerate(rows) if k not in aside[at]] for at in range(len(rows))
        ]
        trained_on = "the other groups"
    else:
        own = usable(training, "the training set")
        judged = judge_by_training_set(rows, own, seed=seed)
        trained_rows = [own] * len(rows)
        trained_on = f"{len(own)} groups of the training set"
        both = {one.classroom for one in own} & {one.classroom for one in rows}
        if both:
            all_notes.append(
                f"Both files have groups with the same names ({', '.join(sorted(both)[:5])}): if they "
                "are the same people, the figures are inflated."
            )
    p = [one.p for one in judged]
    levels = movement_levels(rows)
    ranks, rule_calls = threshold_rule(levels, trained_rows)
    truths, values, rule_values = _by_group(rows, p, ranks)
    by_group = {
        one.classroom: GroupScore(
            roc_auc=group_auc(flags, q),
            rms_threshold=group_auc(flags, level),
            epochs=int(flags.size),
            positive=int(flags.sum()),
        )
        for one, flags, q, level in zip(rows, truths, values, rule_values, strict=True)
    }
    model = _score(rows, p, [one.called for one in judged])
    assert model.roc_auc is not None  # both classes exist
    over_threshold = differences(truths, values, rule_values, seed)
    all_notes += [
        *single_class(by_group, label),
        *few_groups(len(rows)),
        *comparison_notes(over_threshold),
        *doubts(rows, levels, model.roc_auc, by_group),
    ]
    truth = np.concatenate(truths)
    labelled_epochs = sum(int(one.occupied.sum()) for one in rows)
    base = float(truth.mean())
    return RecordingEvaluation(
        labels=tuple(labels),
        learned=Counter(one.learner for one in judged),
        trained_on=trained_on,
        model=model,
        ci=intervals(truths, values, seed),
        over_threshold=over_threshold,
        by_group=by_group,
        never=Score(
            roc_auc=0.5,
            group_mean=0.5,
            pr_auc=base,
            kappa=agreement(truth, np.zeros(truth.size, bool)),
        ),
        rms_threshold=_score(rows, ranks, rule_calls),
        random_split=_random_split(rows, seed, progress),
        base_rate=base,
        epochs=int(truth.size),
        not_judged=1.0 - truth.size / labelled_epochs,
        rate_hz=rate,
        notes=tuple(all_notes),
    )


def _usable(
    rows: Sequence[LessonRows], notes: list[str], whose: str, calibrate_s: float
) -> list[LessonRows]:
    kept = []
    for one in rows:
        if one.counted.any():
            kept.append(one)
            continue
        why = "less than a minute before its labels, which is needed to know its normal"
        if not one.occupied.any():
            why = "no labelled epoch of 5 s"
        elif calibrate_s:
            why = f"no label after the {calibrate_s:g} s that set its normal"
        notes.append(f"Group {one.classroom} of {whose} is left out: it has {why}.")
    if not kept:
        after = f"{calibrate_s:g} s" if calibrate_s else "minute"
        raise RecordingError(
            f"{whose} has no group with a labelled epoch after its first {after}, which sets the "
            f"normal; use longer recordings, or {'a shorter' if calibrate_s else 'a'} "
            "--calibrate-s."
        )
    return kept


def _both_classes(rows: Sequence[LessonRows], whose: str, label: str, quick: str | None) -> None:
    if has_both(rows):
        return
    _, truth = labelled(rows)
    if truth.all():
        raise RecordingError(
            f"in {whose} every epoch that can be judged is {label}; two classes are needed."
        )
    because = "" if quick is None else f" {quick}"
    raise RecordingError(
        f"in {whose} no epoch that can be judged is {label} for half of its 5 s; two classes are "
        f"needed.{because}"
    )


def _check_others_have_both(rows: Sequence[LessonRows], label: str) -> None:
    if len(rows) < 2:
        raise RecordingError(
            f"there is only one group, {rows[0].classroom}, and none to train on; add other groups, "
            "or give a training set with --train."
        )
    for one in rows:
        others = [r for r in rows if r is not one]
        if not has_both(others):
            _, truth = labelled(others)
            only = f"another label than {label}" if truth.all() else label
            raise RecordingError(
                f"only group {one.classroom} has epochs with {only} that can be judged, so it can't "
                "be held out: the other groups have only one class; add more groups, or give a "
                "training set with --train."
            )


def _by_group(
    rows: Sequence[LessonRows], *rankings: Sequence[Probability]
) -> tuple[list[Any], ...]:
    """Each group's truth, and its values in each ranking, of its counted epochs."""
    truths = [one.off_task[one.counted] for one in rows]
    return truths, *(
        [values[one.counted] for one, values in zip(rows, ranking, strict=True)]
        for ranking in rankings
    )


def _score(
    rows: Sequence[LessonRows],
    values: Sequence[Probability],
    called: Sequence[NDArray[np.bool_]],
) -> Score:
    truth, ranks = pooled(rows, values)
    return Score(
        roc_auc=float(roc_auc_score(truth, ranks)),
        group_mean=mean_per_group(*_by_group(rows, values)),
        pr_auc=float(average_precision_score(truth, ranks)),
        kappa=agreement(*pooled(rows, called)),
    )


def _random_split(rows: Sequence[LessonRows], seed: int, progress: Progress) -> Score:
    """The figure of the trees if epochs, not groups, are held out."""
    examples = examples_of(rows)
    truth = examples.truth
    folds = min(_RANDOM_FOLDS, int(truth.sum()), int((~truth).sum()))
    if folds < 2:
        return Score(roc_auc=None, pr_auc=None, kappa=None)
    progress("splitting at random", 0.0)
    scores = np.empty(truth.size)
    split = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for own, held_out in split.split(truth, truth):
        trees = fit_trees(thinned(examples.part(own)), seed)
        scores[held_out] = trees.scores(examples.values[held_out], examples.level[held_out])
    return Score(
        roc_auc=float(roc_auc_score(truth, scores)),
        pr_auc=float(average_precision_score(truth, scores)),
        kappa=agreement(truth, scores >= np.quantile(scores, 1.0 - truth.mean())),
    )
