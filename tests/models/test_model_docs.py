"""docs/model.md has the shipped model's figures, each with the source of its data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from models.features.seat_features import FEATURES
from models.serving.off_task import OffTaskModel

DOC = (Path(__file__).parents[2] / "docs" / "model.md").read_text(encoding="utf-8")
ROWS = {
    "ROC-AUC, seats": "roc_auc",
    "PR-AUC, seats": "pr_auc",
    "base rate": "base_rate",
    "kappa with the truth": "kappa_observer",
    "balanced accuracy": "balanced_accuracy",
    "accuracy": "accuracy",
    "calibration error (ECE)": "ece",
    "Brier skill": "brier_skill",
    "coverage of the 90 % interval, room": "interval_coverage",
    "alert precision, room": "alert_precision",
    "alert recall, room": "alert_recall",
    "false alerts a lesson": "false_alerts_per_lesson",
    "delay, median (s)": "delay_median_s",
    "delay, P90 (s)": "delay_p90_s",
    "alerts on a livelier stretch": "alert_stretch_precision",
    "moments a lesson, room": "moments_per_lesson",
    "moments on an episode": "moment_precision",
    "episodes with a moment": "moment_recall",
    "moments on a livelier stretch": "moment_stretch_precision",
    "livelier stretches with a moment": "moment_stretch_recall",
}


def _figures() -> dict[str, Any]:
    figures: dict[str, Any] = OffTaskModel.load().manifest.figures["simulated_unseen_classrooms"]
    return figures


@pytest.mark.parametrize(("row", "name"), ROWS.items())
def test_each_figure_is_the_manifests(row: str, name: str) -> None:
    figures = _figures()
    columns = [
        figures,
        figures["baselines"]["never_alert"],
        figures["baselines"]["movement_rule"],
        figures["ceiling"],
    ]
    line = re.search(rf"^\| {re.escape(row)} \(simulated\) \|(.*)\|$", DOC, re.MULTILINE)
    assert line is not None
    reported = [cell.strip() for cell in line.group(1).split("|")]
    assert reported == ["–" if one[name] is None else f"{one[name]:.3f}" for one in columns]


def test_the_words_around_them_hold_too() -> None:
    figures = _figures()
    assert f"learned from {figures['lessons']} simulated lessons" in DOC
    assert f"({figures['seat_epochs']} seat-epochs" in DOC
    assert f"ROC-AUC of {figures['worst_classroom_auc']:.3f} (simulated)" in DOC
    assert f"There were {figures['episodes']} episodes" in DOC
    assert f"{len(FEATURES)} features a seat" in DOC
