"""No response, and no difference between responses, isolates fewer than five seats."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dashboard_api.views.zones import showable

SEATS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 12), max_size=8)


@given(SEATS, st.integers(0, 20))
def test_nothing_shown_isolates_fewer_than_five(zones, elsewhere):
    room = sum(zones.values()) + elsewhere
    shown = showable(room, zones)
    assert all(zones[name] >= 5 for name in shown)
    if shown:
        rest = room - sum(zones[name] for name in shown)
        assert rest == 0 or rest >= 5


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(5, 12), min_size=1))
def test_zones_that_fill_the_room_are_all_shown(zones):
    assert showable(sum(zones.values()), zones) == frozenset(zones)


def test_a_second_zone_is_hidden_if_the_first_could_be_derived():
    assert showable(21, {"Window": 8, "Door": 3, "Front": 10}) == {"Front"}


def test_a_room_of_four_shows_nothing():
    assert showable(4, {"all": 4}) == frozenset()
