"""Pooling: what an area's score holds, and the level of its share put right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.features.seat_features import EpochFeatures
from models.serving.manifest import IntervalWidth, ShareBias
from models.serving.pooling import ShareLevel, Unbiased, score_epoch
from models.serving.scores import EpochScore

BIAS = ShareBias(all_off=0.85, all_on=0.05)


def epoch(
    probability: np.ndarray,
    seed: int = 0,
    present: np.ndarray | None = None,
    unrest: np.ndarray | None = None,
) -> EpochScore:
    rng = np.random.default_rng(seed)
    seats = len(probability)
    features = EpochFeatures(
        values=np.zeros((0, 1), np.float32),
        known=np.ones(seats, bool),
        present=np.ones(seats, bool) if present is None else present,
        movement_db=rng.normal(0, 3, seats).astype(np.float32),
        unrest_db=np.full(seats, np.nan, np.float32) if unrest is None else unrest,
        wiggles=np.where(rng.random(seats) < 0.2, np.nan, rng.normal(0, 2, seats)).astype(
            np.float32
        ),
        more=rng.random(seats) < 0.3,
        noise_db=1.5,
    )
    columns = [np.arange(seats // 2), np.arange(seats // 2, seats)]
    return score_epoch(0, features, probability, ("left", "right"), columns, IntervalWidth())


def test_unrest_is_what_six_of_ten_judged_seats_have_and_less_is_made_of_few() -> None:
    p, unrest = np.full(21, 0.3), np.arange(21, dtype=np.float32)
    assert epoch(p, unrest=unrest).room.signs["unrest"] == pytest.approx(8.0)
    p[10:] = np.nan
    assert epoch(p, unrest=unrest).room.signs["unrest"] == pytest.approx(3.6)
    p[6:] = np.nan
    assert epoch(p, unrest=unrest).room.signs["unrest"] == pytest.approx(2.0 * np.sqrt(0.6))
    p[4:] = np.nan
    assert "unrest" not in epoch(p, unrest=unrest).room.signs


def test_a_score_is_the_mean_of_those_who_are_judged() -> None:
    p = np.random.default_rng(1).random(16)
    p[3] = np.nan
    reported = epoch(p)
    assert reported.room.off_task == pytest.approx(np.nanmean(p))
    assert reported.zones[0].off_task == pytest.approx(np.nanmean(p[:8]))
    assert (reported.room.seats, reported.zones[0].seats, reported.zones[1].seats) == (15, 7, 8)
    own = np.nansum(p * (1 - p)) / 15**2
    assert reported.room.off_task_high - reported.room.off_task == pytest.approx(
        1.645 * np.sqrt(own + 0.05**2)
    )
    assert set(reported.room.signs) == {"movement", "moving_seats", "fidgets", "noise"}


def test_too_few_or_less_than_half_of_those_present_are_no_area() -> None:
    p = np.full(12, 0.3)
    p[:2] = np.nan
    few = epoch(p)
    assert few.room.off_task is not None
    assert few.zones[0].off_task is None, "four are judged"
    p = np.full(12, np.nan)
    p[:5] = 0.3
    assert epoch(p).room.off_task is None
    assert epoch(p, present=np.arange(12) < 5).room.off_task is not None


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=300))
def test_a_level_stays_a_share_and_no_bias_changes_nothing(shares: list[float]) -> None:
    level, none = ShareLevel(BIAS), ShareLevel(ShareBias())
    for share in shares:
        assert 0.0 <= level.update(share) <= 1.0
        assert none.update(share) == pytest.approx(share, abs=1e-9)


@pytest.mark.parametrize("true", (0.1, 0.3, 0.6))
def test_the_true_level_is_approached_and_a_first_epoch_hardly_moved(true: float) -> None:
    shrunk = BIAS.all_on + (BIAS.all_off - BIAS.all_on) * true
    level = ShareLevel(BIAS)
    reported = [level.update(shrunk) for _ in range(200)]
    assert abs(reported[0] - shrunk) < 0.02
    assert abs(reported[-1] - true) < 0.4 * abs(shrunk - true) + 1e-9
    assert reported[-1] - shrunk == pytest.approx((120 / 180) * (true - shrunk))


def test_each_area_has_its_own_level_and_its_interval_moves_with_it() -> None:
    stream = Unbiased(BIAS)
    p = np.concatenate([np.full(8, 0.1), np.full(8, 0.6)])
    for at in range(150):
        reported = stream.update(epoch(p, at))
    plain = epoch(p)
    left, right = reported.zones
    assert left.off_task < 0.1
    assert right.off_task > 0.6
    for area, before in zip((reported.room, left, right), (plain.room, *plain.zones), strict=True):
        assert 0.0 <= area.off_task_low <= area.off_task <= area.off_task_high <= 1.0
        assert area.off_task_high - area.off_task == pytest.approx(
            before.off_task_high - before.off_task
        )
        assert area.movement is not None
    gone = stream.update(epoch(np.full(16, np.nan)))
    assert gone.room.off_task is None


@pytest.mark.parametrize(("all_off", "all_on"), ((0.2, 0.2), (1.1, 0.0), (0.5, -0.1)))
def test_a_bias_that_makes_no_sense_is_refused(all_off: float, all_on: float) -> None:
    with pytest.raises(ValueError, match="all_o"):
        ShareBias(all_off=all_off, all_on=all_on)
