"""What was sensed beside a plan: said only of what was sensed, and a change only where it is clear."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard_api.plans.sensed import Sensed, SoundChange, sound_change
from dashboard_api.views.movement import Ribbon


def levels(*parts: tuple[int, float]) -> np.ndarray:
    return np.concatenate([np.full(seconds, level) for seconds, level in parts])


def test_the_clearest_change_near_a_time_is_found() -> None:
    laeq = levels((690, 55.0), (600, 67.0), (600, 61.0))
    assert sound_change(laeq, 600) == SoundChange(at_s=690, by_db=pytest.approx(12.0))
    quieter = sound_change(laeq, 1_300)
    assert quieter is not None
    assert quieter.sentence == (
        "Near its planned beginning the sound changed most at 21:30: 6 dB(A) quieter than the minute "
        "before."
    )


@pytest.mark.parametrize(
    "laeq",
    (
        levels((1_800, 60.0)),
        levels((600, 60.0), (1_200, 64.5)),  # less than people hear as clearly louder
        levels((1_000, 50.0), (800, 70.0)),  # too far away
        np.full(1_800, np.nan),
        levels((570, 50.0), (60, np.nan), (1_170, 50.0)),
        np.array([]),
    ),
)
def test_without_a_clear_change_nothing_is_said(laeq: np.ndarray) -> None:
    assert sound_change(laeq, 600) is None


def test_of_less_than_half_nothing_is_said() -> None:
    movement = np.full(20, np.nan)
    movement[:5] = 4.0
    ribbon = Ribbon(5, movement, movement, movement, movement, movement)
    laeq = levels((50, 60.0), (50, np.nan))
    sensed = Sensed(laeq=laeq, movement=ribbon)
    assert sensed.words(0, 50) == "more movement than usual, 60 dB(A)"
    assert sensed.words(0, 100) == "60 dB(A)"
    assert sensed.words(50, 100) == "not known"
    assert sensed.words(99, 99) == "not known"
    assert sensed.words(0, 10_000) == "not known"
