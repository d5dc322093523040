"""A hub that stalls beside one that goes on: real programs, a real broker, bit for bit."""

from __future__ import annotations

from pathlib import Path

import pytest

from roomtone.demo.broker import mosquitto_path
from roomtone.faults.matrix import run_all


@pytest.mark.programs
@pytest.mark.slow
def test_what_a_hub_kept_through_a_stall_is_kept_once_and_unchanged(tmp_path: Path) -> None:
    if mosquitto_path() is None:
        pytest.skip("no Mosquitto here: apt-get install mosquitto")
    (result,) = run_all([("hub_stall", "edge")], folder=tmp_path, seed=4, report=lambda _: None)
    assert result.is_good, result
    assert result.sampled == result.kept > 1000
    assert result.sound_sampled == result.sound_kept
    assert not result.gaps
