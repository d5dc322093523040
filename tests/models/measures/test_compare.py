"""A difference between lessons is shown where there is one, and seldom where there is none."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from models.measures.calm import beginning_of, changes_of, seconds_until_calm
from models.measures.compare import compare
from models.measures.movement import minutes_of_more_movement
from models.measures.noise import noise_of
from models.measures.records import RULES, MeasureKind
from models.serving.off_task import OffTaskModel
from models.serving.scorer import LessonScorer
from simulators.lessons import simulate_lesson
from simulators.scenario import ActivitySpan, Room, Scenario, Sensors

GROUPS = ((1, 3), (3, 1), (2, 2), (3, 3), (6, 6))
lessons = st.lists(st.floats(0.0, 600.0), min_size=1, max_size=6)


def drawn(kind: MeasureKind, rng: np.random.Generator, n: int) -> list[float]:
    """Lessons of one class that differ as lessons do, without any change."""
    if kind == "calm":
        return np.clip(np.exp(rng.normal(4.5, 0.5, n)), 0.0, 600.0).tolist()
    if kind == "movement":
        return (10.0 * rng.beta(2.0, 8.0, n)).tolist()
    return rng.normal(65.0, 2.0, n).tolist()


@pytest.mark.parametrize("kind", get_args(MeasureKind))
@pytest.mark.parametrize(("before", "after"), GROUPS)
def test_without_a_change_one_comparison_of_twenty_shows_one(kind, before, after) -> None:
    rng = np.random.default_rng(7)
    shown = [
        compare(kind, drawn(kind, rng, before), drawn(kind, rng, after)).shows != "none"
        for _ in range(2_000)
    ]
    assert np.mean(shown) <= 0.065  # 1 in 20, and three errors of 2,000 draws


@pytest.mark.slow
def test_simulated_lessons_that_do_not_differ_seldom_seem_to() -> None:
    """The same through the signals, the scores and the measures, on short lessons of eight seats."""
    model = OffTaskModel.load()
    scenario = Scenario(
        activities=(
            ActivitySpan(name="whole_class", minutes=4.5),
            ActivitySpan(name="individual_work", minutes=4.5),
        ),
        room=Room(hubs=(8,), empty_seats=0, late_comers=0),
        sensors=Sensors(dropouts=0.0),
    )
    values: dict[MeasureKind, list[float]] = {kind: [] for kind in get_args(MeasureKind)}
    for seed in range(16):
        lesson = simulate_lesson(scenario, seed)
        scorer = LessonScorer(model=model, seats=lesson.seats, zones=lesson.zones)
        scores = scorer.update(0, lesson.seat, lesson.room)
        movement = np.array(
            [np.nan if one.room.movement is None else one.room.movement for one in scores]
        )
        changes = [beginning_of(lesson.activities, 540.0), *changes_of(lesson.activities)]
        found = (
            seconds_until_calm(movement, changes),
            minutes_of_more_movement(movement, [(270.0, 540.0)]),
            noise_of(lesson.room[:, 0].astype(np.float64), [(270.0, 540.0)]),
        )
        for one in found:
            assert one is not None
            values[one.kind].append(one.value)
    rng = np.random.default_rng(1)
    for kind, known in values.items():
        for before, after in GROUPS:
            shown = 0
            for _ in range(1_000):
                some = rng.permutation(known)[: before + after].tolist()
                shown += compare(kind, some[:before], some[before:]).shows != "none"
            assert shown / 1_000 <= 0.08, (kind, before, after)


@given(kind=st.sampled_from(get_args(MeasureKind)), before=lessons, after=lessons)
@settings(max_examples=200)
def test_a_comparison_says_what_its_interval_says(kind, before, after) -> None:
    found, other = compare(kind, before, after), compare(kind, after, before)
    assert (found.n_before, found.n_after) == (len(before), len(after))
    if len(before) + len(after) < 4:
        assert found.shows == "too_few"
        assert found.difference is None
        return
    assert found.low is not None
    assert found.difference is not None
    assert found.high is not None
    assert found.low <= found.difference <= found.high
    mirrored = {"less": "more", "more": "less", "none": "none"}
    assert other.shows == mirrored[found.shows]
    if found.shows != "none":
        assert found.low > 0.0 or found.high < 0.0
        assert abs(found.difference) >= RULES[kind].least
        assert (found.shows == "less") == (found.difference < 0.0)


@given(before=st.lists(st.floats(40.0, 80.0), min_size=2, max_size=6),
       after=st.lists(st.floats(40.0, 80.0), min_size=2, max_size=6))  # fmt: skip
def test_the_interval_is_that_of_students_test(before, after) -> None:
    found = compare("noise", before, after)
    if np.std(before) < 1.0 or np.std(after) < 1.0:
        return  # then the least spread between lessons counts
    theirs = ttest_ind(after, before).confidence_interval(0.95)
    assert found.low == pytest.approx(theirs.low, rel=5e-3, abs=0.05)
    assert found.high == pytest.approx(theirs.high, rel=5e-3, abs=0.05)


def test_a_change_is_found() -> None:
    found = compare("calm", [180.0, 210.0, 190.0, 240.0], [60.0, 75.0, 55.0])
    assert found.shows == "less"
    assert found.before == pytest.approx(204.0, abs=2.0)
    assert found.after == pytest.approx(63.0, abs=2.0)
    assert found.high is not None
    assert found.high < -50.0
    assert compare("noise", [66.0, 65.5, 67.0], [70.0, 71.0, 70.5]).shows == "more"
    assert compare("movement", [1.0, 2.0, 0.5], [1.5, 1.0, 2.5]).shows == "none"


def test_what_is_finer_than_the_sensors_is_no_difference() -> None:
    assert compare("noise", [60.0] * 6, [60.8] * 6).shows == "none"
    assert compare("calm", [5.0] * 6, [12.0] * 6).shows == "none"
    # Lessons that are alike by chance do not make one that is a little other a difference.
    assert compare("movement", [0.0, 0.0, 0.0], [1.0]).shows == "none"
