"""How long a room takes until it is calm: on courses whose answer is known, and their scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.lesson import Activity
from models.features.seat_features import EPOCH_S, MIN_EPOCHS
from models.features.seat_movement import seat_movement
from models.measures.calm import (
    LIMIT_S,
    Change,
    beginning_of,
    changes_of,
    movement_course,
    seconds_until_calm,
)

EPOCHS = 540
WORK = Change(start_s=900.0, next_s=900.0, end_s=2_400.0)


def scores_of(course: np.ndarray) -> np.ndarray:
    """What the scores make of an even room's course: each epoch against the mean of those before."""
    seconds = np.repeat(course, EPOCH_S)[:, None].astype(np.float32)
    return seat_movement(seconds, np.ones_like(seconds))[:, 0].astype(np.float64)


def course(lively_s: float = 0.0, *, at_s: float = 900.0, by_db: float = 6.0, seed: int = 1):
    levels = np.random.default_rng(seed).normal(0.0, 0.6, EPOCHS)
    levels[round(at_s / EPOCH_S) : round((at_s + lively_s) / EPOCH_S)] += by_db
    return levels


def activity(start_s: float, end_s: float, name: str) -> Activity:
    return Activity(start_s=start_s, end_s=end_s, name=name)  # type: ignore[arg-type]


@given(seed=st.integers(0, 10_000), step=st.floats(0.0, 0.3))
@settings(max_examples=20)
def test_the_course_is_found_again_from_its_scores(seed, step) -> None:
    rng = np.random.default_rng(seed)
    true = np.cumsum(rng.normal(0.0, step, EPOCHS)) + rng.normal(0.0, 1.0, EPOCHS)
    found = movement_course(scores_of(true))
    # Scores are means of ten seconds.
    smooth = (true + np.concatenate([true[:1], true[:-1]])) / 2.0
    error = (found - smooth)[MIN_EPOCHS:]
    assert np.abs(error - np.median(error)).max() < 0.5


@pytest.mark.parametrize("lively_s", (0, 30, 60, 120, 240, 400))
def test_the_length_of_a_changeover_is_found_to_ten_seconds(lively_s) -> None:
    found = seconds_until_calm(scores_of(course(lively_s)), [WORK])
    assert found is not None
    assert abs(found.value - lively_s) <= 10.0
    assert (found.low, found.high) == (max(0.0, found.value - 10.0), found.value + 10.0)
    assert not found.is_at_least


@given(lively=st.integers(0, 100), by=st.floats(4.0, 12.0), at=st.integers(40, 200))
@settings(max_examples=20)
def test_more_movement_later_never_makes_the_change_shorter(lively, by, at) -> None:
    change = Change(start_s=at * EPOCH_S, next_s=at * EPOCH_S, end_s=EPOCHS * EPOCH_S)
    shorter, longer = (
        seconds_until_calm(scores_of(course(n * EPOCH_S, at_s=at * EPOCH_S, by_db=by)), [change])
        for n in (lively, lively + 6)
    )
    assert shorter is not None
    assert longer is not None
    assert shorter.value <= longer.value + 10.0


def test_a_slow_beginning_of_unrest_counts_too() -> None:
    levels = course(120.0)
    levels[180:184] -= 6.0  # the first twenty seconds are calm
    found = seconds_until_calm(scores_of(levels), [WORK])
    assert found is not None
    assert found.value == pytest.approx(120.0, abs=10.0)


def test_the_lessons_start_counts_in_whole_minutes_at_first() -> None:
    for lively_s, expected in ((0, 0.0), (180, 180.0), (300, 300.0)):
        found = seconds_until_calm(
            scores_of(course(lively_s, at_s=0.0)), [beginning_of([], EPOCHS * EPOCH_S)]
        )
        assert found is not None
        assert found.value == pytest.approx(expected, abs=10.0)


def test_a_room_that_never_calms_down_is_at_least_so_long() -> None:
    found = seconds_until_calm(scores_of(course(700.0)), [WORK])
    assert found is not None
    assert (found.value, found.is_at_least) == (LIMIT_S, True)


def test_several_changes_have_a_mean_and_students_interval() -> None:
    levels = course(60.0, at_s=300.0) + course(180.0, at_s=1_500.0, seed=2)
    changes = [
        Change(start_s=300.0, next_s=300.0, end_s=1_500.0),
        Change(start_s=1_500.0, next_s=1_500.0, end_s=2_700.0),
    ]
    found = seconds_until_calm(scores_of(levels), changes)
    assert found is not None
    assert found.n == 2
    assert found.value == pytest.approx(120.0, abs=10.0)
    # Two changes: Student's quantile is 12.7, so anything is possible.
    assert found.low == 0.0
    assert found.high is not None
    assert found.high > 600.0


def test_where_too_little_is_known_there_is_no_answer() -> None:
    scores = scores_of(course(120.0))
    assert seconds_until_calm(scores, []) is None
    assert seconds_until_calm(np.full(EPOCHS, np.nan), [WORK]) is None
    silent = scores.copy()
    silent[185:190] = np.nan  # in the changeover: it may have been calm there
    assert seconds_until_calm(silent, [WORK]) is None
    short = Change(start_s=900.0, next_s=900.0, end_s=1_080.0)
    assert seconds_until_calm(scores, [short]) is None
    later = scores.copy()
    later[250:260] = np.nan  # after it
    assert seconds_until_calm(later, [WORK]) is not None


def test_after_a_long_silence_the_scores_begin_again() -> None:
    scores = scores_of(course(120.0))
    scores[250:400] = np.nan
    scores[400:] = 8.0
    found = seconds_until_calm(scores, [WORK])
    assert found is not None
    assert found.value == pytest.approx(120.0, abs=10.0)


def test_who_sees_a_later_part_alone_gets_no_start_that_nobody_showed_them() -> None:
    scores = scores_of(course(120.0))
    scores[:120] = np.nan
    seen = movement_course(scores, seen_from_s=600.0)
    assert np.isnan(seen[:120]).all()
    found = seconds_until_calm(scores, [WORK], seen_from_s=600.0)
    assert found is not None
    assert found.value == pytest.approx(120.0, abs=10.0)


def test_a_change_is_a_border_of_two_activities_with_its_transition() -> None:
    plan = [
        activity(0, 240, "transition"), activity(240, 900, "whole_class"),
        activity(900, 1_500, "individual_work"), activity(1_500, 1_600, "transition"),
        activity(1_600, 2_400, "small_group"), activity(2_400, 2_700, "transition"),
    ]  # fmt: skip
    assert changes_of(plan) == [
        Change(start_s=900, next_s=900, end_s=1_500),
        Change(start_s=1_500, next_s=1_600, end_s=2_400),
    ]
    assert beginning_of(plan, 2_700) == Change(start_s=0.0, next_s=240, end_s=900)


def test_what_nobody_declared_is_no_change() -> None:
    assert changes_of([activity(0, 600, "test")]) == []
    apart = [activity(0, 600, "test"), activity(900, 1_500, "whole_class")]
    assert changes_of(apart) == []
    # One activity, cut where a part is not seen.
    cut = [activity(0, 600, "test"), activity(610, 1_500, "test")]
    assert changes_of(cut) == []
    overlapping = [activity(0, 700, "test"), activity(600, 1_500, "whole_class")]
    assert changes_of(overlapping) == []
