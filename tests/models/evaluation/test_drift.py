"""Drift over the weeks: the index, what few values may say, weeks, rooms and models."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.drift import (
    FIRST_WEEKS,
    MIN_EPOCHS,
    MIN_LESSONS,
    SOME_PSI,
    Bins,
    LessonLevels,
    iso_week,
    measure_drift,
    psi,
)

SEEDS = st.integers(0, 2**32 - 1)


def lessons(
    rng, week, n=24, *, room="r1", model="m", shift=0.0, spread=0.0, epochs=45, alerts=0
) -> list[LessonLevels]:
    """Lessons whose shares lie about .3 and whose movement lies about 0 dB, shifted by `shift`."""
    made = []
    for i in range(n):
        own = rng.normal(0.0, spread)
        made.append(
            LessonLevels(
                lesson=f"{week}-{room}-{model}-{i}",
                room=room,
                model=model,
                week=week,
                off_task=(0.3 + 0.1 * (rng.normal(shift + own, 1.0, epochs))).astype(np.float32),
                movement_db=rng.normal(shift + own, 1.0, epochs).astype(np.float32),
                alerts=alerts,
            )
        )
    return made


def deciles(rng, *, spread=0.0) -> dict[str, list[float]]:
    draws = rng.normal(0.0, math.hypot(1.0, spread), 100_000)
    at = np.arange(11) / 10
    return {
        "room_off_task": np.quantile(0.3 + 0.1 * draws, at).tolist(),
        "room_movement_db": np.quantile(draws, at).tolist(),
    }


def one(found):
    (week,) = found.school
    return week


@given(SEEDS)
def test_the_same_distribution_has_a_small_index_and_a_shifted_one_a_large(seed):
    rng = np.random.default_rng(seed)
    reference = {"m": deciles(rng)}
    same = one(measure_drift(lessons(rng, "2026-W10"), reference)).trained
    assert same.verdict == "stable"
    assert same.largest < SOME_PSI
    moved = one(measure_drift(lessons(rng, "2026-W10", shift=1.0), reference)).trained
    assert moved.verdict == "large"


@given(SEEDS, st.floats(0.0, 1.0), st.floats(0.2, 1.0))
def test_a_larger_shift_has_a_larger_index(seed, shift, more):
    reference = {"m": deciles(np.random.default_rng(seed))}

    def at(by):
        week = lessons(np.random.default_rng(seed), "2026-W10", n=60, shift=by)
        return one(measure_drift(week, reference)).trained.largest

    assert at(shift + more) > at(shift)


@given(st.lists(st.integers(0, 500), min_size=2, max_size=12).filter(lambda n: sum(n) > 0))
def test_the_index_is_never_negative_and_zero_on_itself(counts):
    observed = np.array(counts)
    shares = (observed + 0.5) / (observed + 0.5).sum()
    assert psi(shares, observed) == pytest.approx(0.0, abs=1e-12)
    assert psi(np.full(len(counts), 1 / len(counts)), observed) >= 0.0


def test_the_index_by_hand():
    counts = np.array([99, 299]) * 1000  # half a value more hardly counts
    by_hand = sum((a - 0.5) * math.log(a / 0.5) for a in (99 / 398, 299 / 398))
    assert psi(np.array([0.5, 0.5]), counts) == pytest.approx(by_hand, rel=1e-4)


def test_lessons_that_differ_much_among_themselves_are_no_change():
    """Drawn from the reference itself, but lesson by lesson: few of them are called a change."""
    verdicts = []
    for rng in map(np.random.default_rng, range(60)):
        reference = {"m": deciles(rng, spread=0.8)}
        week = lessons(rng, "2026-W10", n=MIN_LESSONS, spread=0.8)
        verdicts.append(one(measure_drift(week, reference)).trained.verdict)
    assert verdicts.count("by_chance") >= 10
    assert verdicts.count("some") + verdicts.count("large") <= 6


@pytest.mark.parametrize(
    ("n", "epochs"), ((MIN_LESSONS - 1, 500), (MIN_LESSONS, MIN_EPOCHS // MIN_LESSONS - 1))
)
def test_of_few_lessons_or_epochs_nothing_is_said(n, epochs):
    rng = np.random.default_rng(1)
    week = one(
        measure_drift(lessons(rng, "2026-W10", n=n, epochs=epochs, shift=3.0), {"m": deciles(rng)})
    )
    assert week.trained is None
    assert not week.is_enough
    assert (week.lessons, week.epochs) == (n, n * epochs)


VALUES = st.sampled_from((math.nan, math.inf, -math.inf, 0.0, 0.5, 1.0, 7.5))
ROUGH = st.lists(
    st.tuples(st.integers(1, 8), st.sampled_from(("r1", "r2")), st.lists(VALUES, max_size=80)),
    max_size=40,
)


@given(ROUGH, st.lists(st.floats(-9, 9), min_size=11, max_size=11), st.booleans())
def test_whatever_was_scored_every_lesson_is_counted_once(rough, deciles_, in_order):
    made = [
        LessonLevels(
            lesson=f"l{i}",
            room=room,
            model="m",
            week=f"2026-W{week:02}",
            off_task=np.array(values, np.float32),
            movement_db=np.array(values[::-1], np.float32),
            alerts=1,
        )
        for i, (week, room, values) in enumerate(rough)
    ]
    reference = sorted(deciles_) if in_order else deciles_
    found = measure_drift(made, {"m": {"room_off_task": reference, "room_movement_db": reference}})
    assert sum(week.lessons for week in found.school) == len(made)
    assert sum(week.epochs for week in found.rooms) == sum(len(values) for *_, values in rough)
    for week in (*found.school, *found.rooms):
        assert 0.0 <= week.abstained <= 1.0
        for change in (week.trained, week.own):
            assert change is None or (change.largest >= 0.0 and change.verdict != "too_few")


def test_the_abstained_share_shows_what_was_hardly_judged():
    rng = np.random.default_rng(1)
    made = lessons(rng, "2026-W10")
    for lesson in made:
        lesson.off_task[:] = np.nan
    week = one(measure_drift(made, {"m": deciles(rng)}))
    assert week.abstained == 1.0
    assert set(week.trained.psi) == {"movement_db"}


def test_weeks_without_lessons_are_there_and_empty():
    rng = np.random.default_rng(1)
    found = measure_drift(lessons(rng, "2025-W51") + lessons(rng, "2026-W02"), {})
    assert found.weeks == ("2025-W51", "2025-W52", "2026-W01", "2026-W02")
    assert [week.week for week in found.school] == ["2025-W51", "2026-W02"]
    assert measure_drift([], {}).weeks == ()


def test_the_own_first_weeks_are_what_later_ones_are_held_against():
    rng = np.random.default_rng(3)
    made = [
        lesson
        for number in range(1, 8)
        for lesson in lessons(rng, f"2026-W{number:02}", shift=2.0 if number == 7 else 0.5)
    ]
    found = measure_drift(made, {})
    assert [week.is_first for week in found.school] == [True] * FIRST_WEEKS + [False] * 3
    assert [week.own and week.own.verdict for week in found.school[FIRST_WEEKS:]] == [
        "stable", "stable", "large",
    ]  # fmt: skip
    assert all(week.own is None for week in found.school[:FIRST_WEEKS])
    assert all(week.trained is None for week in found.school)


def test_models_and_rooms_are_separate():
    rng = np.random.default_rng(5)
    made = (
        lessons(rng, "2026-W10", model="old", shift=2.0, alerts=2)
        + lessons(rng, "2026-W10", model="new")
        + lessons(rng, "2026-W10", model="new", room="r2", shift=2.0)
    )
    found = measure_drift(
        made, {"new": deciles(rng), "old": deciles(rng)}, {made[0].lesson: (3, 1)}
    )
    assert [(week.model, week.lessons, week.rooms) for week in found.school] == [
        ("new", 48, 2), ("old", 24, 1),
    ]  # fmt: skip
    assert [(week.room, week.model, week.trained.verdict) for week in found.rooms] == [
        ("r1", "new", "stable"), ("r1", "old", "large"), ("r2", "new", "large"),
    ]  # fmt: skip
    old = found.school[1]
    assert (old.alerts_per_lesson, old.confirmed, old.dismissed) == (2.0, 3, 1)
    assert found.newest("new") is found.school[0]
    assert found.newest("other") is None


def test_the_order_of_lessons_does_not_matter():
    rng = np.random.default_rng(7)
    made = [lesson for n in range(1, 7) for lesson in lessons(rng, f"2026-W{n:02}", spread=0.5)]
    reference = {"m": deciles(rng)}
    assert measure_drift(made, reference) == measure_drift(made[::-1], reference)


def test_deciles_that_are_none_give_no_bins():
    assert Bins.of_deciles([]) is None
    assert Bins.of_deciles([0.0] * 10) is None
    assert Bins.of_deciles([*range(10), 3]) is None
    assert Bins.of_deciles([math.nan, *range(10)]) is None


@given(st.lists(st.integers(0, 6), min_size=11, max_size=11))
def test_equal_deciles_make_one_bin_and_no_share_is_lost(steps):
    bins = Bins.of_deciles(np.cumsum(steps).tolist())
    assert bins.shares.sum() == pytest.approx(1.0)
    assert (bins.shares > 0).all()
    assert len(bins.shares) == len(bins.edges) + 1


def test_iso_weeks_follow_the_calendar():
    assert iso_week(date(2026, 1, 1)) == "2026-W01"
    assert iso_week(date(2027, 1, 1)) == "2026-W53"
