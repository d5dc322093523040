"""`roomtone model`: what it prints, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from contract.lesson import LabelledLesson
from roomtone import model_command
from roomtone.cli import main

MakeLesson = Callable[..., LabelledLesson]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, make_lesson: MakeLesson) -> None:
    def draw(classrooms: int, seed: int) -> list[model_command.DrawnLesson]:
        lessons = [make_lesson(100 * seed + at, seconds=300) for at in range(classrooms)]
        return [
            model_command.DrawnLesson(lesson=one, movement=one.off_task.astype(np.int8))
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


@pytest.mark.slow
def test_train_writes_a_model_and_evaluate_prints_its_figures(
    drawn: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "new.onnx"
    assert main(["model", "train", "--classrooms", "4", "--output", str(output)]) == 0
    assert output.exists()
    assert main(["model", "card", "--model", str(output)]) == 0
    assert "4 simulated classrooms" in capsys.readouterr().out
    assert main(["model", "evaluate", "--simulated", "--classrooms", "4", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["simulated_unseen_classrooms"]
    assert 0.5 < told["roc_auc"] <= told["ceiling"]["roc_auc"]
    assert told["classrooms"] == 4


@pytest.mark.parametrize(
    ("arguments", "says"),
    (
        (["evaluate", "--classrooms", "3"], "--classrooms is 3, expected 4 or more"),
        (["evaluate", "--seed", "-1"], "--seed is -1, expected 0 or more"),
        (["train", "--output", "/nowhere/model.onnx"], "expected a .onnx file in a folder"),
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
