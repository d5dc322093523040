"""Lining up a video with its lesson by levels alone."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contract.errors import UsageError
from school.video.alignment.clock_map import Point, Segment, by_points, to_lesson, to_video
from school.video.alignment.correlation import likeness
from school.video.alignment.line_up import line_up
from school.video.alignment.stretches import stretches
from school.video.alignment.traces import Trace, prepared, seconds_of
from simulators.classroom import Classroom
from simulators.lesson_video.camera import Camera, Pause, recorded_levels
from simulators.scenario import load_scenario

STEP_S = 0.1


@cache
def classroom(seed: int = 1) -> Classroom:
    return Classroom(load_scenario("demo"), seed)


def room(seed: int = 1) -> NDArray[np.float64]:
    lesson = classroom(seed)
    levels = lesson.levels(0, 8 * lesson.scenario.periods).reshape(-1, 8)
    return np.asarray(10.0 * np.log10(np.mean(10.0 ** (levels / 10.0), axis=1)))


def recorded(camera: Camera, seed: int = 1) -> NDArray[np.float64]:
    return recorded_levels(classroom(seed), camera, seed)


def video_at(camera: Camera, lesson_s: float, *, after_pause: bool = False) -> float:
    return camera.offset_s(after_pause=after_pause) + camera.rate * lesson_s


@pytest.mark.parametrize("starts_at_s", (-75.3, 0.0, 42.0, 191.7))
def test_a_lesson_is_found_in_its_video(starts_at_s: float) -> None:
    camera = Camera(starts_at_s=starts_at_s, length_s=1800.0)
    found = line_up(room(), recorded(camera), STEP_S)
    assert found.verdict == "accepted"
    (each,) = found.segments
    for lesson_s in (300.0, 900.0, 1500.0):
        error = to_video([each.segment], lesson_s)
        assert error is not None
        assert abs(error - video_at(camera, lesson_s)) <= each.plus_minus_s
    assert each.correlation > 0.5
    assert 0.2 <= each.plus_minus_s <= 0.5


@settings(max_examples=15)
@given(st.floats(-300.0, 300.0), st.floats(-60.0, 60.0))
def test_neither_where_it_starts_nor_its_gain_matters(starts_at_s: float, gain_db: float) -> None:
    """The levels themselves, at a tenth of a second: then it is right to a tenth."""
    levels = classroom().levels(0, 8 * 2700)
    total = np.concatenate([[0.0], np.cumsum(10.0 ** (levels / 10.0))]) / 8.0
    edges = np.arange(18_001) * STEP_S + starts_at_s
    energy = np.diff(np.interp(edges, np.arange(total.size) / 8.0, total))
    quiet = 10.0 * np.log10(np.maximum(energy / STEP_S, 1.0)) + gain_db
    found = line_up(room(), quiet, STEP_S)
    assert found.verdict == "accepted"
    assert abs(found.segments[0].segment.offset_s + starts_at_s) < 0.1


def test_a_video_of_another_lesson_is_not_accepted() -> None:
    found = line_up(room(1), recorded(Camera(length_s=2400.0), seed=2), STEP_S)
    assert found.verdict != "accepted"


def test_less_than_a_quarter_of_an_hour_is_only_proposed() -> None:
    short = line_up(room(), recorded(Camera(length_s=14 * 60.0)), STEP_S)
    assert short.verdict == "proposed"
    assert short.segments[0].segment.offset_s == pytest.approx(-42.0, abs=0.5)
    assert line_up(room(), recorded(Camera(length_s=16 * 60.0)), STEP_S).verdict == "accepted"


def test_only_what_lies_in_the_lesson_counts_to_the_quarter_of_an_hour() -> None:
    camera = Camera(starts_at_s=-600.0, length_s=20 * 60.0)
    assert line_up(room(), recorded(camera), STEP_S).verdict == "proposed"


def test_a_stopped_camera_starts_a_new_segment() -> None:
    camera = Camera(length_s=2400.0, pause=Pause(1300.0, 120.0))
    found = line_up(room(), recorded(camera), STEP_S)
    first, second = found.segments
    assert found.verdict == "accepted"
    assert first.segment.end_s == pytest.approx(1300.0, abs=20.0)
    assert second.segment.start_s == pytest.approx(1420.0, abs=20.0)
    segments = [first.segment, second.segment]
    assert to_video(segments, 1360.0) is None
    for lesson_s, late in ((700.0, False), (2000.0, True)):
        video_s = to_video(segments, lesson_s)
        assert video_s is not None
        assert abs(video_s - video_at(camera, lesson_s, after_pause=late)) < 0.5
        assert to_lesson(segments, video_s) == pytest.approx(lesson_s)


def test_a_short_rest_after_a_stop_is_asked_about() -> None:
    camera = Camera(length_s=1800.0, pause=Pause(1300.0, 60.0))
    found = line_up(room(), recorded(camera), STEP_S)
    assert len(found.segments) == 2
    assert found.verdict == "proposed"


def test_a_clock_that_runs_fast_is_noticed_only_if_it_is_clear() -> None:
    usual = line_up(room(), recorded(Camera(length_s=2400.0, drift_ppm=40.0)), STEP_S)
    assert usual.segments[0].segment.rate == 1.0
    wrong = line_up(room(), recorded(Camera(length_s=2400.0, drift_ppm=500.0)), STEP_S)
    assert wrong.segments[0].segment.rate == pytest.approx(1.0005, abs=0.0001)


def test_gaps_of_the_room_and_of_the_sound_are_no_levels() -> None:
    trace, levels = room(), recorded(Camera(length_s=2400.0))
    trace[500:800] = np.nan
    trace[::17] = np.nan
    levels[9000:12000] = np.nan
    found = line_up(trace, levels, STEP_S)
    assert found.verdict == "accepted"
    assert found.segments[0].segment.offset_s == pytest.approx(-42.0, abs=0.5)


@pytest.mark.parametrize(
    ("trace", "levels"),
    (
        (np.full(2700, np.nan), np.full(24000, -20.0)),
        (np.full(2700, 50.0), np.full(24000, -20.0)),
        (np.zeros(0), np.zeros(0)),
        (np.full(10, 50.0), np.full(15, -20.0)),
        (np.arange(3000.0) % 7, np.full(24000, np.nan)),
    ),
)
def test_where_nothing_was_heard_nothing_is_found(
    trace: NDArray[np.float64], levels: NDArray[np.float64]
) -> None:
    found = line_up(trace, levels, STEP_S)
    assert (found.verdict, found.segments) == ("nothing", ())


@given(st.integers(0, 2**32 - 1), st.integers(1, 400), st.integers(1, 400))
def test_the_likeness_is_the_correlation_of_the_overlap(seed: int, n: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = (rng.standard_normal(size) for size in (n, m))
    known_x, known_y = (rng.random(size) < 0.9 for size in (n, m))
    found = likeness(Trace(x * known_x, known_x * 1.0), Trace(y * known_y, known_y * 1.0), 2.0)
    for at in range(0, found.lag_s.size, max(1, found.lag_s.size // 7)):
        lag = int(found.lag_s[at])
        pairs = [
            (x[i], y[i + lag])
            for i in range(max(0, -lag), min(n, m - lag))
            if known_x[i] and known_y[i + lag]
        ]
        assert found.overlap_s[at] == len(pairs)
        if len(pairs) < 2:
            assert found.correlation[at] == 0.0
            continue
        a, b = np.array(pairs).T
        expected = a @ b / math.sqrt((a @ a) * (b @ b))
        assert found.correlation[at] == pytest.approx(expected, abs=1e-6)


@given(st.lists(st.one_of(st.floats(-120.0, 120.0), st.just(math.nan)), max_size=300))
def test_a_prepared_trace_is_bounded_and_unknown_stays_unknown(values: list[float]) -> None:
    found = prepared(np.array(values, np.float64))
    unknown = np.isnan(values)
    assert not found.value[unknown].any()
    assert not found.known[unknown].any()
    assert np.isfinite(found.value).all()
    if found.known.any():
        assert np.mean(found.value[found.known > 0] ** 2) == pytest.approx(1.0)


def test_seconds_are_averaged_as_energy() -> None:
    levels = np.array([60.0] * 5 + [40.0] * 5 + [50.0] * 4 + [math.nan] * 6)
    found = seconds_of(levels, STEP_S, 0)
    assert found[0] == pytest.approx(10.0 * math.log10((10**6 + 10**4) / 2))
    assert math.isnan(found[1])
    assert seconds_of(levels, STEP_S, 5).size == 1


def test_stretches_leave_no_gap_and_keep_their_order() -> None:
    camera = Camera(length_s=2400.0, pause=Pause(900.0, 45.0))
    video = prepared(seconds_of(recorded(camera), STEP_S, 0))
    found = stretches(prepared(room()), video)
    assert found[0].start_s == 0
    assert found[-1].end_s == video.value.size
    for before, after in pairwise(found):
        assert before.end_s == after.start_s
        assert before.lag_s > after.lag_s


@given(st.floats(-3600.0, 3600.0), st.floats(0.0, 5000.0), st.floats(0.999, 1.001))
def test_the_two_directions_of_a_map_undo_each_other(
    offset_s: float, lesson_s: float, rate: float
) -> None:
    segments = [Segment(-math.inf, math.inf, offset_s, rate)]
    video_s = to_video(segments, lesson_s)
    assert video_s is not None
    assert to_lesson(segments, video_s) == pytest.approx(lesson_s, abs=1e-6)


def test_one_point_or_two_make_a_map_with_its_uncertainty() -> None:
    one, plus_minus_s = by_points([Point(192.0, 150.0)], each_s=0.5)
    assert (one.offset_s, one.rate, plus_minus_s) == (42.0, 1.0, 0.5)
    two, plus_minus_s = by_points([Point(1000.0, 958.4), Point(192.0, 150.0)], each_s=0.5)
    assert two.offset_s == pytest.approx(41.8)
    assert plus_minus_s == pytest.approx(0.354, abs=0.001)
    _, wide = by_points([Point(100.0, 50.0), Point(1300.0, 1248.8)], each_s=0.5)
    assert wide == pytest.approx(0.6)


def test_points_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(UsageError, match=r"differ by 30\.0 s"):
        by_points([Point(100.0, 50.0), Point(1300.0, 1280.0)], each_s=0.5)
    with pytest.raises(UsageError, match="one or two points"):
        by_points([], each_s=0.5)
    with pytest.raises(UsageError, match="numbers"):
        by_points([Point(math.nan, 0.0)], each_s=0.5)


@pytest.mark.parametrize(
    ("room", "video"), ((0, 10), (0, 6_000), (600, 0), (0, 0), (1, 6_000), (600, 10))
)
def test_a_lesson_or_a_video_without_length_says_nothing(room: int, video: int) -> None:
    rng = np.random.default_rng(1)
    assert line_up(rng.normal(size=room), rng.normal(size=video), 0.1).verdict == "nothing"
