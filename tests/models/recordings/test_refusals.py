"""A sentence for whatever is wrong with a labelled recording or with what is asked of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from roomtone.cli import main

RATE = 25.0
Columns = dict[str, Any]
Make = Callable[..., Columns]
Save = Callable[[Columns], Path]
Evaluate = Callable[..., dict[str, Any]]


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


def in_nanoseconds(data: Columns) -> None:
    data["observed_at"] = (data["observed_at"] * 1e9).astype(np.int64)


def too_slow(data: Columns) -> None:
    data["observed_at"] = np.arange(len(data["x"]), dtype=np.float64)


def coarse_stamps(data: Columns) -> None:
    data["observed_at"] = (data["observed_at"] + 1.7e9).astype(np.float32)


def unlabelled_groups(data: Columns) -> None:
    data["group"] = np.where(data["group"] == "person 1", np.nan, 0.0)


def listed_labels(data: Columns) -> None:
    data["label"] = pa.array([[str(label)] for label in data["label"]])


def too_quick(data: Columns) -> None:
    data["label"] = np.where(data["observed_at"] % 5.0 < 1.0, "fidget", "still")


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
        (one_class, "two classes are needed"),
        (no_values, "has no values"),
        (constant, "the sensor was stuck"),
        (lone_group, "one group"),
        (in_milliseconds, "25 Hz if that is in milliseconds; give it in seconds"),
        (in_nanoseconds, "25 Hz if that is in nanoseconds; give it in seconds"),
        (too_slow, "its rate by observed_at is 1 Hz, expected 20 to 400"),
        (coarse_stamps, "is float32, which can't separate samples"),
        (unlabelled_groups, "group is null in 2250 rows"),
        (listed_labels, "column label is list<element: string>, expected text"),
        (too_quick, "these labels change too quickly for epochs"),
        (in_earth_units, "is it in m/s2?"),
        (no_label, "has no column label"),
        (text, "column y is string, expected numbers"),
        (whole_seconds, "give --rate-hz"),
        (too_short, "first minute"),
        (nothing, "has no rows"),
    ),
)
def test_what_can_not_be_measured_is_refused(
    columns: Make,
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
        (["--label", "fidget", "--simulated"], "--simulated is for simulated classrooms"),
        (["--label", "fidget", "--leave-one-out"], "--leave-one-out is for simulated classrooms"),
        (["--label", "fidget", "--model", "a.onnx"], "--model is for simulated classrooms"),
        (["--label", "fidget", "--classrooms", "40"], "--classrooms is for simulated classrooms"),
        (["--label", "fidget", "--classrooms", "0"], "--classrooms is for simulated classrooms"),
        (["--label", "fidget", " "], "--label is empty"),
        (["--label", "fidget", "--seed", "-1"], "--seed is -1"),
    ),
)
def test_arguments_that_do_not_fit_are_refused(
    more: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "none.parquet"
    assert main(["model", "evaluate", "--recording", str(path), *more]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    "option",
    (["--label", "x"], ["--train", "x"], ["--rate-hz", "50"], ["--unit", "m/s2"], ["--scale", "2"]),
)
def test_options_of_recordings_are_not_passed_over_without_one(
    option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["model", "evaluate", *option]) == 2
    assert f"{option[0]} needs --recording FILE" in capsys.readouterr().err


def test_a_missing_label_is_named_with_the_existing_ones(
    columns: Make, save: Save, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = save(columns(groups=2, seconds=30))
    assert main(["model", "evaluate", "--recording", str(path), "--label", "idle"]) == 1
    assert "no label is 'idle'; the labels are fidget, still" in capsys.readouterr().err
    both = ["--label", "idle", "fidget", "asleep"]
    assert main(["model", "evaluate", "--recording", str(path), *both]) == 1
    assert "no label is 'idle' or 'asleep'; the labels are fidget" in capsys.readouterr().err
    missing = tmp_path / "none.parquet"
    assert main(["model", "evaluate", "--recording", str(missing), "--label", "idle"]) == 1
    assert str(missing) in capsys.readouterr().err
    notes = tmp_path / "notes.txt"
    notes.write_text("hello", encoding="utf-8")
    assert main(["model", "evaluate", "--recording", str(notes), "--label", "idle"]) == 1
    assert "can't be read as a Parquet file" in capsys.readouterr().err
