"""Seq ranges behave like the set of numbers that they stand for."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.ranges import SeqRanges

pieces = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 8)).map(lambda p: (p[0], p[0] + p[1])),
    max_size=25,
)


def members(ranges: list[tuple[int, int]]) -> set[int]:
    return {seq for first, last in ranges for seq in range(first, last + 1)}


@given(pieces)
def test_it_holds_what_was_added_in_as_few_ranges_as_possible(added: list[tuple[int, int]]) -> None:
    ranges = SeqRanges(added)
    expected = members(added)
    assert members(list(ranges)) == expected
    assert len(ranges) == len(expected)
    bounds = list(ranges)
    assert bounds == sorted(bounds)
    # Neighbours never touch: otherwise they would be one.
    assert all(a[1] + 1 < b[0] for a, b in itertools.pairwise(bounds))
    assert all((seq in ranges) == (seq in expected) for seq in range(75))


@given(pieces, st.integers(0, 70), st.integers(0, 20))
def test_missing_is_the_rest_of_a_span(
    added: list[tuple[int, int]], first: int, length: int
) -> None:
    last = first + length
    holes = SeqRanges(added).missing(first, last)
    assert members(holes) == set(range(first, last + 1)) - members(added)
    assert holes == sorted(holes)


@given(pieces)
def test_without_hole_counts_up_from_zero(added: list[tuple[int, int]]) -> None:
    expected = -1
    while expected + 1 in members(added):
        expected += 1
    assert SeqRanges(added).without_hole() == expected


def test_a_backwards_range_is_refused() -> None:
    with pytest.raises(ValueError, match="backwards"):
        SeqRanges().add(5, 4)


def test_a_long_range_takes_no_room_for_each_of_its_seqs() -> None:
    ranges = SeqRanges([(0, 1 << 62)])
    assert ranges.spans() == [(0, 1 << 62)]  # `list(ranges)` would be a MemoryError
    assert ranges == SeqRanges([(0, 1 << 62)])
    assert "4611686018427387904" in repr(ranges)
