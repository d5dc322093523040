"""Kappa and its interval, against scikit-learn and SciPy, which a school's server does not have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t
from sklearn.metrics import cohen_kappa_score

from models.evaluation.agreement import counts_of, draws_of, ends_of, kappa_of, student

pairs = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=60)


@given(pairs)
def test_kappa_is_that_of_scikit_learn(said) -> None:
    first, second = np.array(said).T
    counts = counts_of(first, second, 4)
    assert counts.sum() == len(said)
    for weights in ("none", "linear"):
        found = float(kappa_of(counts, weights))
        if len({*first.tolist(), *second.tolist()}) == 1:
            assert np.isnan(found)
            continue
        theirs = cohen_kappa_score(
            first, second, labels=range(4), weights=None if weights == "none" else weights
        )
        assert found == pytest.approx(theirs, abs=1e-12)


def test_many_tables_at_once_are_each_by_itself() -> None:
    rng = np.random.default_rng(1)
    tables = rng.integers(0, 9, (5, 3, 4, 4)).astype(float)
    found = kappa_of(tables, "linear")
    assert found.shape == (5, 3)
    assert found[2, 1] == kappa_of(tables[2, 1], "linear")


@pytest.mark.parametrize("freedom", (1, 2, 3, 4, 7, 30, 400))
def test_few_units_get_students_quantile(freedom: int) -> None:
    assert student(freedom) == pytest.approx(t.ppf(0.975, freedom), rel=2e-3)


def test_the_interval_contains_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    for units in (4, 12):
        held = 0
        for _ in range(300):
            sample = rng.normal(0.0, 1.0, units)
            weights = draws_of(units)
            low, high = ends_of(weights @ sample / units, units) or (1.0, 0.0)
            held += low <= 0.0 <= high
        assert held / 300 > (0.85 if units == 4 else 0.91)


def test_one_unit_has_no_interval() -> None:
    assert ends_of(np.array([0.1, 0.2]), 1) is None
    assert ends_of(np.array([np.nan]), 5) is None
    low, high = ends_of(np.array([np.nan, 0.5, 0.5]), 5) or (0.0, 0.0)
    assert (low, high) == (0.5, 0.5)
