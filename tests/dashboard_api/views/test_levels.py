"""Buckets: energy means, bounds, and gaps that stay gaps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard_api.views.levels import LEVELS_S, bucketed, finest_level

LEVELS = st.floats(-200, 200) | st.just(math.nan)
TRACES = st.lists(LEVELS, max_size=200).map(lambda values: np.array(values, dtype=np.float64))


def energy_mean(levels: list[float]) -> float:
    """That of one bucket of everything."""
    (mean,) = bucketed(np.array(levels, dtype=np.float64), None).mean
    return float(mean)


@given(TRACES, st.sampled_from(LEVELS_S))
def test_least_mean_and_most_are_in_order_and_within_the_values(trace, width):
    buckets = bucketed(trace, width)
    assert len(buckets.mean) == -(-len(trace) // width)
    for i, mean in enumerate(buckets.mean):
        part = trace[i * width : (i + 1) * width]
        part = part[~np.isnan(part)]
        if len(part) == 0:
            assert np.isnan(buckets.least[i])
            assert np.isnan(mean)
            assert np.isnan(buckets.most[i])
            continue
        assert buckets.least[i] == part.min()
        assert buckets.most[i] == part.max()
        assert buckets.least[i] <= mean <= buckets.most[i]


@given(st.lists(st.floats(0, 120), min_size=1, max_size=60))
def test_the_mean_is_the_mean_of_energy(levels):
    energy = sum(10 ** (level / 10) for level in levels) / len(levels)
    assert energy_mean(levels) == pytest.approx(10 * math.log10(energy), abs=1e-6)


@given(st.lists(st.floats(0, 120), min_size=1, max_size=60))
def test_the_mean_is_never_below_the_mean_of_the_decibels(levels):
    assert energy_mean(levels) >= sum(levels) / len(levels) - 1e-9


@given(TRACES, st.sampled_from(LEVELS_S))
def test_a_bucket_is_empty_exactly_where_nothing_was_sensed(trace, width):
    empty = np.isnan(bucketed(trace, width).mean)
    for i, is_empty in enumerate(empty):
        assert is_empty == bool(np.isnan(trace[i * width : (i + 1) * width]).all())


def test_an_empty_trace_has_no_level():
    assert math.isnan(energy_mean([]))
    assert math.isnan(energy_mean([math.nan, math.nan]))


def test_a_lesson_fits_the_screen_at_five_seconds_and_a_quarter_hour_at_one():
    assert finest_level(3000) == 5
    assert finest_level(900) == 1
    assert finest_level(4 * 3600) == 30
    assert finest_level(100 * 3600) == 30
