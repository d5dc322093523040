"""Samples at any rate: the bands stay what they are, nothing folds back, lost stays lost."""

from __future__ import annotations

import numpy as np
import pytest

from contract.quantities.motion import lesson_quantities
from contract.quantities.table import SEAT_QUANTITIES
from models.recordings.reading.resampling import common_rate, seconds_of

BAND = {q.name: at for at, q in enumerate(SEAT_QUANTITIES)}


def tone(hz: float, rate: float, seconds: int = 20, jitter: float = 0.0) -> tuple:
    rng = np.random.default_rng(0)
    at = np.arange(round(seconds * rate)) / rate
    at = at + np.concatenate([[0.0], rng.uniform(-jitter, jitter, len(at) - 1) / rate])
    wave = 0.05 * np.sin(2.0 * np.pi * hz * at)
    acceleration = np.stack([wave, np.zeros_like(wave), np.ones_like(wave)], axis=1)
    return at, acceleration.astype(np.float32)


def quantities(hz: float, rate: float, jitter: float = 0.0) -> np.ndarray:
    seconds = seconds_of(*tone(hz, rate, jitter=jitter), rate, 50.0)
    assert all(len(one) == 50 for one in seconds)
    return lesson_quantities(np.concatenate(seconds)[:, None], 50.0)[3:-1, 0]


@pytest.mark.parametrize("rate", (64.0, 100.0, 128.0, 400.0))
@pytest.mark.parametrize(
    ("hz", "name"), ((2.0, "band_1_3"), (9.0, "band_6_12"), (17.0, "band_12_24"))
)
def test_a_faster_sensor_shows_the_same_bands(rate: float, hz: float, name: str) -> None:
    plain = quantities(hz, 50.0)[:, BAND[name]]
    np.testing.assert_allclose(quantities(hz, rate)[:, BAND[name]], plain, atol=0.3)


@pytest.mark.parametrize("hz", (30.0, 45.0))
def test_what_50_hz_can_not_show_does_not_fold_back(hz: float) -> None:
    reported = quantities(hz, 100.0)
    assert reported[:, BAND["motion_rms"]].max() < 31.0 - 20.0  # the tone alone would be 31 dB


def test_times_that_jitter_change_little() -> None:
    reported, plain = (
        quantities(9.0, 100.0, jitter)[:, BAND["band_6_12"]] for jitter in (0.3, 0.0)
    )
    np.testing.assert_allclose(reported, plain, atol=0.5)


def test_samples_at_a_rate_that_fits_go_in_as_they_are() -> None:
    at, acceleration = tone(3.0, 50.0)
    seconds = seconds_of(at, acceleration, 50.0, 50.0)
    np.testing.assert_array_equal(np.concatenate(seconds), acceleration)


def test_a_gap_is_missing_and_the_seconds_around_it_are_not() -> None:
    for rate in (50.0, 100.0):
        at, acceleration = tone(3.0, rate)
        kept = (at < 8.3) | (at >= 10.7)
        seconds = seconds_of(at[kept], acceleration[kept], rate, 50.0)
        assert len(seconds) == 20
        there = [len(one) and float(np.isfinite(one).all(axis=1).mean()) for one in seconds]
        assert there[9] == 0.0
        assert 0.25 < there[8] < 0.4
        assert all(share == 1.0 for at_s, share in enumerate(there) if not 8 <= at_s <= 10)


def test_recordings_are_compared_at_the_slowest_rate() -> None:
    assert common_rate([100.0, 64.0]) == 50.0
    assert common_rate([100.0, 32.0]) == 32.0
    assert common_rate([]) == 50.0
