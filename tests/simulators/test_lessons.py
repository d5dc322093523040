from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.lesson import ACTIVITIES
from contract.quantities.motion import MotionQuantities
from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES
from simulators.classroom import Classroom
from simulators.facts import Sensors
from simulators.lessons import draw_scenario, lesson_of, simulate_lesson
from simulators.scenario import Scenario


@pytest.fixture(scope="module")
def lesson():
    return simulate_lesson(Scenario(sensors=Sensors(dropouts=60.0)).lasting(3), seed=1)


def test_a_lesson_has_the_shapes_that_training_expects(lesson):
    assert lesson.seat.shape == (180, 30, len(SEAT_QUANTITIES))
    assert lesson.room.shape == (180, len(ROOM_QUANTITIES))
    for truth in (lesson.off_task, lesson.occupied, lesson.kind):
        assert truth.shape == (180, 30)
    assert (lesson.seat.dtype, lesson.room.dtype) == (np.float32, np.float32)
    assert (lesson.off_task.dtype, lesson.kind.dtype) == (np.bool_, np.int8)
    assert lesson.kind.max() < len(lesson.kinds)
    assert not (lesson.off_task & ~lesson.occupied).any()
    assert lesson.seats == tuple(range(1, 31))
    assert lesson.classroom == "simulated-1"
    assert np.isfinite(lesson.room).all()


def test_a_lesson_is_what_the_hubs_would_have_made_the_edge_send(lesson):
    scenario = Scenario(sensors=Sensors(dropouts=60.0)).lasting(3)
    classroom = Classroom(scenario, 1)
    assert classroom.dropouts
    hub = classroom.hub_signals()[2]
    quantities = MotionQuantities(seats=hub.seats, rate_hz=50.0)
    for second in range(60):
        counts = hub.acceleration(second * 50, 50)
        readings = np.where(counts == -32768, np.nan, counts / np.float32(hub.counts_per_g))
        expected = quantities.update(readings.astype(np.float32))
        sent = lesson.seat[second, 16:23]
        assert np.array_equal(np.isnan(sent[:, 0]), np.isnan(expected[:, 0]))
        steps = np.array([q.scale for q in SEAT_QUANTITIES])
        off = np.abs(sent - expected) > 0.51 * steps
        assert not off[~np.isnan(expected)].any()


def test_readings_that_dropped_out_are_missing():
    scenario = Scenario(sensors=Sensors(dropouts=60.0)).lasting(3)
    classroom = Classroom(scenario, 1)
    out = np.zeros((180, 30), bool)
    for dropout in classroom.dropouts:
        out[dropout.start_s : dropout.end_s, [seat - 1 for seat in dropout.seats]] = True
    assert np.array_equal(np.isnan(lesson_of(classroom).seat[..., 0]), out)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_drawn_lessons_can_be_lessons(seed):
    scenario = draw_scenario(seed)
    assert 39.0 < scenario.minutes < 52.0
    assert all(span.name in ACTIVITIES for span in scenario.activities)
    assert all(span.minutes >= 4.0 or span.name == "transition" for span in scenario.activities)
    names = [span.name for span in scenario.activities if span.name != "transition"]
    assert all(a != b for a, b in itertools.pairwise(names))
    assert draw_scenario(seed) == scenario


def test_drawn_lessons_differ():
    drawn = [draw_scenario(seed) for seed in range(40)]
    assert len({tuple(span.name for span in one.activities) for one in drawn}) > 15
    assert {True, False} == {bool(one.fire_drills) for one in drawn}
