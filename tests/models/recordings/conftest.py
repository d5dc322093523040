"""What the tests of labelled recordings share: people who fidget, as files, and the command."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier

from models.recordings import learners
from roomtone.cli import main

RATE = 25.0
Columns = dict[str, Any]


def make_columns(
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


@pytest.fixture
def columns() -> Callable[..., Columns]:
    return make_columns


@pytest.fixture
def save(tmp_path: Path) -> Callable[[Columns], Path]:
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
        reported: dict[str, Any] = json.loads(printed.out)
        return reported

    return run


@pytest.fixture
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth of the trees or fewer: enough where the question is not how good they are."""
    boosted = partial(_fewer, HistGradientBoostingClassifier, "max_iter", 12)
    monkeypatch.setattr(learners, "HistGradientBoostingClassifier", boosted)
    randomised = partial(_fewer, ExtraTreesClassifier, "n_estimators", 12)
    monkeypatch.setattr(learners, "ExtraTreesClassifier", randomised)


def _fewer(kind: Any, name: str, share: int, **settings: Any) -> Any:
    return kind(**{**settings, name: settings[name] // share})
