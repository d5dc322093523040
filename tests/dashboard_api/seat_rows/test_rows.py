"""Rows of seats: how a layout is cut, and that nothing shown is about one or two seats."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.lesson import Zone
from dashboard_api.seat_rows.rows import (
    SeatRow,
    epoch_levels,
    seat_groups,
    seat_rows,
    used_seats,
)


def layout(*sizes: int) -> list[Zone]:
    """Tables with so many seats each, numbered from 1."""
    numbers = itertools.count(1)
    return [
        Zone(name=f"T{i}", seats=tuple(itertools.islice(numbers, size)))
        for i, size in enumerate(sizes, 1)
    ]


def rows_of(*sizes: int, empty: tuple[int, ...] = ()) -> list[tuple[str, str]]:
    groups = layout(*sizes)
    used = {seat for group in groups for seat in group.seats} - set(empty)
    return [(row.group, row.numbers) for row in seat_rows(groups, used)]


@pytest.mark.parametrize(
    ("size", "rows"),
    ((3, ["1–3"]), (4, ["1–4"]), (5, ["1–5"]), (6, ["1–3", "4–6"]), (7, ["1–4", "5–7"]),
     (8, ["1–4", "5–8"]), (10, ["1–4", "5–7", "8–10"])),
)  # fmt: skip
def test_a_table_has_rows_of_three_or_four(size: int, rows: list[str]) -> None:
    assert rows_of(size) == [("T1", f"seats {text}") for text in rows]


def test_a_row_with_two_seats_in_use_joins_its_neighbour_at_the_table() -> None:
    assert rows_of(8, 8, empty=(3, 4)) == [
        ("T1", "seats 1–8"), ("T2", "seats 9–12"), ("T2", "seats 13–16"),
    ]  # fmt: skip


def test_a_table_with_two_seats_in_use_joins_the_next() -> None:
    assert rows_of(2, 8) == [("T1 + T2", "seats 1–6"), ("T2", "seats 7–10")]
    assert rows_of(8, 8, empty=tuple(range(9, 15)))[-1] == ("T1 + T2", "seats 5–16")


def test_two_seats_in_use_are_no_row() -> None:
    assert rows_of(8, empty=(1, 2, 3, 4, 5, 6)) == []
    assert rows_of() == []


def test_seat_numbers_without_order_are_said_as_they_are() -> None:
    assert SeatRow(groups=("T",), seats=(9, 1, 3, 2)).numbers == "seats 1–3 and 9"


def test_a_lessons_zones_come_before_the_hubs_and_no_seat_is_left_out() -> None:
    hubs = layout(4, 4)
    assert seat_groups((), hubs, range(1, 9)) == tuple(hubs)
    window = Zone(name="Window", seats=(2, 3, 4, 99))
    assert seat_groups((window,), hubs, (1, 2, 3, 4)) == (
        window, Zone(name="Other seats", seats=(1,)),
    )  # fmt: skip
    assert seat_groups(hubs, (), ()) == ()


@given(
    sizes=st.lists(st.integers(1, 11), max_size=5),
    data=st.data(),
)
def test_nothing_shown_or_derived_is_about_one_or_two_seats(
    sizes: list[int], data: st.DataObject
) -> None:
    groups = layout(*sizes)
    seats = [seat for group in groups for seat in group.seats]
    epochs = data.draw(st.integers(1, 6))
    in_use = np.array(
        data.draw(
            st.lists(
                st.lists(st.booleans(), min_size=len(seats), max_size=len(seats)),
                min_size=epochs, max_size=epochs,
            )
        ),
        dtype=np.bool_,
    ).reshape(epochs, len(seats))  # fmt: skip
    movement = np.where(in_use, np.float32(1.0), np.float32(np.nan))
    rows = seat_rows(groups, used_seats(seats, movement))
    covered = [seat for row in rows for seat in row.seats]
    assert covered == (seats if rows else [])  # in the layout's order, each once
    levels = epoch_levels(rows, seats, movement)
    for epoch in range(epochs):
        used = {seat for seat, is_used in zip(seats, in_use[epoch], strict=True) if is_used}
        counts = [len(used & set(row.seats)) for row in rows]
        shown = [not np.isnan(level[epoch]) for level in levels]
        assert all(count >= 3 for count, is_shown in zip(counts, shown, strict=True) if is_shown)
        for name in {name for row in rows for name in row.groups}:
            of = [
                (n, s) for n, s, row in zip(counts, shown, rows, strict=True) if name in row.groups
            ]
            rest = sum(n for n, is_shown in of if not is_shown)
            # A table is shown as a whole or not at all.
            assert rest == 0 or not any(is_shown for _, is_shown in of)
        if any(shown):
            rest = sum(n for n, is_shown in zip(counts, shown, strict=True) if not is_shown)
            assert rest == 0 or rest >= 3


def test_a_row_is_the_mean_of_its_seats() -> None:
    movement = np.array([[1, 2, 3, np.nan, 5, 5, 8], [1, 1, np.nan, np.nan, 5, 5, 5]], np.float32)
    (row,) = seat_rows(layout(4), {1, 2, 3})
    other = SeatRow(groups=("T2",), seats=(5, 6, 7))
    first, second = epoch_levels([row, other], range(1, 8), movement)
    assert first.tolist()[0] == 2.0
    assert np.isnan(first[1])
    assert second[0] == 6.0
    assert np.isnan(second[1])  # the room would reveal the two of the other table
