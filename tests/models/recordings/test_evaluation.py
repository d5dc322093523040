"""Labelled recordings: known answers, and what is put right or left out is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from models.recordings import interval as recording_interval
from models.recordings.interval import differences, intervals
from models.recordings.learners import LEARNERS
from models.recordings.reading.file import LabelledRecording
from models.recordings.rows import rows_of_groups
from roomtone.cli import main
from roomtone.model_cli import progress as model_command_progress

RATE = 25.0
Columns = dict[str, Any]
Make = Callable[..., Columns]
Save = Callable[[Columns], Path]
Evaluate = Callable[..., dict[str, Any]]


@pytest.mark.usefixtures("few_trees")
@pytest.mark.slow
def test_labels_that_differ_are_separated(columns: Make, save: Save, evaluate: Evaluate) -> None:
    reported = evaluate(save(columns()))
    assert reported["roc_auc"] > 0.95
    assert set(reported["learned"]) <= set(LEARNERS)
    assert sum(reported["learned"].values()) == len(reported["groups"])
    assert reported["kappa"] > 0.7
    assert reported["roc_auc"] >= reported["worst_group"]
    low, high = reported["ci"]
    assert low <= reported["roc_auc"] <= high
    assert reported["baselines"]["never_alert"] == {
        "roc_auc": 0.5,
        "group_mean": 0.5,
        "pr_auc": pytest.approx(reported["base_rate"]),
        "kappa": 0.0,
        "accuracy": pytest.approx(1.0 - reported["base_rate"]),
    }
    assert reported["baselines"]["random_split"]["inflated"] is True
    assert 0.5 < reported["baselines"]["rms_threshold"]["roc_auc"] <= 1.0


@pytest.mark.slow
@pytest.mark.usefixtures("few_trees")
def test_shuffled_labels_teach_nothing(columns: Make, save: Save, evaluate: Evaluate) -> None:
    data = columns(groups=8, seconds=900)
    rng = np.random.default_rng(5)
    n = len(data["x"])
    blocks = np.repeat(rng.random(n // round(5 * RATE) + 1) < 0.35, round(5 * RATE))[:n]
    data["label"] = np.where(blocks, "fidget", "still")
    reported = evaluate(save(data))
    assert reported["roc_auc"] == pytest.approx(0.5, abs=0.04)
    assert reported["kappa"] == pytest.approx(0.0, abs=0.06)


@pytest.mark.usefixtures("few_trees")
@pytest.mark.slow
def test_who_someone_is_flatters_a_random_split_alone(
    columns: Make, save: Save, evaluate: Evaluate
) -> None:
    """Each person has a quiet or lively chair and a label of their own: nothing holds for others."""
    rng = np.random.default_rng(3)
    data = columns(groups=8, seconds=300, gain=1.0, levels_mg=(3.0, 40.0))
    for group in range(8):
        own = data["group"] == f"person {group}"
        share = 0.9 if group % 2 else 0.1
        blocks = np.repeat(rng.random(own.sum() // 125 + 1) < share, 125)[: own.sum()]
        data["label"][own] = np.where(blocks, "fidget", "still")
    reported = evaluate(save(data))
    assert reported["baselines"]["random_split"]["roc_auc"] > reported["roc_auc"] + 0.1


@pytest.mark.usefixtures("few_trees")
@pytest.mark.slow
@pytest.mark.parametrize("rate", (20.0, 33.3, 64.0, 100.0, 400.0))
def test_any_rate_will_do(columns: Make, save: Save, evaluate: Evaluate, rate: float) -> None:
    reported = evaluate(save(columns(groups=3, seconds=240, rate=rate, gain=5.0)))
    assert reported["roc_auc"] > 0.9
    assert reported["rate_hz"] == pytest.approx(min(rate, 50.0), rel=0.02)


@pytest.mark.usefixtures("few_trees")
@pytest.mark.slow
def test_units_differ_and_figures_do_not(columns: Make, save: Save, evaluate: Evaluate) -> None:
    data = columns(groups=3, seconds=180)
    counts = {name: np.rint(data[name] * 4096).astype(np.int16) for name in "xyz"}
    earth = {name: data[name] * 9.80665 for name in "xyz"}
    plain = evaluate(save(data))
    assert evaluate(save({**data, **earth}), "--unit", "m/s2")["roc_auc"] == plain["roc_auc"]
    reported = evaluate(save({**data, **counts}), "--unit", "counts", "--scale", "4096")
    assert reported["roc_auc"] == pytest.approx(plain["roc_auc"], abs=0.03)


@pytest.mark.usefixtures("few_trees")
@pytest.mark.slow
def test_rows_in_any_order_are_put_right_by_their_time(
    columns: Make, save: Save, evaluate: Evaluate
) -> None:
    data = columns(groups=3, seconds=180)
    order = np.random.default_rng(1).permutation(len(data["x"]))
    reported = evaluate(save({name: values[order] for name, values in data.items()}))
    plain = evaluate(save(data))
    assert reported["roc_auc"] == plain["roc_auc"]
    assert any("sorted" in note for note in reported["notes"])


@pytest.mark.usefixtures("few_trees")
@pytest.mark.slow
def test_a_rate_does_instead_of_times(columns: Make, save: Save, evaluate: Evaluate) -> None:
    data = columns(groups=3, seconds=180)
    plain = evaluate(save(data))
    del data["observed_at"]
    assert evaluate(save(data), "--rate-hz", "25")["roc_auc"] == plain["roc_auc"]


@pytest.mark.usefixtures("few_trees")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("labels", "wanted"),
    (
        (lambda is_fidget: is_fidget, "true"),
        (lambda is_fidget: is_fidget.astype(np.int64), "1"),
        (lambda is_fidget: np.where(is_fidget, 2.0, 0.0), "2"),
        (lambda is_fidget: pa.array(np.where(is_fidget, "a", "b")).dictionary_encode(), "a"),
    ),
    ids=("bool", "int", "float", "dictionary"),
)
def test_labels_of_any_type(
    columns: Make, save: Save, evaluate: Evaluate, labels: Callable[[Any], Any], wanted: str
) -> None:
    data = columns(groups=3, seconds=180)
    plain = evaluate(save(data))
    reported = evaluate(save({**data, "label": labels(data["label"] == "fidget")}), label=wanted)
    assert reported["roc_auc"] == plain["roc_auc"]


@pytest.mark.usefixtures("few_trees")
@pytest.mark.slow
def test_null_labels_are_history_and_no_more(columns: Make, save: Save, evaluate: Evaluate) -> None:
    data = columns(groups=3, seconds=240)
    label = pa.array(data["label"], mask=np.asarray(data["observed_at"] > 180.0))
    reported = evaluate(save({**data, "label": label}))
    assert reported["epochs"] < evaluate(save(data))["epochs"]
    assert reported["roc_auc"] > 0.9


@pytest.mark.usefixtures("few_trees")
def test_lost_samples_and_gaps_are_missing_not_still(
    columns: Make, save: Save, evaluate: Evaluate, tmp_path: Path
) -> None:
    data = columns(groups=3, seconds=240)
    data["x"][np.random.default_rng(2).random(len(data["x"])) < 0.1] = np.nan
    kept = (data["observed_at"] < 100) | (data["observed_at"] > 130)
    reported = evaluate(save({name: values[kept] for name, values in data.items()}))
    assert reported["roc_auc"] > 0.9
    (note,) = (note for note in reported["notes"] if "NaN" in note)
    assert note.startswith(str(tmp_path))


@pytest.mark.usefixtures("few_trees")
@pytest.mark.slow
def test_the_first_seconds_may_set_the_normal(
    columns: Make, save: Save, evaluate: Evaluate
) -> None:
    data = columns(groups=3, seconds=240)
    reported = evaluate(save(data), "--calibrate-s", "30")
    assert reported["roc_auc"] > 0.9
    assert reported["epochs"] == 3 * (240 - 30) // 5


@pytest.mark.usefixtures("few_trees")
@pytest.mark.slow
def test_another_file_may_teach(columns: Make, save: Save, evaluate: Evaluate) -> None:
    own = columns(groups=2, seconds=180, seed=1)
    theirs = columns(groups=3, seconds=180, seed=2)
    theirs["group"] = np.char.add("other ", theirs["group"])
    reported = evaluate(save(own), "--train", str(save(theirs)))
    assert reported["roc_auc"] > 0.9
    assert "training set" in reported["trained_on"]
    assert not any("Both files" in note for note in reported["notes"])
    assert any("Both files" in n for n in evaluate(save(own), "--train", str(save(own)))["notes"])


@pytest.mark.usefixtures("few_trees")
@pytest.mark.slow
def test_labels_that_come_late_are_suspected(columns: Make, save: Save, evaluate: Evaluate) -> None:
    data = columns(groups=4, seconds=600)
    for group in range(4):
        own = np.flatnonzero(data["group"] == f"person {group}")
        data["label"][own] = np.roll(data["label"][own], round(-15 * RATE))
    assert any("shifted" in note for note in evaluate(save(data))["notes"])


@pytest.mark.usefixtures("few_trees")
def test_a_broken_recording_is_left_out_and_named(
    columns: Make, save: Save, evaluate: Evaluate
) -> None:
    data = columns(groups=5, seconds=180)
    stuck, clipped = data["group"] == "person 3", data["group"] == "person 4"
    for name in "xyz":
        data[name][stuck] = 0.25
        data[name][clipped] = np.clip(data[name][clipped] * 900.0, -2.0, 2.0)
    reported = evaluate(save(data))
    assert set(reported["groups"]) == {"person 0", "person 1", "person 2"}
    assert any("person 3" in note and "stuck" in note for note in reported["notes"])
    assert any("person 4" in note and "saturated" in note for note in reported["notes"])


@pytest.mark.usefixtures("few_trees")
def test_one_bad_recording_does_not_take_the_others_with_it(
    columns: Make, save: Save, evaluate: Evaluate
) -> None:
    data = columns(groups=5, seconds=150)
    slow, earth = data["group"] == "person 3", data["group"] == "person 4"
    for name in "xyz":
        data[name][earth] *= 9.80665
    data["observed_at"][slow] *= 25.0
    data["x"][::200] = -999.0
    reported = evaluate(save(data))
    assert set(reported["groups"]) == {"person 0", "person 1", "person 2"}
    assert any("person 3" in note and "1 Hz" in note for note in reported["notes"])
    assert any("person 4" in note and "is it in m/s2?" in note for note in reported["notes"])
    assert any("over 100 g" in note for note in reported["notes"])


@pytest.mark.usefixtures("few_trees")
@pytest.mark.slow
def test_a_group_without_positives_is_not_the_worst(
    columns: Make, save: Save, evaluate: Evaluate
) -> None:
    data = columns(groups=4, seconds=150)
    data["label"][data["group"] == "person 0"] = "still"
    data["label"][data["group"] == "person 2"] = "fidget"
    reported = evaluate(save(data))
    own = {"roc_auc": None, "rms_threshold": None, "epochs": 18}
    assert reported["groups"]["person 0"] == {**own, "positive": 0}
    assert reported["groups"]["person 2"] == {**own, "positive": 18}
    assert reported["worst_group_name"] != "person 0"
    assert reported["worst_group_epochs"] == 18
    named = "2 of 4 (no 'fidget': person 0; only 'fidget': person 2)."
    assert any(named in note for note in reported["notes"])
    data["label"][data["group"] != "person 1"] = "still"
    with pytest.raises(AssertionError, match="only group person 1"):
        evaluate(save(data))


@pytest.mark.usefixtures("few_trees")
def test_a_clock_that_starts_again_is_no_mixture(
    columns: Make, save: Save, evaluate: Evaluate
) -> None:
    data = columns(groups=3, seconds=240, gain=5.0)
    data["observed_at"] = data["observed_at"] % 120.0
    reported = evaluate(save(data))
    assert any("restarts 1 times" in note for note in reported["notes"])
    assert reported["roc_auc"] > 0.9
    assert reported["rate_hz"] == 25.0


@pytest.mark.usefixtures("few_trees")
def test_progress_goes_only_to_stderr(
    columns: Make, save: Save, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_command_progress, "_EVERY_S", 0.0)
    path = save(columns(groups=3, seconds=150))
    assert main(["model", "evaluate", "--recording", str(path), "--label", "fidget", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["label"] == "fidget"
    for what in ("computing features, 100%", "holding out each group, 67%"):
        assert what in said.err


def test_groups_side_by_side_have_the_rows_of_each_alone() -> None:
    rng = np.random.default_rng(8)

    def recording(group: str, seconds: int, rate: float) -> LabelledRecording:
        n = round(seconds * rate)
        moved = rng.normal((0.0, 0.0, 1.0), 0.01, (n, 3))
        moved[rng.random(n) < 0.03] = np.nan
        return LabelledRecording(
            group=group,
            recording="1",
            rate_hz=rate,
            at_s=np.arange(n) / rate,
            acceleration=moved.astype(np.float32),
            label=rng.integers(-1, 2, n).astype(np.int8),
        )

    groups = [
        [recording("a", 95, 25.0), recording("a", 40, 25.0)],
        [recording("b", 120, 25.0)],
        [recording("c", 80, 33.3)],
        [recording("d", 3, 25.0)],
    ]
    together = rows_of_groups(groups, rate_hz=25.0, calibrate_s=30.0)
    for one, own in zip(together, groups, strict=True):
        alone = rows_of_groups([own], rate_hz=25.0, calibrate_s=30.0)[0]
        assert one.classroom == own[0].group
        for name in ("values", "judged", "off_task", "occupied", "truth"):
            np.testing.assert_array_equal(getattr(one, name), getattr(alone, name))
    assert [len(one.values) for one in together] == [27, 24, 16, 0]


def test_the_interval_holds_the_truth_about_as_often_as_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twelve groups that differ; with five the same gives 85 %, and plain quantiles 81 %."""
    monkeypatch.setattr(recording_interval, "_DRAWS", 200)
    rng = np.random.default_rng(6)
    held = []
    for _ in range(40):
        lifts = rng.normal(1.0, 0.5, 12)
        truth = [rng.random(40) < 0.3 for _ in lifts]
        values = [rng.normal(0.0, 1.0, 40) + a * b for a, b in zip(lifts, truth, strict=True)]
        ends = intervals(truth, values, seed=1)["roc_auc"]
        assert ends is not None
        held.append(ends[0] <= 0.7475 <= ends[1])  # the ROC-AUC of a lift that varies by .5
    assert np.mean(held) >= 0.85
    assert set(intervals(truth[:2], values[:2], seed=1).values()) == {None}


def test_a_difference_is_known_better_than_both_figures() -> None:
    """Groups that differ much, and a second ranking that is a little worse in each of them."""
    rng = np.random.default_rng(3)
    lifts = np.linspace(0.0, 2.5, 10)
    truth = [rng.random(200) < 0.3 for _ in lifts]
    values = [rng.normal(0.0, 1.0, 200) + a * b for a, b in zip(lifts, truth, strict=True)]
    worse = [one + rng.normal(0.0, 0.6, 200) for one in values]
    found = differences(truth, values, worse, seed=1)
    own = intervals(truth, values, seed=1)
    for name, difference in found.items():
        ends = own[name]
        assert difference.ci is not None
        assert ends is not None
        assert difference.ci[0] > 0.0
        assert difference.ci[1] - difference.ci[0] < ends[1] - ends[0]
    none = differences(truth, values, values, seed=1)["roc_auc"]
    assert (none.value, none.ci) == (0.0, (0.0, 0.0))
    assert differences(truth[:2], values[:2], worse[:2], seed=1)["roc_auc"].ci is None


@pytest.mark.usefixtures("few_trees")
@pytest.mark.slow
def test_a_model_that_is_no_better_than_the_threshold_is_noted(
    columns: Make, save: Save, evaluate: Evaluate
) -> None:
    """Nothing differs, so neither sees anything."""
    nothing = evaluate(save(columns(groups=5, seconds=400, gain=1.0, levels_mg=(6.0, 6.0))))
    assert any("not clearly better" in n or "is better" in n for n in nothing["notes"])
    # Every person has another level, and the threshold can't know whose a level is.
    own = evaluate(save(columns(groups=5, seconds=400, gain=2.0, levels_mg=(2.0, 40.0))))
    over = own["over_rms_threshold"]["roc_auc"]
    assert over["ci"][0] > 0.0
    assert over["difference"] == pytest.approx(
        own["roc_auc"] - own["baselines"]["rms_threshold"]["roc_auc"]
    )
    assert not any("by ROC-AUC" in note for note in own["notes"])
    rule = own["baselines"]["rms_threshold"]
    assert rule["group_mean"] > rule["roc_auc"] + 0.1
    groups = own["groups"].values()
    assert own["group_mean"] == pytest.approx(np.mean([one["roc_auc"] for one in groups]))
    assert rule["group_mean"] == pytest.approx(np.mean([one["rms_threshold"] for one in groups]))


@pytest.mark.usefixtures("few_trees")
@pytest.mark.slow
def test_two_groups_have_no_interval(
    columns: Make, save: Save, evaluate: Evaluate, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save(columns(groups=2, seconds=240))
    reported = evaluate(path)
    assert reported["ci"] is reported["over_rms_threshold"]["roc_auc"]["ci"] is None
    first, second = (note for note in reported["notes"] if "interval" in note)
    assert first == "There are only 2 groups, so there is no interval."
    assert second.startswith("Without an interval it is not known whether the model is better")
    assert main(["model", "evaluate", "--recording", str(path), "--label", "fidget"]) == 0
    table = capsys.readouterr().out
    assert "per group" in table
    assert "(no interval)" in table


@pytest.mark.usefixtures("few_trees")
@pytest.mark.slow
def test_several_labels_count_as_one(columns: Make, save: Save, evaluate: Evaluate) -> None:
    data = columns(groups=3, seconds=150)
    plain = evaluate(save(data))
    early = data["observed_at"] < 90.0
    parted = np.where((data["label"] == "fidget") & early, "tap", data["label"])
    path = save({**data, "label": parted})
    reported = evaluate(path, "--label", "fidget", label="tap")
    assert reported["labels"] == ["tap", "fidget"]
    assert reported["label"] == "tap or fidget"
    assert {**reported, "label": "", "labels": [], "notes": []} == {
        **plain, "label": "", "labels": [], "notes": [],
    }  # fmt: skip
