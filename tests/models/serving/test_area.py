"""An area's features from its scores alone, and the weights that an alert model may have."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.serving.area import AREA_FEATURES, AlertModel, AreaHistory
from models.serving.scores import ROOM, ZoneScore

K = len(AREA_FEATURES)
shares = st.lists(st.none() | st.floats(0.0, 1.0), max_size=160)


def score(share: float | None, **signs: float) -> ZoneScore:
    low, high = (None, None) if share is None else (max(0.0, share - 0.1), min(1.0, share + 0.1))
    return ZoneScore(
        zone=ROOM, seats=12, movement=None, movement_low=None, movement_high=None,
        off_task=share, off_task_low=low, off_task_high=high, signs=signs,
    )  # fmt: skip


def features(values: list[float | None]) -> list[np.ndarray | None]:
    history = AreaHistory()
    return [history.update(score(value)) for value in values]


@given(shares)
def test_features_are_numbers_and_come_after_two_minutes(values: list[float | None]) -> None:
    reported = features(values)
    judged = 0
    for value, row in zip(values, reported, strict=True):
        assert (row is not None) == (value is not None and judged >= 24)
        judged += value is not None
        if row is not None:
            assert row.shape == (K,)
            assert np.isfinite(row).all()


@given(shares, st.floats(0.0, 1.0))
def test_what_comes_later_changes_nothing(values: list[float | None], later: float) -> None:
    for one, other in zip(features(values), features([*values, later]), strict=False):
        assert (one is None) == (other is None)
        assert one is None or np.array_equal(one, other)


def test_the_numbers_by_hand() -> None:
    row = features([0.2] * 130 + [0.5, 0.5])[-1]
    assert row is not None
    reported = dict(zip(AREA_FEATURES, row, strict=True))
    lesson = (130 * 0.2 + 0.5) / 131
    assert reported["share_spread"] == pytest.approx(math.sqrt(lesson * (1 - lesson)))
    assert reported["rise_10"] == pytest.approx(0.5 - lesson)
    assert reported["rise_20"] == pytest.approx(0.35 - lesson)
    assert reported["rise_60"] == pytest.approx(0.25 - lesson)
    assert reported["rise_600"] == pytest.approx((119 * 0.2 + 0.5) / 120 - lesson)
    assert reported["slope"] == pytest.approx(0.3)
    assert reported["rise_in_spreads_10"] == pytest.approx((0.5 - lesson) / 0.1)
    assert reported["log_minutes"] == pytest.approx(math.log(131 * 5 / 60))
    assert reported["movement_60"] == reported["noise_60"] == 0.0


def test_signs_are_means_over_a_minute_and_a_gap_begins_afresh() -> None:
    history = AreaHistory()
    for _ in range(40):
        history.update(score(0.3, movement=0.0, noise=2.0))
    for _ in range(6):
        row = history.update(score(0.3, movement=6.0, noise=2.0))
    assert row is not None
    reported = dict(zip(AREA_FEATURES, row, strict=True))
    assert (reported["movement_60"], reported["noise_60"]) == (
        pytest.approx(3.0),
        pytest.approx(2.0),
    )
    assert history.update(score(None)) is None
    row = history.update(score(0.9, movement=1.0))
    assert row is not None
    reported = dict(zip(AREA_FEATURES, row, strict=True))
    assert reported["movement_60"] == 1.0
    assert reported["rise_120"] == pytest.approx(0.6)


@given(st.lists(st.floats(-30.0, 30.0), min_size=K, max_size=K), st.floats(-30.0, 30.0))
def test_a_score_is_a_probability_and_follows_its_weights(
    weights: list[float], intercept: float
) -> None:
    model = AlertModel(weights=tuple(weights), intercept=intercept)
    rows = np.vstack([np.zeros(K), np.eye(K)])
    reported = model.score(rows)
    assert reported.shape == (K + 1,)
    assert ((reported >= 0.0) & (reported <= 1.0)).all()
    for weight, one in zip(weights, reported[1:], strict=True):
        assert one >= reported[0] if weight >= 0.0 else one <= reported[0]
    assert model.score(np.empty((0, K))).shape == (0,)


@pytest.mark.parametrize(
    ("weights", "intercept", "says"),
    (
        ((0.0,) * (K - 1), 0.0, "weights, not"),
        ((0.0,) * (K - 1) + (math.nan,), 0.0, "finite"),
        ((0.0,) * K, math.inf, "finite"),
    ),
)
def test_weights_that_make_no_sense_are_refused(
    weights: tuple[float, ...], intercept: float, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        AlertModel(weights=weights, intercept=intercept)
