"""How far observers agree with each other and with the model: figures known without the program."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from models.ranking import ranks_of, roc_area
from models.school_model.observed import (
    MIN_LOOKS,
    RANK_SHARES,
    SeenLook,
    _correlation,
    check_observed,
)


def looks_of(said: dict[str, list[int | None]], lesson: str = "l0") -> list[SeenLook]:
    return [
        SeenLook(lesson=lesson, observer=name, start_s=30 * at, rank=rank)
        for name, ranks in said.items()
        for at, rank in enumerate(ranks)
        if rank is not None
    ]


def classes(seed: int, lessons: int, each: int) -> tuple[list[SeenLook], dict, np.ndarray]:
    """Looks of two noisy observers, the model's shares, and both observers' ranks in columns."""
    rng = np.random.default_rng(seed)
    looks, shares, ranks = [], {}, []
    for lesson in range(lessons):
        truth = rng.integers(0, 4, each)
        said = np.clip(truth + rng.choice([-1, 0, 0, 0, 1], (2, each)), 0, 3)
        ranks.append(said)
        looks += looks_of({"kim": said[0].tolist(), "lou": said[1].tolist()}, f"l{lesson}")
        for at, rank in enumerate(truth.tolist()):
            shares[f"l{lesson}", 30 * at] = float(rank / 4 + rng.normal(0, 0.1))
    return looks, shares, np.concatenate(ranks, axis=1)


def test_the_figures_are_those_of_scikit_learn_and_scipy() -> None:
    looks, shares, said = classes(1, lessons=5, each=40)
    check = check_observed(looks, shares)
    both = check.agreement
    assert (check.observers, both.looks, both.lessons, both.units) == (2, 200, 5, "lessons")
    assert both.weighted == pytest.approx(cohen_kappa_score(*said, weights="linear"))
    assert both.half == pytest.approx(cohen_kappa_score(*(said >= 2)))
    for value, ends in ((both.weighted, both.weighted_ends), (both.half, both.half_ends)):
        assert ends is not None
        assert value is not None
        assert ends[0] < value < ends[1]
    share = np.array([shares[place] for place in sorted(shares, key=lambda at: (at[0], at[1]))])
    found = check.comparison
    assert (found.looks, found.lessons) == (200, 5)
    assert found.order == pytest.approx(spearmanr(said.mean(axis=0), share).statistic)
    sided = (said >= 2).all(axis=0) | (said < 2).all(axis=0)
    assert (found.sided, found.halves) == (sided.sum(), (said >= 2).all(axis=0).sum())
    halves = (said >= 2).all(axis=0)[sided]
    assert found.auc == pytest.approx(roc_auc_score(halves, share[sided]))
    means = np.array(RANK_SHARES)[said].mean(axis=0)
    assert found.difference == pytest.approx((share - means).mean())
    alike = said[0] == said[1]
    for one in found.ranges:
        some = share[alike & (said[0] == one.rank)]
        assert one.looks == some.size
        assert (one.low, one.high) == pytest.approx(tuple(np.quantile(some, (0.1, 0.9))))
    assert found.auc_ends is not None
    assert found.order_ends is not None
    assert found.auc_ends[0] <= found.auc <= found.auc_ends[1]
    assert found.order_ends[0] <= found.order <= found.order_ends[1]


def test_below_sixty_looks_it_says_how_many_are_missing() -> None:
    looks, shares, _ = classes(2, lessons=1, each=MIN_LOOKS - 1)
    check = check_observed(looks, shares)
    assert (check.agreement.weighted, check.agreement.missing) == (None, 1)
    assert (check.comparison.missing_looks, check.comparison.missing_lessons) == (1, 2)
    looks, shares, _ = classes(2, lessons=2, each=MIN_LOOKS)
    check = check_observed(looks, shares)
    assert check.agreement.weighted is not None
    assert check.comparison.order is None
    assert (check.comparison.missing_looks, check.comparison.missing_lessons) == (0, 1)
    none = check_observed([], {})
    assert (none.observers, none.agreement.missing, none.pairs) == (0, MIN_LOOKS, ())


def test_one_lesson_is_resampled_in_blocks_and_says_so() -> None:
    looks, shares, said = classes(3, lessons=1, each=90)
    both = check_observed(looks, shares).agreement
    assert both.units == "blocks"
    assert both.weighted_ends is not None
    assert both.weighted_ends[0] < cohen_kappa_score(*said, weights="linear")


def test_a_look_of_one_observer_alone_counts_nowhere() -> None:
    looks, shares, _ = classes(4, lessons=4, each=30)
    alone = [
        SeenLook(lesson="l0", observer="kim", start_s=30 * at, rank=3) for at in range(90, 180)
    ]
    shares |= {("l0", 30 * at): 0.0 for at in range(90, 180)}
    assert check_observed([*looks, *alone], shares) == check_observed(looks, shares)


def test_a_look_without_a_share_of_the_model_counts_between_observers_alone() -> None:
    looks, shares, _ = classes(5, lessons=4, each=30)
    fewer = {place: share for place, share in shares.items() if place[1] >= 300}
    check = check_observed(looks, fewer)
    assert (check.agreement.looks, check.comparison.looks) == (120, 80)


def test_three_observers_are_three_pairs_named_by_letters() -> None:
    rng = np.random.default_rng(6)
    said = {name: rng.integers(0, 4, 70).tolist() for name in ("zoe", "kim", "lou")}
    said["zoe"][:50] = [None] * 50
    check = check_observed(looks_of(said), {})
    assert check.observers == 3
    assert {pair.who: pair.looks for pair in check.pairs} == {
        ("A", "B"): 70, ("A", "C"): 20, ("B", "C"): 20,
    }  # fmt: skip
    assert check.agreement.looks == 70
    assert [pair.weighted is None for pair in check.pairs] == [False, True, True]
    assert "zoe" not in str(check.as_dict())


def test_observers_who_always_say_the_same_show_no_agreement() -> None:
    looks = looks_of({"kim": [1] * 80, "lou": [1] * 80})
    both = check_observed(looks, {}).agreement
    assert (both.looks, both.missing, both.weighted, both.half) == (80, 0, None, None)


def test_a_model_that_says_one_thing_has_no_order() -> None:
    looks, shares, _ = classes(7, lessons=4, each=30)
    found = check_observed(looks, dict.fromkeys(shares, 0.3)).comparison
    assert found.order is None
    assert (found.auc, found.auc_ends) == (0.5, (0.5, 0.5))
    assert found.difference is not None


values = st.lists(st.integers(0, 9).map(float), min_size=3, max_size=40)


@settings(max_examples=60)
@given(values, st.integers(0, 1 << 30))
def test_ranks_areas_and_correlations_with_ties(some, seed) -> None:
    rng = np.random.default_rng(seed)
    first = np.array(some)
    second = rng.integers(0, 5, first.size).astype(float)
    truth = rng.random(first.size) < 0.5
    if truth.any() and not truth.all():
        assert roc_area(truth, first) == pytest.approx(roc_auc_score(truth, first))
    else:
        assert np.isnan(roc_area(truth, first))
    if np.unique(first).size > 1 and np.unique(second).size > 1:
        theirs = spearmanr(first, second).statistic
        assert _correlation(ranks_of(first), ranks_of(second)) == pytest.approx(theirs)


def test_a_look_of_three_observers_is_one_look() -> None:
    said = [0, 1, 2, 3] * 5
    check = check_observed(looks_of({"kim": said, "lou": said, "max": said}), {})
    assert (check.observers, check.agreement.looks, check.agreement.missing) == (3, 20, 40)
