"""Routines: named by the lesson's times and what was declared, and never suggested as news."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.lesson import ACTIVITIES, Activity
from models.serving.moments import MAX_MOMENTS, clearest_moments, suggest_moments
from models.serving.routines import LessonPlan, RoutineKind, routine_of
from models.serving.scores import ROOM
from tests.models.serving.test_moments import FINDER, _epochs, _lesson

LENGTH_S = 2500.0
PLAN = LessonPlan(
    activities=(
        Activity(start_s=0, end_s=600, name="whole_class"),
        Activity(start_s=600, end_s=1500, name="individual_work"),
        Activity(start_s=1500, end_s=1620, name="transition"),
        Activity(start_s=1620, end_s=2500, name="small_group"),
    ),
    length_s=LENGTH_S,
)


@pytest.mark.parametrize(("start_s", "end_s", "routine"), (
    (60, 240, "settling_in"),
    (60, 500, None),  # has not settled in
    (200, 400, None),
    (2260, 2480, "packing_up"),
    (2150, 2500, None),  # too long for packing up
    (2260, 2400, None),  # calm again before the end
    (590, 680, "change_of_activity"),
    (500, 600, None),  # begins long before the change
    (1495, 1640, "change_of_activity"),
    (1450, 1750, None),  # lasts too long
    (660, 720, None),  # begins when the class should be at work again
    (1000, 1100, None),
))  # fmt: skip
def test_a_stretch_is_a_routine_by_when_it_is(
    start_s: int, end_s: int, routine: RoutineKind | None
) -> None:
    assert routine_of(start_s, end_s, PLAN) == routine


def test_without_an_end_nobody_packs_up() -> None:
    assert routine_of(2260, 2480, LessonPlan()) is None
    assert routine_of(60, 240, LessonPlan()) == "settling_in"


def test_two_spans_of_the_same_activity_are_no_change() -> None:
    same = tuple(
        Activity(start_s=at, end_s=at + 600, name="individual_work") for at in (0, 600, 1200)
    )
    assert routine_of(600, 660, LessonPlan(activities=same)) is None


def test_a_routine_takes_no_place_among_the_suggestions() -> None:
    shares = _lesson((120, 138, 0.5), (240, 270, 0.3), (454, 496, 0.6))
    before = suggest_moments(_epochs(shares), FINDER, max_moments=2)
    found = suggest_moments(_epochs(shares), FINDER, max_moments=2, plan=PLAN)
    assert [one.routine for one in before] == [None, None]
    named = [one for one in found if one.routine]
    assert [one.routine for one in named] == ["change_of_activity", "packing_up"]
    news = [one for one in found if one.routine is None]
    assert [one.is_strength for one in news].count(False) == 1
    (lively,) = (one for one in news if not one.is_strength)
    assert abs(lively.first_seq - 1200) <= 25
    assert clearest_moments(found) == news


def test_a_routine_of_room_and_zones_is_named_once() -> None:
    shares = _lesson((454, 496, 0.6))
    later = _lesson((470, 496, 0.6))
    zones = {"left": shares, "right": later}
    found = suggest_moments(_epochs(shares, **zones), FINDER, max_moments=MAX_MOMENTS, plan=PLAN)
    assert [(one.zone, one.routine) for one in found if one.routine] == [(ROOM, "packing_up")]
    calm = _lesson()
    found = suggest_moments(_epochs(calm, **zones), FINDER, max_moments=MAX_MOMENTS, plan=PLAN)
    assert [(one.zone, one.routine) for one in found if one.routine] == [("left", "packing_up")]


ACTIVITY = st.builds(
    lambda start, length, name: Activity(start_s=start, end_s=start + length, name=name),
    st.integers(0, 2400), st.integers(1, 900), st.sampled_from(ACTIVITIES),
)  # fmt: skip


@given(
    st.lists(ACTIVITY, max_size=6),
    st.none() | st.integers(300, 2500),
    st.lists(st.tuples(st.integers(0, 480), st.integers(6, 60)), max_size=5),
)
def test_a_plan_hides_nothing_but_routines(
    activities: list[Activity], length_s: int | None, lively: list[tuple[int, int]]
) -> None:
    plan = LessonPlan(activities=tuple(activities), length_s=length_s)
    shares = _lesson(*((at, at + length, 0.3) for at, length in lively))
    epochs = _epochs([None if one is None else min(one, 1.0) for one in shares])
    found = suggest_moments(epochs, FINDER, max_moments=20, plan=plan)
    every = suggest_moments(epochs, FINDER, max_moments=20)
    spans = {(one.first_seq, one.end_seq) for one in found}
    assert spans == {(one.first_seq, one.end_seq) for one in every}
    assert {one.routine for one in every} <= {None}
    for one in found:
        is_lively = not one.is_strength
        expected = routine_of(one.first_seq, one.end_seq, plan) if is_lively else None
        assert one.routine == expected
