"""Rows and whole copies that stand twice are found, and what only looks alike is left."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from contract.repeats import fresh_rows, without_copies


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 300),
    repeats=st.lists(st.integers(0, 299), max_size=300),
    order=st.randoms(use_true_random=False),
)
def test_rows_that_are_written_again_anywhere_are_found(
    seed: int, n: int, repeats: list[int], order: Random
) -> None:
    rng = np.random.default_rng(seed)
    times, values = np.arange(n) / 25.0, rng.integers(0, 3, (n, 3)).astype(np.float32)
    values[rng.random(n) < 0.2] = np.nan
    rows = [*range(n), *(at % n for at in repeats)]
    order.shuffle(rows)
    chosen = np.array(rows)
    keep = fresh_rows(times[chosen], values[chosen])
    assert sorted(times[chosen][keep]) == times.tolist()


def test_rounded_times_are_no_repeats() -> None:
    """A still sensor gives equal readings, and times rounded to a second make equal rows of them."""
    times = np.repeat(np.arange(10.0), 25)
    values = np.tile([[0.0, 0.0, 1.0]], (250, 1))
    values[::7, 0] = 0.1
    assert fresh_rows(times, values).all()


def test_minus_zero_and_any_nan_are_equal() -> None:
    values = np.array([0.0, -0.0, np.nan, -np.nan])
    assert fresh_rows(np.array([0, 0, 1, 1]), values).tolist() == [True, False, True, False]


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(100, 400), copies=st.integers(1, 4))
def test_copies_end_to_end_are_found(seed: int, n: int, copies: int) -> None:
    once = np.random.default_rng(seed).integers(-9, 9, (n, 3))
    assert without_copies(np.concatenate([once] * copies)) == n


def test_a_signal_with_a_period_and_a_still_one_are_no_copies() -> None:
    assert without_copies(np.zeros((1_000, 3))) == 1_000
    assert without_copies(np.tile(np.arange(50)[:, None], (4, 3))) == 200
    assert without_copies(np.tile(np.arange(100)[:, None], (8, 3))) == 800
    changed = np.tile(np.arange(500)[:, None], (2, 3))
    changed[-1, 0] += 1
    assert without_copies(changed) == 1_000
    assert without_copies(np.zeros((0, 3))) == 0
