"""Which classes' results an earlier sheet has, by its marks."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from school.ledger.counted import marks_of, not_counted
from school.ledger.records import Outcome

ONE = Outcome(site="ash", teacher=1, is_coached=True, pupils=20, before=50.0, after=55.25)
OTHERS = [replace(ONE, site="birch"), replace(ONE, pupils=21), replace(ONE, before=50.1),
          replace(ONE, after=55.0)]  # fmt: skip


def test_a_class_is_known_again_by_its_results_alone() -> None:
    marks = marks_of([ONE, replace(ONE, teacher=8)], "salt")
    again = [replace(ONE, teacher=7), replace(ONE, is_coached=False), replace(ONE, before=50)]
    assert marks.split(" ")[0] == "salt"
    assert len(marks.split(" ")) == 2, "nobody sees how many classes have the same results"
    assert not_counted([*again, *OTHERS], [marks]) == OTHERS
    assert not_counted([ONE], ["", marks_of(OTHERS, "other")]) == [ONE]


def test_without_outcomes_nothing_is_kept() -> None:
    assert marks_of([], "salt") == ""


def test_a_mark_is_of_many_results() -> None:
    """So nobody finds a class's results by trying all that there may be."""
    known = frozenset(marks_of([ONE], "salt").split(" ")[1:])
    (mark,) = known
    assert len(mark) * 4 == 24
    assert not any(marks_of([each], "other").split(" ")[1] in known for each in [ONE, *OTHERS])


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), max_size=30), st.integers(0, 30))
def test_what_is_left_is_what_no_sheet_has(classes: list[tuple[int, int]], cut: int) -> None:
    found = [replace(ONE, before=float(before), after=float(after)) for before, after in classes]
    left = not_counted(found, [marks_of(found[:cut], "a"), marks_of(found[cut : cut + 3], "b")])
    assert left == [each for each in found if each not in found[: cut + 3]]
