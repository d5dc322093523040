"""Recalibrating the alert score to a school: its limits, and the improvement it requires."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contract.errors import ModelError
from dashboard_api.model.school_view import school_lines
from models.features.seat_features import FEATURES, FEATURES_VERSION
from models.school_model.labels import LABEL_FEATURES, LabelledMoment
from models.school_model.recalibration import (
    Estimates,
    HeldOut,
    Recalibration,
    fit_recalibration,
    hold_out,
    recalibrated,
    recalibration_of,
)
from models.school_model.training import estimates_of, school_manifest, usable_moments
from models.serving.alerts import AlertPolicy
from models.serving.area import AREA_FEATURES, AlertModel
from models.serving.manifest import Calibration, IntervalWidth, ModelManifest

K = len(AREA_FEATURES)
FIRST = AlertModel(weights=(1.0, *(0.0,) * (K - 1)), intercept=0.0)
SHIPPED = Estimates(room=FIRST, zone=FIRST)
BASE = "9-abcdef01"


def moment(z: float, *, confirmed: bool, lesson: str, **other: object) -> LabelledMoment:
    rows = np.zeros((6, K))
    rows[:, 0] = z
    fields = {
        "is_room": True, "is_suggested": True, "model": BASE, "features_version": LABEL_FEATURES,
        **other,
    }  # fmt: skip
    return LabelledMoment(lesson=lesson, in_episode=confirmed, rows=rows, **fields)  # type: ignore[arg-type]


def school(
    seed: int, n: int, *, slope: float = 1.0, shift: float = 0.0, is_shuffled: bool = False
) -> list[LabelledMoment]:
    """Labels of a school where slope and shift are the true ones; three a lesson."""
    rng = np.random.default_rng(seed)
    z = rng.normal(1.0, 1.2, n)
    said = rng.random(n) < 1.0 / (1.0 + np.exp(-(slope * z + shift)))
    if is_shuffled:
        said = rng.permutation(said)
    return [
        moment(float(at), confirmed=bool(yes), lesson=f"lesson-{i // 3}")
        for i, (at, yes) in enumerate(zip(z, said, strict=True))
    ]


def judged(moments: list[LabelledMoment]) -> HeldOut:
    return hold_out(SHIPPED, moments, lambda others: recalibrated(SHIPPED, others))


def test_without_labels_it_is_the_identity() -> None:
    assert fit_recalibration(np.empty(0), np.empty(0, np.bool_)) == Recalibration()
    assert recalibrated(SHIPPED, []) == SHIPPED
    marked = [moment(3.0, confirmed=True, lesson="a", is_suggested=False)]
    assert recalibrated(SHIPPED, marked) == SHIPPED


labels = st.lists(st.tuples(st.floats(-8, 8), st.booleans()), min_size=1, max_size=60)


@given(labels)
@settings(max_examples=150, deadline=None)
def test_a_higher_score_stays_a_higher_one(pairs: list[tuple[float, bool]]) -> None:
    z, said = _arrays(pairs)
    own = fit_recalibration(z, said)
    assert own.slope >= 0.05
    assert np.isfinite([own.slope, own.intercept]).all()
    scores = own.of(FIRST).score(np.eye(1, K) * np.linspace(-8, 8, 50)[:, None])
    assert (np.diff(scores) > 0).all()


@given(labels)
@settings(max_examples=60, deadline=None)
def test_it_is_the_least_of_its_cost(pairs: list[tuple[float, bool]]) -> None:
    z, said = _arrays(pairs)
    own = fit_recalibration(z, said)

    def cost(slope: float, intercept: float) -> float:
        at = slope * z + intercept
        prior = (slope - 1.0) ** 2 / 0.25 + intercept**2
        return float((np.logaddexp(0.0, at) - said * at).sum() + prior / 2.0)

    least = cost(own.slope, own.intercept)
    for slope, intercept in ((0.01, 0), (-0.01, 0), (0, 0.01), (0, -0.01), (0.3, -0.4)):
        if own.slope + slope >= 0.05:
            assert least <= cost(own.slope + slope, own.intercept + intercept) + 1e-9


@given(st.floats(0.05, 4), st.floats(-4, 4), st.floats(-6, 6))
def test_a_recalibrated_alert_model_is_one_of_the_same_kind(
    slope: float, intercept: float, z: float
) -> None:
    rows = np.zeros((1, K))
    rows[0, 0] = z
    (p,) = Recalibration(slope=slope, intercept=intercept).of(FIRST).score(rows)
    assert p == pytest.approx(1.0 / (1.0 + np.exp(-(slope * z + intercept))))


@given(st.floats(0.05, 4), st.floats(-4, 4), st.floats(0.02, 0.98), st.floats(-6, 6))
def test_alerts_become_rarer_and_never_more_frequent(
    slope: float, intercept: float, above: float, z: float
) -> None:
    """What was not suggested was not judged."""
    policy = AlertPolicy(raise_above=above, clear_below=above / 2, estimate=FIRST)
    own = Recalibration(slope=slope, intercept=intercept).policy(policy)
    rows = np.zeros((1, K))
    rows[0, 0] = z
    assert own.estimate is not None
    before, after = FIRST.score(rows)[0], own.estimate.score(rows)[0]
    assert own.raise_above >= policy.raise_above
    if before < above - 1e-9:
        assert after < own.raise_above
    if intercept == 0.0 and slope == 1.0:
        assert own == policy


def test_the_identity_leaves_the_policy_as_it_is() -> None:
    policy = AlertPolicy(raise_above=0.22, clear_below=0.11, estimate=FIRST)
    own = Recalibration().policy(policy)
    assert own.estimate == FIRST
    assert (own.raise_above, own.clear_below) == pytest.approx((0.22, 0.11), abs=1e-12)


def test_lessons_are_put_aside_in_groups_where_a_fit_takes_long() -> None:
    moments = school(1, 60)
    fits: list[int] = []

    def watched(others: object) -> Estimates:
        fits.append(len({one.lesson for one in others}))  # type: ignore[attr-defined]
        return SHIPPED

    assert hold_out(SHIPPED, moments, watched, groups=4).lessons == 20
    assert fits == [15] * 4


def test_few_labels_change_little_and_many_find_the_truth() -> None:
    rng = np.random.default_rng(4)
    z = rng.normal(0.5, 1.5, 4_000)
    said = rng.random(4_000) < 1.0 / (1.0 + np.exp(-(1.6 * z - 1.2)))
    own = fit_recalibration(z, said)
    assert (own.slope, own.intercept) == pytest.approx((1.6, -1.2), abs=0.15)
    few = fit_recalibration(z[:3], np.zeros(3, np.bool_))
    assert abs(few.slope - 1.0) < 0.5
    assert -1.5 < few.intercept < 0.0


@pytest.mark.parametrize("shift", (-1.5, -2.5))
def test_the_guard_accepts_a_school_where_the_truth_is_shifted(shift: float) -> None:
    accepted = [judged(school(seed, 240, shift=shift)).refusal() is None for seed in range(5)]
    assert sum(accepted) >= 4


def test_the_guard_refuses_where_the_shipped_model_is_right() -> None:
    refusals = [judged(school(seed, 120)).refusal() for seed in range(12)]
    assert sum(refusal is None for refusal in refusals) == 0
    assert "does not beat the shipped one on 120 moments of 40 lessons" in str(refusals[0])


@pytest.mark.parametrize("shift", (0.0, -1.5))
def test_the_guard_refuses_shuffled_labels(shift: float) -> None:
    """Their mean may be another than the model's; the answers have nothing to do with the score."""
    refusals = [
        judged(school(seed, 150, shift=shift, is_shuffled=True)).refusal() for seed in range(10)
    ]
    assert sum(refusal is None for refusal in refusals) <= 1
    assert any("do not follow the score" in str(refusal) for refusal in refusals)


def test_a_lesson_has_no_part_in_what_it_judges() -> None:
    moments = school(1, 60)
    fitted: list[set[str]] = []

    def watched(others: object) -> Estimates:
        fitted.append({one.lesson for one in others})  # type: ignore[attr-defined]
        return SHIPPED

    held = hold_out(SHIPPED, moments, watched)
    everyone = {one.lesson for one in moments}
    assert sorted(len(everyone - one) for one in fitted) == [1] * 20
    assert (held.moments, held.lessons) == (60, 20)
    assert held.better == held.better_low == held.better_high == 0.0
    assert held.refusal() is not None  # as good is not better
    losses = [held.log_loss, held.brier]
    assert losses == [held.log_loss_shipped, held.brier_shipped]


def test_marked_moments_are_learned_from_and_never_judged_on() -> None:
    moments = school(1, 60)
    marked = [moment(-5.0, confirmed=True, lesson="lesson-99", is_suggested=False)]
    assert judged([*moments, *marked]) == judged(moments)


def _arrays(
    pairs: list[tuple[float, bool]],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    return np.array([z for z, _ in pairs]), np.array([said for _, said in pairs], np.bool_)


# ------------------------------------------------------------------------- which labels may be used


def test_labels_that_do_not_fit_are_left_out_and_named() -> None:
    moments = school(1, 60)
    older = [dataclasses.replace(one, features_version="1-00000000") for one in moments[:2]]
    others = [dataclasses.replace(one, model="9-ffffffff") for one in moments[2:5]]
    own = [dataclasses.replace(one, model=f"{BASE}+123456") for one in moments[5:]]
    usable, notes = usable_moments([*older, *others, *own], BASE)
    assert len(usable) == 55
    assert [note.split(":")[0] for note in notes] == [
        f"2 of 60 labels have features of version 1-00000000, but this program computes {LABEL_FEATURES}",
        f"3 of 58 labels come from scores of model 9-ffffffff, not of {BASE}",
    ]


@pytest.mark.parametrize(
    ("change", "sentence"),
    (
        (lambda moments: [], "no labels are stored: a teacher has to allow it"),
        (lambda moments: moments[:29], r"29 labels of suggested moments in 10 lessons are too few"),
        (
            lambda moments: [dataclasses.replace(m, lesson="one") for m in moments],
            "60 labels of suggested moments in 1 lessons are too few: 30 in 10 lessons are needed",
        ),
        (
            lambda moments: [dataclasses.replace(m, in_episode=True) for m in moments],
            "60 confirm and 0 dismiss: 5 of each are needed",
        ),
        (
            lambda moments: [dataclasses.replace(m, model="9-ffffffff") for m in moments],
            r"0 labels .* are too few.*\(60 of 60 labels come from scores of model 9-ffffffff",
        ),
        (
            lambda moments: [dataclasses.replace(m, features_version="x") for m in moments],
            r"too few.*\(60 of 60 labels have features of version x, but this program computes",
        ),
        (
            lambda moments: [dataclasses.replace(m, is_suggested=False) for m in moments],
            "0 labels of suggested moments",
        ),
    ),
)  # fmt: skip
def test_too_little_to_learn_from_is_said(change, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        usable_moments(change(school(1, 60)), BASE)


# ------------------------------------------------------------------------------------- the manifest


def manifest(**other: object) -> ModelManifest:
    policy = AlertPolicy(raise_above=0.5, clear_below=0.2, estimate=FIRST)
    fields = {
        "format": 1, "version": BASE, "sha256": "0" * 64, "features_version": FEATURES_VERSION,
        "features": FEATURES, "seed": 1, "made_with": {}, "data": {"source": "simulated"},
        "calibration": Calibration(), "interval": IntervalWidth(), "room_alerts": policy,
        "zone_alerts": policy, **other,
    }  # fmt: skip
    return ModelManifest(**fields)  # type: ignore[arg-type]


def own_manifest(moments: list[LabelledMoment]) -> ModelManifest:
    base = manifest()
    own = recalibration_of(SHIPPED, moments)
    return school_manifest(
        base,
        room_alerts=own.policy(base.room_alerts),
        zone_alerts=own.policy(base.zone_alerts),
        held_out=judged(moments),
        labels=moments,
        how="recalibrated",
    )


def test_the_manifest_says_what_was_done_on_what() -> None:
    moments = school(2, 240, shift=-2.0)
    own = own_manifest(moments)
    assert own.version.startswith(f"{BASE}+")
    said = own.data["school"]
    assert (said["how"], said["base"], said["labels"], said["lessons"]) == (
        "recalibrated", BASE, 240, 80,
    )  # fmt: skip
    assert said["confirmed"] + said["dismissed"] == 240
    assert said["held_out_lessons"]["better_low"] > 0
    assert ModelManifest.from_json(own.to_json(), "x") == own
    assert (own.moments, own.figures) == (manifest().moments, manifest().figures)
    reported = " ".join(school_lines(own))
    assert "240 labels of 80 lessons" in reported
    assert f"model {BASE}" in reported
    assert school_lines(manifest()) == []
    assert own.data["source"] == "simulated"


def test_nothing_is_made_where_the_guard_says_no() -> None:
    with pytest.raises(ModelError, match="nothing was written: the school's own model does not"):
        own_manifest(school(2, 120))


def test_a_model_that_can_not_be_adapted_is_named() -> None:
    assert estimates_of(manifest()) == SHIPPED
    with pytest.raises(ModelError, match="already a school's own model"):
        estimates_of(manifest(version=f"{BASE}+123456"))
    with pytest.raises(ModelError, match="has no alert model"):
        estimates_of(manifest(room_alerts=AlertPolicy()))
