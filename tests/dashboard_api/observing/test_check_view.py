"""The sentences about observers: what is missing stands where a figure would."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard_api.observing.check_view import check_view
from models.school_model.observed import (
    Agreement,
    Comparison,
    ObservedCheck,
    RankRange,
)

ENOUGH = Agreement(
    who=("A", "B"), looks=172, lessons=4, weighted=0.712, weighted_ends=(0.634, 0.781), half=0.8,
    half_ends=(0.7, 0.9),
)  # fmt: skip
COMPARED = Comparison(
    looks=160, lessons=4, order=0.41, order_ends=(0.2, 0.6), auc=0.83, auc_ends=(0.7, 0.91),
    sided=150, halves=20, difference=-0.034, difference_ends=(-0.06, 0.004),
    ranges=(RankRange(rank=2, looks=14, low=0.296, high=0.604),),
)  # fmt: skip


def check(agreement: Agreement, comparison: Comparison, *pairs: Agreement) -> ObservedCheck:
    return ObservedCheck(observers=2, agreement=agreement, pairs=pairs, comparison=comparison)


def test_figures_stand_with_n_and_interval() -> None:
    view = check_view(check(ENOUGH, COMPARED))
    assert view.headline == (
        "checked in this school against 160 looks of two observers, who agree with each other at "
        "kappa 0.71 (0.63 to 0.78)"
    )
    said = " ".join(view.lines)
    assert "Two observers coded 172 looks together, in four lessons." in said
    assert "Where observers saw about half off task, the model said 30 to 60 %" in said
    assert "83 times out of 100 (70 to 91; chance is 50; 150 looks, 20 with half or more)" in said
    assert "was 3 percentage points below the observers’ (6 below to 0)." in said
    assert "rank correlation 0.41 (0.20 to 0.60)" in said


@pytest.mark.parametrize(
    ("looks", "lessons", "says"),
    (
        (0, 0, "60 more looks and three more lessons are missing"),
        (59, 3, "1 more look is missing"),
        (80, 2, "one more lesson is missing"),
    ),
)
def test_what_is_missing_is_counted(looks: int, lessons: int, says: str) -> None:
    view = check_view(check(ENOUGH, Comparison(looks=looks, lessons=lessons)))
    assert view.headline == ""  # the model has no figure yet
    (line,) = view.model
    assert says in line


def test_too_few_looks_of_two() -> None:
    few = Agreement(who=(), looks=22, lessons=1)
    view = check_view(check(few, Comparison(looks=0, lessons=0)))
    assert view.agreement == (
        (
            "Two observers have coded 22 looks together. 38 more are needed to say how far they "
            "agree (60 looks)."
        ),
    )


def test_one_look_and_no_look_of_two_read_as_sentences() -> None:
    last = check_view(check(Agreement(who=(), looks=59, lessons=1), Comparison(looks=0, lessons=0)))
    assert "One more is needed to say how far they agree" in last.agreement[0]
    none = check_view(check(Agreement(who=(), looks=0, lessons=0), Comparison(looks=0, lessons=0)))
    assert none.agreement == ("No two observers have coded the same look yet.",)


@pytest.mark.parametrize(
    ("difference", "says"),
    (
        (0.01, "1 percentage point above the observers’ (2 below to 5 above)"),
        (0.004, "was as high as the observers’ (2 below to 5 above)"),
    ),
)
def test_a_difference_says_which_of_the_two_is_higher(difference: float, says: str) -> None:
    compared = replace(COMPARED, difference=difference, difference_ends=(-0.02, 0.05))
    assert says in " ".join(check_view(check(ENOUGH, compared)).model)


def test_one_lesson_says_that_blocks_were_resampled() -> None:
    one = replace(ENOUGH, lessons=1, units="blocks")
    said = " ".join(check_view(check(one, COMPARED)).agreement)
    assert "blocks of ten looks, because there are fewer than three lessons" in said


def test_pairs_are_letters() -> None:
    other = replace(ENOUGH, who=("A", "C"), weighted=None, weighted_ends=None, looks=12)
    said = " ".join(check_view(check(ENOUGH, COMPARED, ENOUGH, other)).agreement)
    assert "A and B 0.71 (0.63 to 0.78) on 172 looks; A and C 12 looks, too few" in said
