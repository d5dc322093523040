"""How well this kind of model works on labelled motion, on groups that it has not seen.

Each group is held out in turn, and trees of the same kind as the shipped model's learn from the
other groups, or from a separate training set. For comparison there are never alerting, a threshold
on the movement, and the figure of a random split. The last one is inflated: epochs of one person,
seconds apart, are on both sides of the split.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold

from contract.errors import RecordingError
from models.evaluation.observers import agreement
from models.learning.rows import LessonRows, pooled
from models.learning.seat_learning import Probability, labelled, matching_threshold, out_of_fold
from models.recordings.doubts import doubts, too_quick
from models.recordings.file import LabelledRecording
from models.recordings.interval import intervals
from models.recordings.learning import has_both, judge_by_others, judge_by_training_set
from models.recordings.report import GroupScore, Progress, RecordingEvaluation, Score, silent
from models.recordings.resampling import common_rate
from models.recordings.rows import rows_of_groups

__all__ = ["evaluate_recordings"]

_RANDOM_FOLDS: Final = 5


def evaluate_recordings(
    recordings: Sequence[LabelledRecording],
    *,
    label: str,
    seed: int = 1,
    training: Sequence[LabelledRecording] | None = None,
    calibrate_s: float = 0.0,
    notes: Sequence[str] = (),
    progress: Progress = silent,
) -> RecordingEvaluation:
    """Judge each group with trees trained on the other groups, or on `training` alone.

    Raises RecordingError if nothing can be measured: one class, one group, or too short.
    """
    all_notes = list(notes)
    rate = common_rate([one.rate_hz for one in (*recordings, *(training or ()))])

    def usable(some: Sequence[LabelledRecording], whose: str) -> list[LessonRows]:
        groups: dict[str, list[LabelledRecording]] = defaultdict(list)
        for one in some:
            groups[one.group].append(one)
        rows = rows_of_groups(
            list(groups.values()), rate_hz=rate, calibrate_s=calibrate_s, progress=progress
        )
        kept = _usable(rows, all_notes, whose, calibrate_s)
        quick = too_quick(some, label)
        all_notes.extend([] if quick is None else [quick])
        _both_classes(kept, whose, label, quick)
        return kept

    rows = usable(recordings, "the recording")
    if training is None:
        _check_others_have_both(rows, label)
        judged = judge_by_others(rows, seed=seed, progress=progress)
        trained_rows = [[r for r in rows if r is not one] for one in rows]
        trained_on = "trees trained on the other groups"
    else:
        own = usable(training, "the training set")
        judged = judge_by_training_set(rows, own, seed=seed)
        trained_rows = [own] * len(rows)
        trained_on = f"trees trained on {len(own)} groups of the training set"
        both = {one.classroom for one in own} & {one.classroom for one in rows}
        if both:
            all_notes.append(
                f"Both files have groups with the same names ({', '.join(sorted(both)[:5])}): if they "
                "are the same people, the figures are inflated."
            )
    p = [one.p for one in judged]
    pairs = [pooled([one], [q]) for one, q in zip(rows, p, strict=True)]
    by_group = {one.classroom: _group_score(*pair) for one, pair in zip(rows, pairs, strict=True)}
    _note_single_class(by_group, all_notes)
    model = _score(rows, p, [one.called for one in judged])
    assert model.roc_auc is not None  # both classes exist
    levels = _levels(rows)
    all_notes += doubts(rows, levels, model.roc_auc, by_group)
    ci, ci_pr_auc = intervals([truth for truth, _ in pairs], [q for _, q in pairs], seed)
    truth, _ = pooled(rows, p)
    labelled_epochs = sum(int(one.occupied.sum()) for one in rows)
    base = float(truth.mean())
    return RecordingEvaluation(
        label=label,
        trained_on=trained_on,
        model=model,
        ci=ci,
        ci_pr_auc=ci_pr_auc,
        by_group=by_group,
        never=Score(roc_auc=0.5, pr_auc=base, kappa=agreement(truth, np.zeros(truth.size, bool))),
        rms_threshold=_score(rows, *_threshold_rule(levels, trained_rows)),
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
        notes.append(f"Group {one.classroom} is left out: it has {why}.")
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
            f"in {whose} every epoch that can be judged is {label!r}; two classes are needed."
        )
    because = "" if quick is None else f" {quick}"
    raise RecordingError(
        f"in {whose} no epoch that can be judged is {label!r} for half of its 5 s; two classes are "
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
            only = f"another label than {label!r}" if truth.all() else repr(label)
            raise RecordingError(
                f"only group {one.classroom} has epochs with {only} that can be judged, so it can't "
                "be held out: the other groups have only one class; add more groups, or give a "
                "training set with --train."
            )


def _note_single_class(by_group: dict[str, GroupScore], notes: list[str]) -> None:
    single = [group for group, one in by_group.items() if one.roc_auc is None]
    if single:
        more = "" if len(single) <= 5 else f" and {len(single) - 5} others"
        notes.append(
            f"{len(single)} of {len(by_group)} groups have only one class, so they have no ROC-AUC "
            f"and can't be the worst group: {', '.join(single[:5])}{more}."
        )


def _levels(rows: Sequence[LessonRows]) -> list[Probability]:
    """Each group's movement level, NaN where it is not judged."""
    return [np.where(one.judged, one.truth, np.nan) for one in rows]


def _threshold_rule(
    levels: Sequence[Probability], trained_rows: Sequence[Sequence[LessonRows]]
) -> tuple[list[Probability], list[NDArray[np.bool_]]]:
    """Rank and call epochs by more movement, or by less if the training rows show that."""
    ranks, called = [], []
    for level, seen in zip(levels, trained_rows, strict=True):
        seen_levels = _levels(seen)
        sign = 1.0 if roc_auc_score(*pooled(seen, seen_levels)) >= 0.5 else -1.0
        ranks.append(sign * level)
        threshold = matching_threshold(seen, [sign * one for one in seen_levels])
        called.append(sign * level >= threshold)
    return ranks, called


def _group_score(truth: NDArray[np.bool_], values: Probability) -> GroupScore:
    both = truth.any() and not truth.all()
    return GroupScore(
        roc_auc=float(roc_auc_score(truth, values)) if both else None,
        epochs=int(truth.size),
        positive=int(truth.sum()),
    )


def _score(
    rows: Sequence[LessonRows],
    values: Sequence[Probability],
    called: Sequence[NDArray[np.bool_]],
) -> Score:
    truth, ranks = pooled(rows, values)
    return Score(
        roc_auc=float(roc_auc_score(truth, ranks)),
        pr_auc=float(average_precision_score(truth, ranks)),
        kappa=agreement(*pooled(rows, called)),
    )


def _random_split(rows: Sequence[LessonRows], seed: int, progress: Progress) -> Score:
    """The figure if epochs, not groups, are held out."""
    values, truth = labelled(rows)
    folds = min(_RANDOM_FOLDS, int(truth.sum()), int((~truth).sum()))
    if folds < 2:
        return Score(roc_auc=None, pr_auc=None, kappa=None)
    split = StratifiedKFold(folds, shuffle=True, random_state=seed).split(values, truth)
    pieces = [
        replace(
            rows[0],
            classroom=str(at),
            values=values[held_out][:, None],
            off_task=truth[held_out][:, None],
            judged=np.ones((len(held_out), 1), bool),
            occupied=np.ones((len(held_out), 1), bool),
        )
        for at, (_, held_out) in enumerate(split)
    ]
    progress("splitting at random", 0.0)
    p = out_of_fold(pieces, seed=seed)
    threshold = matching_threshold(pieces, p)
    return _score(pieces, p, [one >= threshold for one in p])
