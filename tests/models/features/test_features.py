"""The features: causal, relative to the seat's own normal, and whole where readings are not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from contract.lesson import LabelledLesson
from models.features.seat_features import EPOCH_S, FEATURES, EpochFeatures, SeatFeatures
from models.learning.rows import lesson_rows

MakeLesson = Callable[..., LabelledLesson]
ROOM_LEVELS = [at for at, name in enumerate(FEATURES) if name in {"noise_10", "noise_60"}]


def _run(seat: np.ndarray, room: np.ndarray) -> list[EpochFeatures]:
    half = seat.shape[1] // 2
    stream = SeatFeatures(seats=seat.shape[1], groups=[range(half), range(half, seat.shape[1])])
    starts = range(0, len(seat) - EPOCH_S + 1, EPOCH_S)
    return [stream.update(seat[at : at + EPOCH_S], room[at : at + EPOCH_S]) for at in starts]


def _values(features: list[EpochFeatures]) -> np.ndarray:
    return np.stack([one.values for one in features])


def test_names_and_columns_go_together(make_lesson: MakeLesson) -> None:
    lesson = make_lesson(1, seconds=60)
    assert len(set(FEATURES)) == len(FEATURES)
    assert _run(lesson.seat, lesson.room)[0].values.shape == (12, len(FEATURES))


def test_nothing_looks_ahead(make_lesson: MakeLesson) -> None:
    lesson = make_lesson(2)
    changed = lesson.seat.copy()
    changed[300:] += 20.0
    noisier = lesson.room.copy()
    noisier[300:] += 20.0
    before, after = _run(lesson.seat, lesson.room), _run(changed, noisier)
    np.testing.assert_array_equal(_values(before)[:60], _values(after)[:60])
    assert not np.array_equal(_values(before)[60], _values(after)[60], equal_nan=True)


def test_a_more_sensitive_sensor_changes_nothing(make_lesson: MakeLesson) -> None:
    """All levels 6 dB up, and the noise 6 dB up: only the absolute noise levels know."""
    lesson = make_lesson(3)
    louder = lesson.seat.copy()
    louder[:, :, :10] += 6.0
    room = lesson.room.copy()
    room[:, :4] += 6.0
    plain, raised = _values(_run(lesson.seat, lesson.room)), _values(_run(louder, room))
    difference = np.abs(np.nan_to_num(raised - plain))
    assert difference[:, :, ROOM_LEVELS] == pytest.approx(6.0, abs=0.03)
    difference[:, :, ROOM_LEVELS] = 0.0
    assert difference.max() <= 2 / 64


def test_a_lesson_for_training_has_the_streams_features(make_lesson: MakeLesson) -> None:
    lesson = make_lesson(4)
    np.testing.assert_array_equal(
        lesson_rows(lesson).values, _values(_run(lesson.seat, lesson.room))
    )


def test_nothing_is_known_in_the_first_minute_and_then_all(make_lesson: MakeLesson) -> None:
    lesson = make_lesson(5)
    features = _run(lesson.seat, lesson.room)
    assert not any(one.known.any() for one in features[:12])
    assert all(one.known.all() for one in features[12:])
    assert np.isfinite(_values(features)[24:]).all()


def test_a_seat_without_readings_is_not_known_and_its_neighbours_are(
    make_lesson: MakeLesson,
) -> None:
    lesson = make_lesson(6)
    cut = lesson.seat.copy()
    cut[300:330, 0] = np.nan
    features = _run(cut, lesson.room)
    assert not any(one.known[0] for one in features[61:66])
    assert all(one.known[1:].all() for one in features[61:66])
    assert all(one.known[0] for one in features[67:])


def test_one_lost_second_in_five_hardly_moves_the_features(make_lesson: MakeLesson) -> None:
    lesson = make_lesson(7)
    cut = lesson.seat.copy()
    cut[np.random.default_rng(7).random(cut.shape[:2]) < 0.2] = np.nan
    at = FEATURES.index("typical_60")
    whole, lossy = _run(lesson.seat, lesson.room), _run(cut, lesson.room)
    difference = _values(lossy)[30:, :, at] - _values(whole)[30:, :, at]
    assert np.nanmean(np.abs(difference)) < 0.5
    assert np.mean([one.known.mean() for one in lossy[30:]]) > 0.95


def test_who_never_moves_is_not_there_and_who_stops_leaves_after_five_minutes(
    make_lesson: MakeLesson,
) -> None:
    lesson = make_lesson(8, seconds=900)
    seat = lesson.seat.copy()
    seat[:, 0, 11] = 0.0
    seat[:, 1, 11] = 0.0
    seat[100, 1, 11] = 1.0
    features = _run(seat, lesson.room)
    assert not any(one.present[0] for one in features)
    assert [bool(one.present[1]) for one in features].index(True) == 20
    assert sum(one.present[1] for one in features) == 60


def test_only_the_band_that_a_slow_sensor_can_not_measure_is_missing(
    make_lesson: MakeLesson,
) -> None:
    lesson = make_lesson(9)
    seat = lesson.seat.copy()
    seat[:, :, 9] = np.nan
    last = _run(seat, lesson.room)[-1]
    missing = [
        name for name, lost in zip(FEATURES, np.isnan(last.values).any(0), strict=True) if lost
    ]
    assert missing == [name for name in FEATURES if name.startswith("band_12_24")]
    assert last.known.all()


def test_without_a_sound_sensor_only_the_noise_is_missing(make_lesson: MakeLesson) -> None:
    lesson = make_lesson(10)
    last = _run(lesson.seat, np.full_like(lesson.room, np.nan))[-1]
    missing = {
        name for name, lost in zip(FEATURES, np.isnan(last.values).all(0), strict=True) if lost
    }
    assert missing == {name for name in FEATURES if name.startswith(("noise", "onsets"))}


def test_constant_and_extreme_readings_stay_finite(make_lesson: MakeLesson) -> None:
    lesson = make_lesson(11)
    for level in (-40.0, 96.0):
        seat = np.full_like(lesson.seat, level)
        seat[:, :, 10:] = 1.0
        values = _values(_run(seat, lesson.room))[24:]
        together = FEATURES.index("together_60")  # no correlation where nothing changes
        assert np.isfinite(np.delete(values, together, axis=2)).all()


def test_after_a_pause_the_windows_begin_afresh_and_the_normal_goes_on(
    make_lesson: MakeLesson,
) -> None:
    lesson = make_lesson(12)
    stream = SeatFeatures(seats=12)
    epochs = [
        (lesson.seat[at : at + EPOCH_S], lesson.room[at : at + EPOCH_S]) for at in range(0, 300, 5)
    ]
    for seat, room in epochs[:40]:
        stream.update(seat, room)
    stream.forget_windows()
    first = stream.update(*epochs[40])
    assert first.known.all()
    at_5, at_60 = FEATURES.index("motion_5"), FEATURES.index("motion_60")
    np.testing.assert_allclose(first.values[:, at_5], first.values[:, at_60], atol=0.05)


def test_a_normal_that_is_held_does_not_move(make_lesson: MakeLesson) -> None:
    lesson = make_lesson(13)
    louder = lesson.seat.copy()
    louder[100:, :, :10] += 12.0
    free, held = SeatFeatures(seats=12), SeatFeatures(seats=12)
    for at in range(0, 600, EPOCH_S):
        if at == 100:
            held.hold_normal()
        part = louder[at : at + EPOCH_S], lesson.room[at : at + EPOCH_S]
        latest = free.update(*part).movement_db, held.update(*part).movement_db
    drifted, kept = (float(np.mean(one)) for one in latest)
    assert kept > 10.0
    assert drifted < 6.0


def test_an_epochs_own_shape_needs_no_normal(make_lesson: MakeLesson) -> None:
    """The same five seconds have the same shape whatever was before, and it is as computed."""
    lesson = make_lesson(13)
    shape = [FEATURES.index("band_3_6_over_motion_5"), FEATURES.index("lowest_under_5"),
             FEATURES.index("highest_over_5"), FEATURES.index("spread_5"),
             FEATURES.index("middle_spread_5"), FEATURES.index("tilt_highest_5")]  # fmt: skip
    other = lesson.seat.copy()
    other[:295] = lesson.seat[295:0:-1]
    plain, changed = _run(lesson.seat, lesson.room)[60], _run(other, lesson.room)[60]
    np.testing.assert_array_equal(plain.values[:, shape], changed.values[:, shape])
    epoch = lesson.seat[300:305].astype(np.float64)
    motion, hands = epoch[:, :, 0], epoch[:, :, 7]
    band, level = (10.0 * np.log10((10.0 ** (x / 10.0)).mean(axis=0)) for x in (hands, motion))
    mean = motion.mean(axis=0)
    expected = [band - level, mean - motion.min(axis=0), motion.max(axis=0) - mean,
                motion.std(axis=0), (hands - motion).std(axis=0), epoch[:, :, 12].max(axis=0)]  # fmt: skip
    np.testing.assert_allclose(plain.values[:, shape].T, expected, atol=0.02)


def test_a_seat_of_switches_alone_is_not_judged_and_disturbs_nobody() -> None:
    """A kit's switches know stillness and wiggles of a seat, and no level."""
    draw = np.random.default_rng(1)
    with_switch, without = SeatFeatures(seats=7), SeatFeatures(seats=7)
    for _ in range(60):
        seat = draw.normal(10.0, 3.0, (5, 7, 13)).astype(np.float32)
        seat[:, :, 10] = draw.choice([0.0, 0.25, 0.5, 1.0], (5, 7))
        seat[:, :, 11] = draw.integers(0, 2, (5, 7))
        seat[:, 6, :10] = seat[:, 6, 12] = np.nan
        room = draw.normal(60.0, 3.0, (5, 5)).astype(np.float32)
        found = with_switch.update(seat, room)
        seat[:, 6] = np.nan
        other = without.update(seat, room)
    assert found.known.tolist() == [True] * 6 + [False]
    assert other.known.tolist() == [True] * 6 + [False]
    np.testing.assert_allclose(found.values[:6], other.values[:6], equal_nan=True)
