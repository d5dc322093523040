"""No zone, and no difference of zones, reveals fewer than five seats."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contract.lesson import SMALLEST_ZONE, Zone
from models.features.zones import merge_zones, zones_to_show


@st.composite
def rooms(draw: st.DrawFn) -> tuple[tuple[Zone, ...], frozenset[int]]:
    sizes = draw(st.lists(st.integers(1, 9), min_size=0, max_size=7))
    zones, first = [], 1
    for at, size in enumerate(sizes):
        zones.append(Zone(name=f"z{at}", seats=tuple(range(first, first + size))))
        first += size
    occupied = draw(st.frozensets(st.integers(1, max(first + 2, 2))))
    return tuple(zones), occupied


@given(rooms())
def test_each_merged_zone_has_five_and_no_seat_is_lost(
    room: tuple[tuple[Zone, ...], frozenset[int]],
) -> None:
    zones, occupied = room
    merged = merge_zones(zones, occupied)
    assert all(len(occupied.intersection(zone.seats)) >= SMALLEST_ZONE for zone in merged)
    seats = [seat for zone in zones for seat in zone.seats]
    total = len(occupied.intersection(seats))
    assert bool(merged) == (total >= SMALLEST_ZONE)
    if merged:
        assert [seat for zone in merged for seat in zone.seats] == seats
    assert merge_zones(merged, occupied) == merged


@given(rooms())
def test_zones_that_are_full_enough_stay_as_they_are(
    room: tuple[tuple[Zone, ...], frozenset[int]],
) -> None:
    zones, occupied = room
    if all(len(occupied.intersection(zone.seats)) >= SMALLEST_ZONE for zone in zones):
        assert merge_zones(zones, occupied) == zones


def test_the_smaller_neighbour_takes_the_zone_in() -> None:
    zones = (
        Zone(name="a", seats=tuple(range(1, 9))),
        Zone(name="b", seats=(9, 10, 11)),
        Zone(name="c", seats=tuple(range(12, 18))),
    )
    merged = merge_zones(zones, range(1, 18))
    assert [zone.name for zone in merged] == ["a", "b + c"]


@given(st.lists(st.integers(0, 9), max_size=6), st.integers(0, 8))
def test_no_subtraction_reveals_fewer_than_five(used: list[int], beside: int) -> None:
    in_room = sum(used) + beside
    shown = zones_to_show(used, in_room)
    counts = [count for count, is_shown in zip(used, shown, strict=True) if is_shown]
    assert all(count >= SMALLEST_ZONE for count in counts)
    rest = in_room - sum(counts)
    assert not counts or rest == 0 or rest >= SMALLEST_ZONE


def test_zones_that_cover_the_room_are_all_shown() -> None:
    assert zones_to_show([5, 6, 7], 18) == (True, True, True)
    assert zones_to_show([4, 6, 7], 17) == (False, False, True)
