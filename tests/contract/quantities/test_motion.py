"""The seat quantities against tones, noise and turned sensors, and the stream's own rules."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contract.quantities.motion import (
    BANDS_HZ,
    LOWEST_LEVEL_DB,
    MotionQuantities,
    lesson_quantities,
)
from contract.quantities.table import SEAT_QUANTITIES
from tests.examples import examples

INDEX = {quantity.name: at for at, quantity in enumerate(SEAT_QUANTITIES)}
UPRIGHT = np.array([0.0, 0.0, 1.0])
BANDS = [INDEX[name] for name in ("band_0_1", "band_1_3", "band_3_6", "band_6_12", "band_12_24")]


def _still(seconds: int, seats: int = 1, rate: int = 50) -> NDArray[np.float32]:
    samples = np.zeros((seconds * rate, seats, 3), np.float32)
    samples[:, :, 2] = 1.0
    return samples


def _tone(frequency: float, rms_mg: float, seconds: int, rate: int = 50) -> NDArray[np.float32]:
    samples = _still(seconds, rate=rate)
    at = np.arange(samples.shape[0]) / rate
    wave = np.sin(2 * np.pi * frequency * at + 0.4) * rms_mg * math.sqrt(2) / 1000
    samples[:, 0, 0] += wave.astype(np.float32)
    return samples


def _turns(seed: int) -> NDArray[np.float64]:
    matrix, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return np.asarray(matrix)


@pytest.mark.parametrize(
    ("frequency", "band"), ((0.65, 0), (2.0, 1), (4.5, 2), (8.0, 3), (9.3, 3), (18.0, 4))
)
def test_a_tone_shows_its_level_in_its_own_band_alone(frequency: float, band: int) -> None:
    steady = lesson_quantities(_tone(frequency, 10.0, 20), 50)[6:, 0]
    levels = steady[:, BANDS].mean(axis=0)
    assert levels[band] == pytest.approx(20.0, abs=0.3)
    assert np.delete(levels, band).max() < 20.0 - 7.0


@pytest.mark.parametrize("edge", (1.0, 3.0, 6.0, 12.0))
def test_a_tone_on_an_edge_is_halved_between_its_bands(edge: float) -> None:
    steady = lesson_quantities(_tone(edge, 10.0, 20), 50)[6:, 0]
    lower = next(at for at, band in enumerate(BANDS_HZ) if band[1] == edge)
    pair = steady[:, [BANDS[lower], BANDS[lower + 1]]].mean(axis=0)
    assert pair == pytest.approx([17.0, 17.0], abs=0.3)


def test_motion_and_jerk_of_a_tone_are_its_rms_and_its_slope() -> None:
    steady = lesson_quantities(_tone(4.0, 10.0, 10), 50)[3:, 0]
    assert steady[:, INDEX["motion_rms"]] == pytest.approx(20.0, abs=0.01)
    assert steady[:, INDEX["rms_major"]] == pytest.approx(20.0, abs=0.01)
    assert (steady[:, INDEX["rms_minor"]] < -10.0).all()
    slope = 20.0 + 20.0 * math.log10(2 * 50 * math.sin(math.pi * 4.0 / 50))
    assert steady[:, INDEX["jerk_rms"]] == pytest.approx(slope, abs=0.1)


def test_white_noise_fills_the_bands_by_their_width() -> None:
    noise = np.random.default_rng(5).normal(0, 0.003, (50 * 400, 4, 3)).astype(np.float32)
    values = lesson_quantities(noise, 50)[4:]
    power = np.mean(10 ** (values[:, :, BANDS] / 10), axis=(0, 1))
    expected = [27.0 * (high - low) / 25.0 for low, high in BANDS_HZ]
    assert 10 * np.log10(power) == pytest.approx(10 * np.log10(expected), abs=0.35)


def test_a_still_sensor_has_the_lowest_level_and_never_minus_infinity() -> None:
    values = lesson_quantities(_still(8), 50)[1:, 0]
    assert np.isfinite(values).all()
    assert (values[:, :10] == LOWEST_LEVEL_DB).all()
    assert (values[:, INDEX["stillness"]] == 1.0).all()
    assert (values[:, [INDEX["wiggle_count"], INDEX["tilt_change"]]] == 0.0).all()


@settings(max_examples=examples(20), deadline=None)
@given(seed=st.integers(0, 10_000))
def test_no_mounting_matters(seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = rng.normal(0, 0.02, (50 * 6, 2, 3)) * [1.0, 0.4, 0.1] + [0.0, 0.6, 0.8]
    turned = samples @ _turns(seed).T
    straight = lesson_quantities(samples.astype(np.float32), 50)
    other = lesson_quantities(turned.astype(np.float32), 50)
    assert other == pytest.approx(straight, abs=0.02, nan_ok=True)
    axes = straight[:, :, 1:4]
    assert (np.diff(axes, axis=2) <= 0).all()


@settings(max_examples=examples(15), deadline=None)
@given(seed=st.integers(0, 10_000), drop=st.floats(0.0, 0.5))
def test_a_whole_lesson_has_exactly_the_streams_numbers(seed: int, drop: float) -> None:
    rng = np.random.default_rng(seed)
    samples = (rng.normal(0, 0.01, (50 * 12, 3, 3)) + UPRIGHT).astype(np.float32)
    samples[rng.random(samples.shape[:2]) < drop] = np.nan
    stream = MotionQuantities(seats=3, rate_hz=50)
    one_by_one = np.stack([stream.update(part) for part in samples.reshape(12, 50, 3, 3)])
    np.testing.assert_array_equal(lesson_quantities(samples, 50), one_by_one)


@settings(max_examples=examples(15), deadline=None)
@given(seed=st.integers(0, 10_000), others=st.integers(1, 5))
def test_a_seat_does_not_depend_on_its_neighbours(seed: int, others: int) -> None:
    rng = np.random.default_rng(seed)
    alone = (rng.normal(0, 0.01, (50 * 6, 1, 3)) + UPRIGHT).astype(np.float32)
    group = np.concatenate([alone, rng.normal(0, 0.1, (300, others, 3))], axis=1)
    group[rng.random(group.shape[:2]) < 0.3, :] = np.nan
    group[:, 0] = alone[:, 0]
    together = lesson_quantities(group.astype(np.float32), 50)[:, 0]
    assert together == pytest.approx(lesson_quantities(alone, 50)[:, 0], abs=0.01, nan_ok=True)


@settings(max_examples=examples(25), deadline=None)
@given(counts=st.lists(st.integers(45, 55), min_size=8, max_size=12))
def test_a_jittering_clock_keeps_the_levels(counts: list[int]) -> None:
    stream = MotionQuantities(seats=1, rate_hz=50)
    values = []
    for second, n in enumerate(counts):
        at = second + (np.arange(n) + 0.5) / n
        samples = np.zeros((n, 1, 3), np.float32)
        samples[:, 0, 1] = -1.0 + 0.01 * math.sqrt(2) * np.sin(2 * np.pi * 8.0 * at)
        values.append(stream.update(samples)[0])
    steady = np.array(values)[4:]
    assert steady[:, INDEX["motion_rms"]] == pytest.approx(20.0, abs=0.05)
    assert steady[:, INDEX["band_6_12"]] == pytest.approx(20.0, abs=0.05)
    assert (steady[:, INDEX["band_1_3"]] < -10.0).all()


def test_a_seat_with_too_few_samples_is_missing_and_its_neighbour_is_not() -> None:
    samples = _still(3, seats=2)
    samples[50:71, 0] = np.nan  # 29 of 50 are left
    samples[100:120, 0] = np.nan  # 30 of 50
    values = lesson_quantities(samples, 50)
    assert np.isnan(values[1, 0]).all()
    assert np.isfinite(values[1, 1]).all()
    after_gap = values[2, 0]
    assert np.isnan(after_gap[INDEX["tilt_change"]])
    assert np.isfinite(after_gap[: INDEX["tilt_change"]]).all()


def test_lost_samples_hardly_move_the_levels() -> None:
    rng = np.random.default_rng(3)
    whole = _tone(2.0, 20.0, 20)
    cut = whole.copy()
    for second in range(20):  # a lost frame of 6 samples a second
        at = second * 50 + int(rng.integers(0, 44))
        cut[at : at + 6] = np.nan
    names = ["motion_rms", "jerk_rms", "band_1_3"]
    columns = [INDEX[name] for name in names]
    difference = lesson_quantities(cut, 50)[4:, 0] - lesson_quantities(whole, 50)[4:, 0]
    assert np.abs(difference[:, columns]).max() < 0.9
    assert np.abs(difference[:, columns].mean(axis=0)).max() < 0.4


def test_at_25_hz_only_what_lies_above_its_half_is_missing() -> None:
    values = lesson_quantities(_tone(4.5, 10.0, 8, rate=25), 25)[5:, 0]
    assert np.isnan(values[:, INDEX["band_12_24"]]).all()
    assert np.isfinite(np.delete(values, INDEX["band_12_24"], axis=1)).all()
    assert values[:, INDEX["band_3_6"]] == pytest.approx(20.0, abs=0.3)


def test_tilt_is_the_angle_of_gravity() -> None:
    samples = _still(4)
    angle = math.radians(12.0)
    samples[100:] = [[math.sin(angle), 0.0, math.cos(angle)]]
    tilt = lesson_quantities(samples, 50)[:, 0, INDEX["tilt_change"]]
    assert np.isnan(tilt[0])
    assert tilt[1:] == pytest.approx([0.0, 12.0, 0.0], abs=0.05)


def test_wiggles_count_the_movements_that_begin() -> None:
    rng = np.random.default_rng(1)
    samples = _still(30) + rng.normal(0, 0.002, (1500, 1, 3)).astype(np.float32)
    for start in (500, 700, 1000):  # seconds 10, 14 and 20, half a second each
        samples[start : start + 25, 0] += rng.normal(0, 0.08, (25, 3)).astype(np.float32)
    values = lesson_quantities(samples, 50)[:, 0]
    counted = np.flatnonzero(values[:, INDEX["wiggle_count"]])
    assert counted.tolist() == [10, 14, 20]
    assert values[10, INDEX["stillness"]] == 0.5
    assert values[11:14, INDEX["stillness"]].min() == 1.0


def test_writing_for_ten_minutes_does_not_become_stillness() -> None:
    rng = np.random.default_rng(2)
    samples = _still(660) + rng.normal(0, 0.0015, (660 * 50, 1, 3)).astype(np.float32)
    samples[60 * 50 :] += rng.normal(0, 0.008, (600 * 50, 1, 3)).astype(np.float32)
    still = lesson_quantities(samples, 50)[:, 0, INDEX["stillness"]]
    assert still[20:60].mean() > 0.95
    assert still[600:].mean() < 0.2


@pytest.mark.parametrize("shape", ((50, 2), (50, 3, 3), (50, 2, 2)))
def test_a_wrong_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected \\(samples, 2, 3\\)"):
        MotionQuantities(seats=2, rate_hz=50).update(np.zeros(shape, np.float32))


def test_no_samples_at_all_are_a_missing_period() -> None:
    stream = MotionQuantities(seats=2, rate_hz=50)
    assert np.isnan(stream.update(np.zeros((0, 2, 3), np.float32))).all()


def test_wild_values_give_no_infinity() -> None:
    samples = np.random.default_rng(4).normal(0, 200.0, (250, 2, 3)).astype(np.float32)
    samples[10, 0, 0] = np.inf  # counts as lost
    assert np.isfinite(lesson_quantities(samples, 50)[1:]).all()
