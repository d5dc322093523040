"""The choice of a learner, and the ROC-AUC by ranks behind it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from models.ranking import has_two, roc_area
from models.recordings.choice import choose, quality


@given(seed=st.integers(0, 1 << 32), n=st.integers(2, 60), values=st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_the_area_by_ranks_is_the_usual_one(seed: int, n: int, values: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.5
    scores = rng.integers(0, values, n).astype(float)
    if has_two(truth):
        assert roc_area(truth, scores) == pytest.approx(roc_auc_score(truth, scores))


def made(
    groups: int, *, richer: float, seed: int = 1
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_], NDArray[np.intp]]:
    """A simple learner's scores, and a richer one's that separate by so much more."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), 50)
    truth = rng.random(group.size) < 0.3
    simple = rng.normal(0.0, 1.0, group.size) + truth
    rich = rng.normal(0.0, 1.0, group.size) + (1.0 + richer) * truth
    return {"simple": simple, "rich": rich}, truth, group


def test_a_richer_learner_has_to_be_clearly_better() -> None:
    assert choose(*made(8, richer=1.0)) == "rich"
    equal = [choose(*made(8, richer=0.0, seed=seed)) for seed in range(40)]
    assert equal.count("simple") >= 30
    assert {choose(*made(2, richer=3.0, seed=seed)) for seed in range(5)} == {"simple"}


def test_one_groups_positives_are_not_enough() -> None:
    scores, truth, group = made(6, richer=3.0)
    assert choose(scores, truth & (group == 2), group) == "simple"


def test_an_offset_between_groups_costs_only_the_pooled_half() -> None:
    scores, truth, group = made(6, richer=2.0)
    plain = quality(scores["rich"], truth, group)
    shifted = quality(scores["rich"] + 100.0 * group, truth, group)
    assert plain - 0.3 < shifted < plain - 0.1
    assert np.isnan(quality(scores["rich"], np.zeros_like(truth), group))
