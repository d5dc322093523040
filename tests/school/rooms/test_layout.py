"""A room's plan as text, and the zones that it makes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import UsageError
from contract.lesson import SMALLEST_ZONE
from school.rooms.defaults import default_hubs, default_node
from school.rooms.layout import (
    number_ranges,
    plan_of_size,
    plan_text,
    read_plan,
    zones_by_layout,
)

AISLE = """
# the board
 1  2  3  .   4  5  6
 7  8  9  .  10 11 12
"""


def zones(text: str) -> dict[str, str]:
    return {each.name: number_ranges(each.seats) for each in zones_by_layout(read_plan(text, "x"))}


def test_an_aisle_parts_zones() -> None:
    assert zones(AISLE) == {"A": "1-3, 7-9", "B": "4-6, 10-12"}


def test_a_line_without_seats_is_an_aisle_too() -> None:
    assert zones("1 2 3 4 5\n\n6 7 8 9 10\n") == {"A": "1-5", "B": "6-10"}


def test_no_aisle_makes_a_zone_of_fewer_than_five() -> None:
    assert zones("1 2 . 3 4 5\n6 7 . 8 9 10\n") == {"A": "1-10"}
    assert zones("1 2 . 3 4") == {}


def test_a_class_of_thirty_makes_four_zones() -> None:
    assert [len(each.seats) for each in zones_by_layout(plan_of_size(30))] == [6, 6, 9, 9]


plans = st.lists(
    st.lists(st.booleans(), min_size=8, max_size=8), min_size=1, max_size=8
).filter(lambda lines: any(any(line) for line in lines))  # fmt: skip


@given(plans)
def test_every_seat_is_in_one_zone_and_no_zone_is_small(lines: list[list[bool]]) -> None:
    number = iter(range(1, 100))
    text = "\n".join(
        " ".join(str(next(number)) if is_seat else "." for is_seat in line) for line in lines
    )
    plan = read_plan(text, "x")
    seats = [seat for line in plan for seat in line if seat is not None]
    made = zones_by_layout(plan)
    assert all(len(each.seats) >= SMALLEST_ZONE for each in made)
    assert sorted(seat for each in made for seat in each.seats) == (seats if made else [])
    assert bool(made) is (len(seats) >= SMALLEST_ZONE)
    assert read_plan(plan_text(plan), "x") == plan


@pytest.mark.parametrize(
    ("text", "words"),
    (
        ("1 2\n3 2", "plan has seat 2 twice"),
        ("1 2\n3 door", r"plan, line 2: “door” is no seat"),
        ("1 0", r"line 1: “0” is no seat"),
        ("256", "is no seat"),
        ("", "has no seat"),
        (". . .", "has no seat"),
        ("1 " * 61, "61|twice"),
    ),
)
def test_a_plan_that_can_not_be_is_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_plan(text, "plan")


def test_a_room_without_a_described_kit_gets_hubs_of_eight() -> None:
    made = default_hubs(range(1, 31))
    assert [(hub.name, number_ranges(hub.seats), hub.port) for hub in made] == [
        ("hub-1", "1-8", "usb:1"),
        ("hub-2", "9-16", "usb:2"),
        ("hub-3", "17-24", "usb:3"),
        ("hub-4", "25-30", "usb:4"),
    ]
    assert default_node("room-12") == "room-12-kit"
    assert len(default_node("r" * 32)) == 32
