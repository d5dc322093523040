"""Labels among simulated lessons: what they weigh, and what is learned from them."""

from __future__ import annotations

import numpy as np
import pytest

from models.features.seat_features import EPOCH_S
from models.learning.alert_learning import AreaStream
from models.school_model.label_training import LabelTraining, extra_rows
from models.school_model.labels import LabelledMoment
from models.school_model.recalibration import Estimates
from models.serving.area import AREA_FEATURES, AlertModel
from models.serving.scores import ZoneScore

K = len(AREA_FEATURES)
RISE, NOISE = AREA_FEATURES.index("rise_60"), AREA_FEATURES.index("noise_60")
EPOCHS = 300
NOTHING = AlertModel(weights=(0.0,) * K, intercept=0.0)


def stream(seed: int) -> AreaStream:
    """One episode; the rise shows it, the noise is unrelated."""
    rng = np.random.default_rng(seed)
    features = rng.normal(0.0, 1.0, (EPOCHS, K))
    start = int(rng.integers(60, 200))
    features[start : start + 30, RISE] += 3.0
    features[:24] = np.nan
    score = ZoneScore(
        zone="room", seats=20, movement=0.0, movement_low=-1.0, movement_high=1.0, off_task=0.2,
        off_task_low=0.1, off_task_high=0.3, signs={},
    )  # fmt: skip
    return AreaStream(
        classroom=f"class-{seed}",
        scores=(score,) * EPOCHS,
        features=features,
        unrest=(0.0,) * EPOCHS,
        episodes=((start * EPOCH_S, (start + 30) * EPOCH_S),),
    )


def moment(seed: int, *, is_room: bool = True, length: int = 20) -> LabelledMoment:
    """In this school it is the noise that makes a moment worth talking about."""
    rng = np.random.default_rng(1_000 + seed)
    noise = rng.normal(0.0, 1.0)
    rows = rng.normal(0.0, 1.0, (length, K))
    rows[:, NOISE] = noise
    return LabelledMoment(
        lesson=f"lesson-{seed // 2}", in_episode=bool(noise > 0.0), is_room=is_room,
        is_suggested=True, model="m", features_version="f", rows=rows,
    )  # fmt: skip


@pytest.fixture(scope="module")
def training() -> LabelTraining:
    return LabelTraining(
        rooms=tuple(stream(seed) for seed in range(6)),
        zones=tuple((stream(10 + seed), stream(20 + seed)) for seed in range(6)),
    )


def test_each_moment_weighs_the_same_however_long_it_was(training: LabelTraining) -> None:
    moments = [moment(0, length=5), moment(1, length=100), moment(2, is_room=False, length=7)]
    extra = extra_rows(moments, training.rooms, is_room=True)
    assert extra is not None
    assert extra.values.shape == (105, K)
    assert (extra.weight[:5].sum(), extra.weight[5:].sum()) == pytest.approx((60.0, 60.0))
    assert extra.truth.tolist() == [moments[0].in_episode] * 5 + [moments[1].in_episode] * 100
    zone = extra_rows(moments, training.rooms, is_room=False)
    assert zone is not None
    assert len(zone.weight) == 7
    assert extra_rows(moments[:2], training.rooms, is_room=False) is None


def test_labels_never_outweigh_the_simulated_epochs(training: LabelTraining) -> None:
    many = [moment(seed) for seed in range(100)]
    extra = extra_rows(many, training.rooms, is_room=True)
    assert extra is not None
    assert extra.weight.sum() == pytest.approx(6 * (EPOCHS - 24))


def test_labels_teach_what_the_simulation_does_not_know(training: LabelTraining) -> None:
    without = training.estimates([])
    with_labels = training.estimates([moment(seed) for seed in range(40)])
    assert abs(without.room.weights[NOISE]) < 0.3
    assert with_labels.room.weights[NOISE] > 0.5
    assert with_labels.room.weights[RISE] > 0.3  # and it forgets nothing
    assert with_labels.zone == without.zone  # they were about rooms


def test_the_guard_judges_it_on_lessons_put_aside(training: LabelTraining) -> None:
    nothing = Estimates(room=NOTHING, zone=NOTHING)
    moments = [moment(seed, is_room=seed % 3 > 0) for seed in range(120)]
    held_out = training.held_out(nothing, moments)
    assert held_out.refusal() is None
    assert (held_out.moments, held_out.lessons) == (120, 60)
    rng = np.random.default_rng(0)
    swapped = [
        LabelledMoment(
            lesson=one.lesson, in_episode=bool(rng.random() < 0.5), is_room=one.is_room,
            is_suggested=True, model="m", features_version="f", rows=one.rows,
        )
        for one in moments
    ]  # fmt: skip
    assert training.held_out(nothing, swapped).refusal() is not None


def test_thresholds_come_from_simulated_lessons(training: LabelTraining) -> None:
    room, zone = training.policies([moment(seed) for seed in range(40)])
    for policy in (room, zone):
        assert policy.estimate is not None
        assert 0.0 < policy.clear_below <= policy.raise_above < 1.0
