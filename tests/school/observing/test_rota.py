"""All observers look at the same zone at the same time, and at each zone as often."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from school.observing.rota import EVERY_S, LOOK_S, Turn, is_turn, turn_at, zone_at

zone_lists = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=7, unique=True)
lengths = st.integers(0, 3 * 3600)
seconds = st.floats(-100.0, 3 * 3600.0, allow_nan=False)


def turns(zones, length) -> list[Turn]:
    """All looks of a lesson."""
    return [
        turn
        for at in range(0, length + 1, EVERY_S)
        if (turn := turn_at(zones, at, length)) is not None
    ]


@given(zone_lists, seconds, seconds, lengths)
def test_whoever_asks_within_a_look_gets_the_same_one(zones, one, other, length) -> None:
    first, second = turn_at(zones, one, length), turn_at(zones, other, length)
    if one >= 0 and other >= 0 and one // EVERY_S == other // EVERY_S:
        assert first == second
    if first is not None:
        assert first.start_s <= one < first.start_s + EVERY_S
        assert (first.end_s - first.start_s, first.end_s <= length) == (LOOK_S, True)
        assert is_turn(first.start_s, length)
        assert first.zone == zone_at(zones, first.start_s)


@given(zone_lists, lengths, st.data())
def test_each_zone_comes_as_often_as_the_others_from_any_start(zones, length, data) -> None:
    every = turns(zones, length)
    begin = data.draw(st.integers(0, len(every)))
    end = data.draw(st.integers(begin, len(every)))
    counts = Counter(turn.zone for turn in every[begin:end])
    often = [counts[zone] for zone in zones]
    assert max(often) - min(often) <= 1


@given(zone_lists, lengths)
def test_the_looks_of_a_lesson_follow_each_other_without_a_hole(zones, length) -> None:
    every = turns(zones, length)
    assert [turn.start_s for turn in every] == [EVERY_S * at for at in range(len(every))]
    assert all(turn.end_s <= length for turn in every)
    assert (len(every) * EVERY_S + LOOK_S > length) or not is_turn(len(every) * EVERY_S, length)


def test_there_is_none_before_after_or_without_zones() -> None:
    assert turn_at(["a"], -0.1, 600) is None
    assert turn_at(["a"], 600, 600) is None
    assert turn_at([], 10, 600) is None
    assert turns(["a", "b"], LOOK_S - 1) == []
    assert not is_turn(31, 600)
    assert not is_turn(-30, 600)
