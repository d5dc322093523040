"""Statistics of seconds: only of earlier ones, and missing only where nothing is known."""

from __future__ import annotations

import warnings

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contract.quantities.table import SEAT_QUANTITIES
from models.features.names import EPOCH_S, LEVELS
from models.features.second_statistics import (
    ABSOLUTE,
    SECOND_STATISTICS,
    SHAPE,
    statistics_by_epoch,
)

Array = NDArray[np.float32]
NAMES = [quantity.name for quantity in SEAT_QUANTITIES]
LEVEL_NAMES = tuple(NAMES[:LEVELS])
SHIFTED = ("mean", "lowest", "quarter", "middle", "three_quarters", "highest")


@st.composite
def recordings(draw: st.DrawFn) -> Array:
    """Seconds of a seat (n, 13); single quantities and whole stretches may be missing."""
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    n = draw(st.integers(1, 90))
    values = rng.normal(20.0, 8.0, (n, len(NAMES)))
    values = np.round(values * 4) / 4
    values[rng.random(values.shape) < draw(st.sampled_from((0.0, 0.1, 0.7)))] = np.nan
    start, length = draw(st.integers(0, n)), draw(st.integers(0, 45))
    values[start : start + length] = np.nan
    return values.astype(np.float32)


def by_hand(seconds: Array, name: str, end: int) -> float:
    """A second statistic, computed from its words."""
    start, window = name.rsplit("_", 1)
    quantity = next(q for q in NAMES if start.startswith(f"{q}_"))
    what = start.removeprefix(f"{quantity}_")
    latest = seconds[max(0, end - int(window)) : end].astype(np.float64)
    values = latest[:, NAMES.index(quantity)]
    if what.startswith("over_motion"):
        values = values - latest[:, 0]
        what = {"over_motion": "mean", "over_motion_deviation": "deviation"}[what]
    quarters = {"lowest": 0.0, "quarter": 0.25, "middle": 0.5, "three_quarters": 0.75, "highest": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of nothing but NaN
        if what == "change":
            return float(np.nanmean(np.abs(np.diff(values))))
        if what in quarters:
            return float(np.nanquantile(values, quarters[what]))
        return float((np.nanmean if what == "mean" else np.nanstd)(values))


@given(seconds=recordings())
@settings(max_examples=15, deadline=None)
def test_each_statistic_is_what_its_name_says(seconds: Array) -> None:
    found = statistics_by_epoch(seconds)
    assert found.shape == (len(seconds) // EPOCH_S, len(SECOND_STATISTICS))
    for at in range(0, len(found), 4):
        wanted = [by_hand(seconds, name, (at + 1) * EPOCH_S) for name in SECOND_STATISTICS]
        np.testing.assert_allclose(found[at], wanted, atol=2e-3)


@given(seconds=recordings(), cut=st.integers(0, 17), louder=st.floats(1.0, 30.0))
@settings(max_examples=30, deadline=None)
def test_later_seconds_change_nothing_earlier(seconds: Array, cut: int, louder: float) -> None:
    changed = seconds.copy()
    changed[cut * EPOCH_S :] += np.float32(louder)
    before, after = (statistics_by_epoch(one) for one in (seconds, changed))
    np.testing.assert_array_equal(before[:cut], after[:cut])


@given(seconds=recordings())
@settings(max_examples=30, deadline=None)
def test_a_value_is_missing_only_if_its_window_is_unknown(seconds: Array) -> None:
    found = statistics_by_epoch(seconds)
    for at in range(len(found)):
        for name, value in zip(SECOND_STATISTICS, found[at], strict=True):
            if "_change_" not in name.removeprefix("tilt_change") and "over_motion" not in name:
                quantity = next(q for q in NAMES if name.startswith(f"{q}_"))
                end = (at + 1) * EPOCH_S
                window = seconds[max(0, end - int(name.rsplit("_", 1)[1])) : end]
                is_unknown = np.isnan(window[:, NAMES.index(quantity)]).all()
                assert np.isnan(value) == is_unknown, name


@given(seconds=recordings(), gain_db=st.sampled_from((-12.0, 6.0, 20.0)))
@settings(max_examples=30, deadline=None)
def test_a_more_sensitive_sensor_shifts_levels_and_changes_no_shape(
    seconds: Array, gain_db: float
) -> None:
    raised = seconds.copy()
    raised[:, :LEVELS] += np.float32(gain_db)
    plain, found = (statistics_by_epoch(one) for one in (seconds, raised))
    for at, name in enumerate(SECOND_STATISTICS):
        is_level = name.startswith(LEVEL_NAMES)
        start = name.rsplit("_", 1)[0]
        shift = gain_db if is_level and start.endswith(SHIFTED) else 0.0
        np.testing.assert_allclose(found[:, at], plain[:, at] + shift, atol=2e-3, err_msg=name)


def test_a_shape_never_depends_on_the_sensitivity() -> None:
    assert set(SHAPE) < set(SECOND_STATISTICS)
    assert set(ABSOLUTE) < set(SECOND_STATISTICS)
    assert not [name for name in SHAPE if name.rsplit("_", 1)[0].endswith(SHIFTED)]
    assert len(set(SECOND_STATISTICS)) == len(SECOND_STATISTICS)
