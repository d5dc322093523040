"""Learning: groups are never split, the same seed gives the same model, ONNX is the model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from contract.lesson import LabelledLesson
from models.evaluation.ceiling import oracle_rows
from models.evaluation.evaluate import evaluate_rows
from models.features.seat_features import FEATURES
from models.learning import seat_learning
from models.learning.rows import lesson_rows, true_episodes
from models.learning.seat_learning import (
    fit_bias,
    fit_interval,
    fit_trees,
    lesson_residuals,
    out_of_fold,
    predict,
    residuals,
)
from models.serving.manifest import ShareBias
from models.serving.off_task import OffTaskModel
from models.train import export, train_rows

MakeLesson = Callable[..., LabelledLesson]


@pytest.mark.slow
def test_a_model_is_trained_saved_and_loaded(make_lesson: MakeLesson, tmp_path: Path) -> None:
    lessons = [make_lesson(seed, seconds=400) for seed in range(4)]
    rows = [lesson_rows(lesson) for lesson in lessons]
    model = train_rows(rows, seed=3, source="invented")
    again = train_rows(rows, seed=3, source="invented")
    assert again.manifest.sha256 == model.manifest.sha256
    assert again.manifest == model.manifest
    assert model.manifest.data["classrooms"] == 4
    model.save(tmp_path / "new.onnx")
    loaded = OffTaskModel.load(tmp_path / "new.onnx")
    assert loaded.manifest == model.manifest
    values = lesson_rows(make_lesson(9, seconds=200)).values.reshape(-1, len(FEATURES))
    np.testing.assert_array_equal(loaded.probability(values), model.probability(values))


@pytest.mark.slow
def test_onnx_and_scikit_learn_agree_on_every_row_missing_values_too(
    make_lesson: MakeLesson,
) -> None:
    rows = [lesson_rows(make_lesson(seed, seconds=400)) for seed in range(3)]
    values = rows[2].values.reshape(-1, rows[2].values.shape[2]).copy()
    values[np.random.default_rng(0).random(values.shape) < 0.3] = np.nan
    assert len(export(fit_trees(rows[:2], seed=0), [values])) > 1000


@pytest.mark.slow
def test_a_classroom_is_never_judged_by_trees_that_saw_it(make_lesson: MakeLesson) -> None:
    lessons = [make_lesson(seed, seconds=400) for seed in range(3)]
    rows = [lesson_rows(lesson) for lesson in lessons]
    # The same classroom's second lesson: what trees would learn by heart about it, they must not.
    twin = replace(rows[0], off_task=~rows[0].off_task)
    same = out_of_fold([*rows, twin], seed=0)
    plain = out_of_fold(rows, seed=0)
    np.testing.assert_array_equal(same[0], plain[0])
    assert not np.array_equal(same[1], plain[1], equal_nan=True)


@pytest.mark.slow
def test_shuffled_truth_can_not_be_learned(make_lesson: MakeLesson) -> None:
    lessons = []
    for seed in range(6):
        lesson = make_lesson(seed, seconds=400)
        lessons.append(
            replace(lesson, off_task=np.random.default_rng(seed).permutation(lesson.off_task))
        )
    rows = [lesson_rows(lesson) for lesson in lessons]
    result = evaluate_rows(rows, seed=0, source="invented")
    assert result.model.roc_auc == pytest.approx(0.5, abs=0.06)


@pytest.mark.slow
def test_the_evaluation_knows_its_rules_and_says_whose_data_it_is(
    make_lesson: MakeLesson,
) -> None:
    lessons = [make_lesson(seed, seconds=500) for seed in range(4)]
    rows = [lesson_rows(lesson) for lesson in lessons]
    known = [
        oracle_rows(one, lesson.off_task.astype(np.int8), 2)
        for one, lesson in zip(rows, lessons, strict=True)
    ]
    result = evaluate_rows(rows, seed=0, source="invented", known=known)
    assert result.ceiling is not None
    assert result.ceiling.roc_auc > result.model.roc_auc > result.movement_rule.roc_auc - 0.02
    assert result.never.roc_auc == 0.5
    assert result.never.accuracy == pytest.approx(1 - result.never.base_rate)
    assert result.model.ece < 0.05
    assert 0.75 < result.model.interval_coverage <= 1.0  # three short lessons to fit it on
    lines = result.table().splitlines()
    assert all("invented" in line for line in lines if any(c.isdigit() for c in line))
    reported = json.loads(result.to_json())["invented_unseen_classrooms"]
    names = {
        "roc_auc", "pr_auc", "base_rate", "kappa_observer", "balanced_accuracy", "ece",
        "brier_skill", "alert_precision", "alert_recall", "false_alerts_per_lesson",
        "delay_median_s", "delay_p90_s",
    }  # fmt: skip
    assert names <= reported.keys()
    assert names <= reported["ceiling"].keys()


@pytest.mark.parametrize("count", (0, 1))
def test_too_few_classrooms_are_refused(make_lesson: MakeLesson, count: int) -> None:
    with pytest.raises(ValueError, match="two classrooms"):
        train_rows(
            [lesson_rows(make_lesson(seed, seconds=100)) for seed in range(count)],
            seed=0,
            source="x",
        )


def test_one_class_alone_is_refused(make_lesson: MakeLesson) -> None:
    rows = [
        lesson_rows(replace(lesson, off_task=np.zeros_like(lesson.off_task)))
        for lesson in (make_lesson(seed, seconds=200) for seed in range(3))
    ]
    with pytest.raises(ValueError, match="only one class"):
        train_rows(rows, seed=0, source="x")


def test_the_interval_holds_nine_in_ten_of_what_it_was_fitted_on(make_lesson: MakeLesson) -> None:
    rows = [lesson_rows(make_lesson(seed, seconds=900)) for seed in range(3)]
    rng = np.random.default_rng(0)
    p = [np.where(one.judged, rng.beta(2, 5, one.judged.shape), np.nan) for one in rows]
    drawn = [
        replace(one, truth=(rng.random(q.shape) < np.nan_to_num(q)).astype(float))
        for one, q in zip(rows, p, strict=True)
    ]
    interval = fit_interval(
        [lesson_residuals(one, q, ShareBias()) for one, q in zip(drawn, p, strict=True)]
    )
    assert interval.shared < 0.05  # the truths were drawn from the probabilities themselves
    assert interval.reach == pytest.approx(1.645, abs=0.2)


def test_an_episode_lasts_a_minute_and_rises_over_its_activity(make_lesson: MakeLesson) -> None:
    lesson = make_lesson(1, seconds=1000)
    off = np.zeros_like(lesson.off_task)
    off[300:380, :6] = True  # half of the class for 80 s
    off[600:640, :] = True  # all, but for 40 s
    rows = lesson_rows(replace(lesson, off_task=off))
    assert true_episodes(rows) == [(300, 380)]
    assert true_episodes(rows, np.arange(6, 12)) == []


def test_the_level_of_a_shrunken_share_is_found_again(make_lesson: MakeLesson) -> None:
    one = lesson_rows(make_lesson(0, seconds=700, seats=20))
    rng = np.random.default_rng(1)
    lessons, shrunk = [], []
    for level in np.linspace(0.1, 0.5, 12):
        truth = (rng.random(one.truth.shape) < level).astype(float)
        lessons.append(replace(one, truth=truth))
        shrunk.append(np.full(truth.shape, 0.05 + 0.7 * level))
    bias = fit_bias(lessons, shrunk)
    assert bias.all_on == pytest.approx(0.05, abs=0.02)
    assert bias.all_off == pytest.approx(0.75, abs=0.05)
    everyone = np.arange(20)
    before, _ = residuals(lessons[-1], shrunk[-1], everyone, ShareBias())
    after, _ = residuals(lessons[-1], shrunk[-1], everyone, bias)
    assert abs(after.mean()) < 0.6 * abs(before.mean())
    assert fit_bias(lessons[:3], shrunk[:3]) == ShareBias(), "too few lessons"
    assert fit_bias([lessons[0]] * 9, [shrunk[0]] * 9) == ShareBias(), "all alike"


def test_rows_are_predicted_in_parts_as_together(
    make_lesson: MakeLesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [lesson_rows(make_lesson(seed, seconds=100)) for seed in range(3)]
    trees = fit_trees(rows[:2], seed=0, max_rows=200)
    whole = predict(trees, rows[2])
    assert np.isnan(whole[~rows[2].judged]).all()
    assert not np.isnan(whole[rows[2].judged]).any()
    monkeypatch.setattr(seat_learning, "_AT_ONCE", 7)
    np.testing.assert_array_equal(predict(trees, rows[2]), whole)
    nobody = replace(rows[2], judged=np.zeros_like(rows[2].judged))
    assert np.isnan(predict(trees, nobody)).all()
