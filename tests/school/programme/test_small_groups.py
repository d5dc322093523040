"""No group below the limit can be computed from what is shown: tried against all that there are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from school.programme.small_groups import (
    BEYOND_SCHOOL,
    WITHIN_SCHOOL,
    shown_shares,
    shown_unions,
)

COUNT = st.one_of(st.integers(0, 14), st.integers(0, 60))
LIMIT = st.sampled_from([WITHIN_SCHOOL, BEYOND_SCHOOL])


def small_groups_in(
    sizes: Sequence[int], figures: Sequence[Sequence[int]], limit: int
) -> list[int]:
    """Sizes of the groups of atoms below the limit that sums and differences of figures count.

    A figure is a row of 0 and 1, an atom a column. Every group of atoms is tried: one is a sum of
    multiples of figures if it has no part outside the space that they span.
    """
    if not figures:
        return []
    matrix = np.array(figures, float)
    groups = ((np.arange(1, 2 ** len(sizes))[:, None] >> np.arange(len(sizes))) & 1).astype(float)
    outside = groups - groups @ (np.linalg.pinv(matrix) @ matrix)
    counts = groups[np.abs(outside).max(axis=1) < 1e-8] @ np.array(sizes, float)
    return [int(count) for count in counts if 0 < count < limit]


@given(
    sizes=st.lists(COUNT, min_size=1, max_size=7),
    masks=st.lists(st.integers(1, 127), min_size=1, max_size=5),
    limit=LIMIT,
)
def test_groups_that_overlap_give_no_small_group_away(
    sizes: list[int], masks: list[int], limit: int
) -> None:
    atoms = range(len(sizes))
    unions = {n: [a for a in atoms if mask >> a & 1] for n, mask in enumerate(masks)}
    unions[-1] = list(atoms)
    shown = shown_unions(dict(enumerate(sizes)), unions, limit, keep=[-1])

    figures = [[int(a in unions[name]) for a in atoms] for name in shown]
    assert small_groups_in(sizes, figures, limit) == []
    if not 0 < sum(sizes) < limit:
        assert -1 in shown, "the total goes last"


@given(
    counts=st.lists(st.tuples(COUNT, COUNT), min_size=1, max_size=5),
    masks=st.lists(st.integers(1, 31), max_size=4),
    limit=LIMIT,
)
def test_shares_of_groups_that_overlap_give_no_small_group_away(
    counts: list[tuple[int, int]], masks: list[int], limit: int
) -> None:
    atoms = range(len(counts))
    unions = {n: [a for a in atoms if mask >> a & 1] for n, mask in enumerate(masks)}
    unions |= {-1: list(atoms)} | {-2 - a: [a] for a in atoms}
    having, others = ({a: counts[a][at] for a in atoms} for at in (0, 1))
    sizes = {a: sum(counts[a]) for a in atoms}
    rows = shown_unions(sizes, unions, limit, keep=[-1])
    shares = shown_shares(having, others, {n: unions[n] for n in rows}, limit, keep=[-1])

    cells = [(a, has) for a in atoms for has in (True, False)]
    figures = [[int(a in unions[n]) for a, _ in cells] for n in rows]
    figures += [[int(a in unions[n] and has) for a, has in cells] for n in shares]
    assert small_groups_in([n for pair in counts for n in pair], figures, limit) == []
    if not any(0 < sum(each.values()) < limit for each in (having, others)):
        assert -1 in shares, "the total goes last"


def test_a_small_share_hides_one_more_beside_the_total() -> None:
    having, others = {"ash": 3, "birch": 20, "cedar": 12}, {"ash": 17, "birch": 20, "cedar": 12}
    unions = {"all": list(having), "ash": ["ash"], "birch": ["birch"], "cedar": ["cedar"]}

    assert shown_shares(having, others, unions, 10, keep=["all"]) == {"all", "birch"}
    assert shown_shares(having, others, {"birch": ["birch"]}, 10) == {"birch"}


def test_overlapping_groups_stay_where_they_can() -> None:
    schools = {"ash": 12, "birch": 15, "cedar": 4, "dune": 30}
    groups = {"north": ["ash", "birch"], "title": ["birch", "dune"], "all": list(schools)}

    # All of them less north and title would be cedar's four.
    assert shown_unions(schools, groups, 10, keep=["all"]) == {"title", "all"}
    assert shown_unions({**schools, "cedar": 10}, groups, 10) == {"north", "title", "all"}
    # Two groups whose only difference are cedar's four are not shown together.
    near = {"with": ["ash", "cedar"], "without": ["ash"]}
    assert len(shown_unions(schools, near, 10)) == 1


def test_too_few_people_show_nothing() -> None:
    assert shown_unions({"a": 4}, {"all": ["a"]}, 10, keep=["all"]) == frozenset()
    assert shown_unions({"a": 4, "b": 0, "c": 3}, {"all": ["a", "b", "c"]}, 10) == frozenset()


def test_the_check_itself_finds_a_group_that_is_given_away() -> None:
    total_and_two = [[1, 1, 1], [0, 1, 0], [0, 0, 1]]

    assert small_groups_in([3, 12, 20], total_and_two, 10) == [3]
