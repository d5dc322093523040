"""`roomtone model`: what it prints, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from contract.lesson import LabelledLesson
from models.evaluation.alert_curve import THRESHOLDS
from models.evaluation.ceiling import oracle_rows
from models.evaluation.explain import FAMILIES
from models.evaluation.holdout import Drawn
from models.features.seat_features import FEATURES
from models.learning.rows import lesson_rows
from roomtone.cli import main
from roomtone.model_cli import command as model_command

MakeLesson = Callable[..., LabelledLesson]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, make_lesson: MakeLesson) -> None:
    def draw(classrooms: int, seed: int, **how: object) -> list[Drawn]:
        del how
        lessons = [make_lesson(100 * (seed % 999) + at, seconds=300) for at in range(classrooms)]
        return [
            Drawn(
                lesson=one,
                rows=(rows := lesson_rows(one)),
                known=oracle_rows(rows, one.off_task.astype(np.int8), 2),
                very_lively=np.arange(one.off_task.shape[1]) < 3,
            )
            for one in lessons
        ]

    monkeypatch.setattr(model_command, "draw_lessons", draw)


def test_the_card_says_simulated_beside_each_figure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "card"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "Tested on simulated lessons only; not yet checked in real classrooms." in lines
    figures = lines[lines.index("") + 1 :]
    assert any(line.startswith("roc auc") for line in figures)
    assert all("simulated" in line for line in figures)


@pytest.fixture
def trained(drawn: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    output = tmp_path / "new.onnx"
    arguments = ["--classrooms", "4", "--seed", "5", "--output", str(output)]
    assert main(["model", "train", *arguments]) == 0
    assert output.exists()
    capsys.readouterr()
    return output


@pytest.mark.slow
def test_a_model_is_judged_as_it_is_on_new_classrooms(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["model", "card", "--model", str(trained)]) == 0
    assert "4 simulated classrooms" in capsys.readouterr().out
    new = ["--simulated", "--classrooms", "4", "--model", str(trained), "--json"]
    assert main(["model", "evaluate", *new]) == 0
    both = json.loads(capsys.readouterr().out)
    reported = both["simulated_unseen_classrooms"]
    names = {
        "roc_auc", "pr_auc", "base_rate", "kappa_observer", "balanced_accuracy", "ece",
        "brier_skill", "alert_precision", "alert_recall", "false_alerts_per_lesson",
        "delay_median_s", "delay_p90_s",
    }  # fmt: skip
    assert names <= reported.keys()
    assert names <= reported["ceiling"].keys()
    assert {"alert_precision", "alert_recall"} <= reported["alerts_from_true_share"].keys()
    moments = {"moments_per_lesson", "moment_precision", "moment_stretch_recall"}
    for one in (
        reported,
        reported["ceiling"],
        reported["alerts_from_true_share"],
        reported["zone_moments"],
    ):
        assert moments <= one.keys()
    assert 0.5 < reported["roc_auc"] <= reported["ceiling"]["roc_auc"]
    assert reported["classrooms"] == 4
    side = both["simulated_robustness"]
    assert side["lost_readings"]["roc_auc_loss"] < 0.1
    assert side["declared_activity"].keys() == {"roc_auc_without", "roc_auc_with"}
    assert side["second_generator"]["roc_auc"] > 0.6
    assert main(["model", "evaluate", *new, "--seed", "5"]) == 2
    assert "training classrooms" in capsys.readouterr().err


@pytest.mark.slow
def test_two_models_are_compared_and_one_is_explained(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ["--classrooms", "4", "--seed", "7"]
    assert main(["model", "compare", str(trained), str(trained), *few, "--json"]) == 0
    reported = json.loads(capsys.readouterr().out)
    assert reported["roc_auc_difference"] == 0.0
    assert reported["verdict"] == "No difference beyond chance."
    assert main(["model", "compare", str(trained), str(trained), *few]) == 0
    assert "roc auc" in capsys.readouterr().out
    assert main(["model", "explain", "--model", str(trained), *few]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.strip().startswith(tuple(FAMILIES)) for line in lines) == len(FAMILIES)
    assert any("Truly off task more than usual" in line for line in lines)
    assert main(["model", "curve", "--model", str(trained), *few]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum("*" in line.split()[0] for line in lines[2:]) == 2
    assert all("simulated" in line for line in lines[2:])
    assert main(["model", "curve", "--model", str(trained), *few, "--json"]) == 0
    curve = json.loads(capsys.readouterr().out)["simulated_unseen_classrooms"]["alert_curve"]
    assert {line["who"] for line in curve} == {"model", "ceiling", "true share"}
    assert sum(line["serves"] for line in curve) == 3
    # The stricter, the fewer, for whoever watches.
    for who in ("model", "ceiling", "true share"):
        alerts = [line["alerts"] for line in curve if line["who"] == who and not line["serves"]]
        assert alerts[0] >= alerts[len(THRESHOLDS) - 1]


def test_each_feature_has_one_family() -> None:
    columns = sorted(column for family in FAMILIES.values() for column in family)
    assert columns == list(range(len(FEATURES)))


@pytest.mark.parametrize(
    ("arguments", "says"),
    (
        (["evaluate", "--classrooms", "3"], "--classrooms is 3, expected 4 or more"),
        (["evaluate", "--seed", "-1"], "--seed is -1, expected 0 to"),
        (["train", "--output", "/nowhere/model.onnx"], "expected a .onnx file in a folder"),
        (["compare", "a.onnx", "--classrooms", "1"], "--classrooms is 1"),
        (["train", "--output", "model.txt"], "expected a .onnx file in a folder"),
    ),
)
def test_bad_arguments_are_refused(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["model", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_a_missing_model_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "card", "--model", str(tmp_path / "none.onnx")]) == 1
    assert str(tmp_path / "none.onnx") in capsys.readouterr().err
