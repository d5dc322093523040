"""More movement than usual, and noise, in parts of a lesson."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.measures.movement import minutes_of_more_movement
from models.measures.noise import noise_of

LESSON_S = 1_800
spans = st.lists(
    st.tuples(st.integers(0, LESSON_S), st.integers(0, LESSON_S)), min_size=1, max_size=4
)


def test_minutes_of_more_movement_are_counted_of_each_ten() -> None:
    movement = np.zeros(240)
    movement[60:84] = 2.0  # two of ten minutes
    found = minutes_of_more_movement(movement, [(300.0, 900.0)])
    assert found is not None
    assert (found.value, found.n) == (2.0, 10)
    # Wilson's interval of 2 of 10, in tenths.
    assert found.low == pytest.approx(0.57, abs=0.01)
    assert found.high == pytest.approx(5.10, abs=0.01)


def test_usual_movement_and_what_lies_outside_do_not_count() -> None:
    movement = np.full(240, 1.9)
    movement[:60] = 9.0
    movement[180:] = np.nan
    found = minutes_of_more_movement(movement, [(300.0, 1_200.0)])
    assert found is not None
    assert (found.value, found.low, found.n) == (0.0, 0.0, 10)
    assert found.high is not None
    assert found.high > 2.0


@given(seed=st.integers(0, 999), parts=spans, missing=st.floats(0.0, 1.0))
def test_the_value_lies_in_its_interval_and_in_ten_minutes(seed, parts, missing) -> None:
    rng = np.random.default_rng(seed)
    movement = rng.normal(1.0, 3.0, LESSON_S // 5)
    movement[rng.random(len(movement)) < missing] = np.nan
    found = minutes_of_more_movement(movement, parts)
    if found is None:
        return
    assert found.low is not None
    assert found.high is not None
    assert 0.0 <= found.low <= found.value + 1e-9
    assert found.value <= found.high + 1e-9 <= 10.0 + 2e-9
    assert 3 <= found.n <= LESSON_S // 60


def test_noise_is_averaged_as_energy() -> None:
    levels = np.full(600, 50.0)
    levels[300:] = 60.0
    found = noise_of(levels, [(0.0, 600.0)])
    assert found is not None
    assert found.value == pytest.approx(10 * np.log10((1e5 + 1e6) / 2))
    assert found.n == 10


@given(seed=st.integers(0, 999), parts=spans, louder=st.floats(-20.0, 20.0))
def test_noise_lies_between_its_extremes_and_moves_with_the_level(seed, parts, louder) -> None:
    rng = np.random.default_rng(seed)
    levels = rng.normal(60.0, 4.0, LESSON_S)
    levels[rng.random(LESSON_S) < 0.2] = np.nan
    found, other = noise_of(levels, parts), noise_of(levels + louder, parts)
    if found is None or other is None:
        assert found is other
        return
    assert found.low is not None
    assert found.high is not None
    assert np.nanmin(levels) - 1e-9 <= found.value <= np.nanmax(levels) + 1e-9
    assert found.low <= found.value <= found.high
    assert other.value == pytest.approx(found.value + louder)
    assert other.high == pytest.approx(found.high + louder)


def test_the_noise_interval_holds_the_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    truth = 10 * np.log10(np.mean(10 ** (rng.normal(62.0, 3.0, 400_000) / 10)))
    held = 0
    for _ in range(400):
        found = noise_of(rng.normal(62.0, 3.0, 600), [(0.0, 600.0)])
        assert found is not None
        held += (found.low or 0.0) <= truth <= (found.high or 0.0)
    assert 0.91 <= held / 400 <= 0.99


def test_under_three_known_minutes_there_is_no_answer() -> None:
    movement, levels = np.zeros(240), np.full(LESSON_S, 60.0)
    for short in ([], [(0.0, 179.0)], [(900.0, 600.0)], [(5_000.0, 6_000.0)]):
        assert minutes_of_more_movement(movement, short) is None
        assert noise_of(levels, [(a, b - 40 if b == 179.0 else b) for a, b in short]) is None
    levels[:] = np.nan
    assert noise_of(levels, [(0.0, 600.0)]) is None
