"""The realism report: marginals by hand, and a classifier that knows alike from unlike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contract.quantities.table import SEAT_QUANTITIES
from models.evaluation.realism import motion_marginals, tilt_marginals, two_sample_auc
from roomtone.cli import main


def seat(seed: int, *, seconds: int = 900, spread: float = 2.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = 15.0 + rng.normal(0.0, spread, (seconds, len(SEAT_QUANTITIES)))
    values[:, 10:] = 0.0
    return values.astype(np.float32)


def test_marginals_by_hand() -> None:
    values = np.full((2700, 2, len(SEAT_QUANTITIES)), 10.0, np.float32)
    values[:, :, 11] = 0.0
    values[100:104, 0, 0] = 30.0
    values[200:210, 0, 0] = 30.0
    values[[100, 200], 0, 11] = 1.0
    reported = motion_marginals(values)
    assert reported["motion level, median (dB re 1 mg)"] == 10.0
    assert reported["bout over 20 mg, median (s)"] == 7.0
    assert reported["time between bouts, median (s)"] == 96.0
    assert reported["movements begun in 45 min"] == pytest.approx(1.0)
    tilt = np.zeros((2700, 1), np.float32)
    tilt[[5, 6, 900]] = 4.0
    assert tilt_marginals(tilt)["shifts of 1 deg or more in 45 min"] == pytest.approx(2.0)


@pytest.mark.slow
def test_similar_motion_can_not_be_separated_and_different_motion_can() -> None:
    same = [seat(at) for at in range(8)]
    others = [seat(100 + at) for at in range(8)]
    livelier = [seat(200 + at, spread=5.0) for at in range(8)]
    assert two_sample_auc(same, others)["levels as they are"] == pytest.approx(0.5, abs=0.08)
    assert two_sample_auc(same, livelier)["each seat's median taken off"] > 0.95


def test_a_folder_without_recordings_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["model", "realism", "--recordings", str(tmp_path)]) == 1
    assert str(tmp_path) in capsys.readouterr().err
