"""Labelled recordings: known answers, and a sentence for whatever is wrong with a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from roomtone.cli import main

RATE = 25.0
Columns = dict[str, Any]


def columns(
    *,
    groups: int = 4,
    seconds: int = 240,
    rate: float = RATE,
    gain: float = 3.0,
    seed: int = 0,
    levels_mg: tuple[float, float] = (4.0, 8.0),
) -> Columns:
    """People who sit and, every now and then for 15 s, fidget `gain` times as strongly."""
    rng = np.random.default_rng(seed)
    parts: list[Columns] = []
    for group in range(groups):
        n = round(seconds * rate)
        fidgets = np.repeat(rng.random(seconds // 15 + 1) < 0.35, round(15 * rate))[:n]
        level = rng.uniform(*levels_mg) / 1000.0
        motion = rng.normal(0.0, level, (n, 3)) * np.where(fidgets, gain, 1.0)[:, None]
        parts.append(
            {
                "group": np.full(n, f"person {group}"),
                "recording": np.full(n, "morning"),
                "observed_at": np.arange(n) / rate,
                "x": motion[:, 0],
                "y": motion[:, 1],
                "z": 1.0 + motion[:, 2],
                "label": np.where(fidgets, "fidget", "still"),
            }
        )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


Save = Callable[[Columns], Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def write(data: Columns) -> Path:
        path = tmp_path / f"recording-{len(list(tmp_path.iterdir()))}.parquet"
        parquet.write_table(pa.table(data), path)
        return path

    return write


@pytest.fixture
def evaluate(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    def run(path: Path, *more: str, label: str = "fidget") -> dict[str, Any]:
        arguments = ["--recording", str(path), "--label", label, *more, "--json"]
        code = main(["model", "evaluate", *arguments])
        printed = capsys.readouterr()
        assert code == 0, printed.err
        told: dict[str, Any] = json.loads(printed.out)
        return told

    return run


Evaluate = Callable[..., dict[str, Any]]


def test_what_can_be_told_apart_is_told_apart(save: Save, evaluate: Evaluate) -> None:
    told = evaluate(save(columns()))
    assert told["roc_auc"] > 0.95
    assert told["kappa"] > 0.7
    assert told["roc_auc"] >= told["worst_group"]
    low, high = told["ci"]
    assert low <= told["roc_auc"] <= high
    assert told["baselines"]["never_alert"] == {
        "roc_auc": 0.5,
        "pr_auc": pytest.approx(told["base_rate"]),
        "kappa": 0.0,
        "accuracy": pytest.approx(1.0 - told["base_rate"]),
    }
    assert told["baselines"]["random_split"]["inflated"] is True
    assert 0.5 < told["baselines"]["rms_threshold"]["roc_auc"] <= 1.0


@pytest.mark.slow
def test_shuffled_labels_teach_nothing(save: Save, evaluate: Evaluate) -> None:
    data = columns(groups=8, seconds=900)
    rng = np.random.default_rng(5)
    n = len(data["x"])
    blocks = np.repeat(rng.random(n // round(5 * RATE) + 1) < 0.35, round(5 * RATE))[:n]
    data["label"] = np.where(blocks, "fidget", "still")
    told = evaluate(save(data))
    assert told["roc_auc"] == pytest.approx(0.5, abs=0.04)
    assert told["kappa"] == pytest.approx(0.0, abs=0.06)


@pytest.mark.slow
def test_who_someone_is_flatters_a_random_split_alone(save: Save, evaluate: Evaluate) -> None:
    """Each person has a quiet or lively chair and a label of their own: nothing holds for others."""
    rng = np.random.default_rng(3)
    data = columns(groups=8, seconds=300, gain=1.0, levels_mg=(3.0, 40.0))
    for group in range(8):
        own = data["group"] == f"person {group}"
        share = 0.9 if group % 2 else 0.1
        blocks = np.repeat(rng.random(own.sum() // 125 + 1) < share, 125)[: own.sum()]
        data["label"][own] = np.where(blocks, "fidget", "still")
    told = evaluate(save(data))
    assert told["baselines"]["random_split"]["roc_auc"] > told["roc_auc"] + 0.1


@pytest.mark.slow
@pytest.mark.parametrize("rate", (20.0, 33.3, 64.0, 100.0, 400.0))
def test_any_rate_will_do(save: Save, evaluate: Evaluate, rate: float) -> None:
    told = evaluate(save(columns(groups=3, seconds=240, rate=rate, gain=5.0)))
    assert told["roc_auc"] > 0.9
    assert told["rate_hz"] == pytest.approx(min(rate, 50.0), rel=0.02)


@pytest.mark.slow
def test_units_differ_and_figures_do_not(save: Save, evaluate: Evaluate) -> None:
    data = columns(groups=3, seconds=180)
    counts = {name: np.rint(data[name] * 4096).astype(np.int16) for name in "xyz"}
    earth = {name: data[name] * 9.80665 for name in "xyz"}
    plain = evaluate(save(data))
    assert evaluate(save({**data, **earth}), "--unit", "m/s2")["roc_auc"] == plain["roc_auc"]
    told = evaluate(save({**data, **counts}), "--unit", "counts", "--scale", "4096")
    assert told["roc_auc"] == pytest.approx(plain["roc_auc"], abs=0.03)


@pytest.mark.slow
def test_rows_in_any_order_are_put_right_by_their_time(save: Save, evaluate: Evaluate) -> None:
    data = columns(groups=3, seconds=180)
    order = np.random.default_rng(1).permutation(len(data["x"]))
    told = evaluate(save({name: values[order] for name, values in data.items()}))
    plain = evaluate(save(data))
    assert told["roc_auc"] == plain["roc_auc"]
    assert any("sorted" in note for note in told["notes"])


@pytest.mark.slow
def test_a_rate_does_instead_of_times(save: Save, evaluate: Evaluate) -> None:
    data = columns(groups=3, seconds=180)
    plain = evaluate(save(data))
    del data["observed_at"]
    assert evaluate(save(data), "--rate-hz", "25")["roc_auc"] == plain["roc_auc"]


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
    save: Save, evaluate: Evaluate, labels: Callable[[Any], Any], wanted: str
) -> None:
    data = columns(groups=3, seconds=180)
    plain = evaluate(save(data))
    told = evaluate(save({**data, "label": labels(data["label"] == "fidget")}), label=wanted)
    assert told["roc_auc"] == plain["roc_auc"]


@pytest.mark.slow
def test_null_labels_are_history_and_no_more(save: Save, evaluate: Evaluate) -> None:
    data = columns(groups=3, seconds=240)
    label = pa.array(data["label"], mask=np.asarray(data["observed_at"] > 180.0))
    told = evaluate(save({**data, "label": label}))
    assert told["epochs"] < evaluate(save(data))["epochs"]
    assert told["roc_auc"] > 0.9


def test_lost_samples_and_gaps_are_missing_not_still(save: Save, evaluate: Evaluate) -> None:
    data = columns(groups=3, seconds=240)
    data["x"][np.random.default_rng(2).random(len(data["x"])) < 0.1] = np.nan
    kept = (data["observed_at"] < 100) | (data["observed_at"] > 130)
    told = evaluate(save({name: values[kept] for name, values in data.items()}))
    assert told["roc_auc"] > 0.9
    assert any("NaN" in note for note in told["notes"])


@pytest.mark.slow
def test_the_first_seconds_may_set_the_normal(save: Save, evaluate: Evaluate) -> None:
    data = columns(groups=3, seconds=240)
    told = evaluate(save(data), "--calibrate-s", "30")
    assert told["roc_auc"] > 0.9
    assert told["epochs"] == 3 * (240 - 30) // 5


@pytest.mark.slow
def test_another_file_may_teach(save: Save, evaluate: Evaluate) -> None:
    own = columns(groups=2, seconds=180, seed=1)
    theirs = columns(groups=3, seconds=180, seed=2)
    theirs["group"] = np.char.add("other ", theirs["group"])
    told = evaluate(save(own), "--train", str(save(theirs)))
    assert told["roc_auc"] > 0.9
    assert "training set" in told["trained_on"]
    assert not any("both files" in note for note in told["notes"])
    assert any("both files" in n for n in evaluate(save(own), "--train", str(save(own)))["notes"])


@pytest.mark.slow
def test_labels_that_come_late_are_suspected(save: Save, evaluate: Evaluate) -> None:
    data = columns(groups=4, seconds=600)
    for group in range(4):
        own = np.flatnonzero(data["group"] == f"person {group}")
        data["label"][own] = np.roll(data["label"][own], round(-15 * RATE))
    assert any("shifted" in note for note in evaluate(save(data))["notes"])


def test_a_broken_recording_is_left_out_and_named(save: Save, evaluate: Evaluate) -> None:
    data = columns(groups=5, seconds=180)
    stuck, clipped = data["group"] == "person 3", data["group"] == "person 4"
    for name in "xyz":
        data[name][stuck] = 0.25
        data[name][clipped] = np.clip(data[name][clipped] * 900.0, -2.0, 2.0)
    told = evaluate(save(data))
    assert set(told["groups"]) == {"person 0", "person 1", "person 2"}
    assert any("person 3" in note and "stuck" in note for note in told["notes"])
    assert any("person 4" in note and "saturated" in note for note in told["notes"])


def one_class(data: Columns) -> None:
    data["label"] = np.full(len(data["x"]), "fidget")


def no_values(data: Columns) -> None:
    data["x"] = np.full(len(data["x"]), np.nan)


def constant(data: Columns) -> None:
    for name in "xyz":
        data[name] = np.full(len(data["x"]), 0.5)


def lone_group(data: Columns) -> None:
    data["group"] = np.full(len(data["x"]), "everyone")


def in_milliseconds(data: Columns) -> None:
    data["observed_at"] = data["observed_at"] * 1000.0


def in_earth_units(data: Columns) -> None:
    for name in "xyz":
        data[name] = data[name] * 9.80665


def no_label(data: Columns) -> None:
    del data["label"]


def text(data: Columns) -> None:
    data["y"] = np.full(len(data["x"]), "much")


def whole_seconds(data: Columns) -> None:
    data["observed_at"] = np.floor(data["observed_at"])


def too_short(data: Columns) -> None:
    kept = data["observed_at"] < 40.0
    for name in data:
        data[name] = data[name][kept]


def nothing(data: Columns) -> None:
    for name in data:
        data[name] = data[name][:0]


@pytest.mark.parametrize(
    ("change", "says"),
    (
        (one_class, "one class is no test"),
        (no_values, "hold no numbers"),
        (constant, "the sensor was stuck"),
        (lone_group, "one group"),
        (in_milliseconds, "observed_at is in seconds"),
        (in_earth_units, "is it in m/s2?"),
        (no_label, "lacks the column label"),
        (text, "column y is string, expected numbers"),
        (whole_seconds, "give --rate-hz"),
        (too_short, "first minute"),
        (nothing, "has no rows"),
    ),
)
def test_what_can_not_be_measured_is_refused(
    save: Save,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Columns], None],
    says: str,
) -> None:
    data = columns(groups=2, seconds=90)
    change(data)
    if change is lone_group:
        data["observed_at"] = np.arange(len(data["x"])) / RATE
    assert main(["model", "evaluate", "--recording", str(save(data)), "--label", "fidget"]) == 1
    said = capsys.readouterr()
    assert says in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    ("more", "says"),
    (
        ([], "--recording needs --label"),
        (["--label", "fidget", "--unit", "counts"], "needs --scale"),
        (["--label", "fidget", "--scale", "64"], "goes with --unit counts alone"),
        (["--label", "fidget", "--rate-hz", "5"], "--rate-hz is 5"),
        (["--label", "fidget", "--calibrate-s", "-1"], "--calibrate-s is -1"),
        (["--label", "fidget", "--simulated"], "two evaluations"),
    ),
)
def test_arguments_that_do_not_fit_are_refused(
    more: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "none.parquet"
    assert main(["model", "evaluate", "--recording", str(path), *more]) == 2
    assert says in capsys.readouterr().err


def test_a_label_that_is_not_there_is_told_with_those_that_are(
    save: Save, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = save(columns(groups=2, seconds=30))
    assert main(["model", "evaluate", "--recording", str(path), "--label", "idle"]) == 1
    assert "no label is 'idle'; the labels are fidget, still" in capsys.readouterr().err
    missing = tmp_path / "none.parquet"
    assert main(["model", "evaluate", "--recording", str(missing), "--label", "idle"]) == 1
    assert str(missing) in capsys.readouterr().err
    notes = tmp_path / "notes.txt"
    notes.write_text("hello", encoding="utf-8")
    assert main(["model", "evaluate", "--recording", str(notes), "--label", "idle"]) == 1
    assert "can't be read as a Parquet file" in capsys.readouterr().err
