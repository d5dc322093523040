from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.behaviour.motion_signal import BLOCK_S
from simulators.classroom import Classroom, quantised
from simulators.facts import Sensors
from simulators.scenario import Room, Scenario, load_scenario, scenario_names
from simulators.truth import Kind

PERFECT = Sensors(noise_mg=(0.0, 0.0), gain_sd=0.0, zero_g_mg=0.0, mounting="level", dropouts=0.0)


@pytest.fixture(scope="module")
def classroom():
    return Classroom(load_scenario("lively_class").lasting(4), seed=3)


@pytest.fixture(scope="module")
def whole(classroom):
    return classroom.acceleration(0, classroom.samples)


def test_the_same_seed_gives_the_same_class_and_another_seed_another(classroom, whole):
    again = Classroom(classroom.scenario, seed=3)
    assert np.array_equal(again.truth().kind, classroom.truth().kind)
    assert np.array_equal(again.acceleration(500, 700), whole[500:1200])
    assert np.array_equal(again.levels(0, 1920), classroom.levels(0, 1920))
    other = Classroom(classroom.scenario, seed=4)
    assert not np.array_equal(other.truth().kind, classroom.truth().kind)
    assert not np.allclose(other.acceleration(500, 700), whole[500:1200])


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_however_it_is_sliced_it_is_the_same(classroom, whole, data):
    first = data.draw(st.integers(0, classroom.samples))
    count = data.draw(st.integers(0, classroom.samples - first))
    seats = data.draw(st.none() | st.lists(st.sampled_from(range(1, 31)), min_size=1, unique=True))
    part = classroom.acceleration(first, count, None if seats is None else tuple(seats))
    expected = whole[first : first + count]
    if seats is not None:
        expected = expected[:, [seat - 1 for seat in seats]]
    assert part.dtype == np.float32
    assert np.array_equal(part, expected)


@given(st.integers(0, 1920), st.integers(0, 1920))
def test_levels_are_the_same_however_they_are_sliced(classroom, first, last):
    first, last = sorted((first, last))
    whole = classroom.levels(0, 1920)
    assert np.array_equal(classroom.levels(first, last - first), whole[first:last])


@settings(max_examples=12)
@given(
    name=st.sampled_from(scenario_names()),
    minutes=st.floats(0.01, 4.0),
    hubs=st.lists(st.integers(1, 8), min_size=1, max_size=8),
    seed=st.integers(0, 2**63),
)
def test_any_class_can_be_drawn(name, minutes, hubs, seed):
    room = Room(hubs=tuple(hubs), empty_seats=0, late_comers=1)
    scenario = load_scenario(name).model_copy(update={"room": room}).lasting(minutes)
    drawn = Classroom(scenario, seed)
    periods, seats = scenario.periods, sum(hubs)
    assert drawn.samples == 50 * periods
    assert drawn.truth().kind.shape == (periods, seats)
    last = drawn.acceleration(50 * (periods - 1), 50)
    assert last.shape == (50, seats, 3)
    assert np.isfinite(last).all()
    levels = drawn.levels(0, 8 * periods)
    assert (levels > 10.0).all()
    assert (levels < 115.0).all()
    assert drawn.truth().off_task.sum() <= drawn.truth().occupied.sum()


def test_reading_backwards_is_the_same(classroom, whole):
    block = BLOCK_S * 50
    for number in (3, 1, 2, 0):
        part = classroom.acceleration(number * block, block)
        assert np.array_equal(part, whole[number * block :][:block])


@pytest.mark.parametrize(("first", "count"), ((-1, 5), (0, -1), (11_999, 2), (12_001, 0)))
def test_outside_the_lesson_there_is_nothing(classroom, first, count):
    assert classroom.samples == 12_000
    with pytest.raises(IndexError):
        classroom.acceleration(first, count)
    with pytest.raises(IndexError):
        classroom.levels(first - 12_000 + 1920 if first > 0 else first, count)


def test_a_caller_can_not_spoil_what_the_next_one_reads(classroom, whole):
    classroom.acceleration(0, 100)[:] = 9.0
    classroom.levels(0, 8)[:] = 9.0
    assert np.array_equal(classroom.acceleration(0, 100), whole[:100])
    assert classroom.levels(0, 8).min() > 20.0


def test_gravity_is_one_g_however_the_sensor_is_mounted():
    for mounting in ("any", "level"):
        scenario = Scenario(sensors=PERFECT.model_copy(update={"mounting": mounting})).lasting(2)
        seconds = Classroom(scenario, 1).acceleration(0, 6000).reshape(120, 50, 30, 3)
        gravity = np.linalg.norm(seconds.mean(axis=1), axis=-1)
        assert np.median(gravity) == pytest.approx(1.0, abs=2e-3)
    assert np.median(seconds.mean(axis=1)[..., 2]) > 0.99


def test_an_empty_seat_has_the_sensors_noise_alone():
    scenario = Scenario(room=Room(empty_seats=5, late_comers=0)).lasting(1)
    classroom = Classroom(scenario, 1)
    empty = ~classroom.truth().occupied.any(axis=0)
    assert empty.sum() == 5
    rms = classroom.acceleration(0, 3000).std(axis=0)
    assert (rms[empty] < 0.0033).all()
    assert (rms[empty] > 0.0017).all()
    assert np.linalg.norm(rms[~empty], axis=1).min() > np.linalg.norm(rms[empty], axis=1).max()


def test_late_comers_come_late():
    scenario = Scenario(room=Room(empty_seats=2, late_comers=3, late_minutes=(1.0, 2.0)))
    classroom = Classroom(scenario, 5)
    kind = classroom.truth().kind
    late = classroom.pupils.late_s
    assert (late > 0).sum() == 3
    for seat in np.flatnonzero(late):
        assert 60 <= late[seat] <= 120
        assert (kind[: late[seat], seat] == Kind.ABSENT).all()
        assert (kind[late[seat] :][:10, seat] == Kind.WALKING).all()
        assert (kind[late[seat] + 10 :, seat] != Kind.ABSENT).all()


def test_in_a_fire_drill_all_leave_and_come_back():
    classroom = Classroom(load_scenario("fire_drill"), 2)
    truth = classroom.truth()
    (drill,) = classroom.happenings.drills
    assert (drill.start_s, drill.end_s) == (1200, 1620)
    assert truth.occupied[drill.start_s - 1].sum() > 25
    assert not truth.occupied[drill.away_s : drill.back_s].any()
    assert not truth.off_task[drill.start_s : drill.end_s].any()
    assert truth.occupied[drill.end_s].sum() > 25
    moving = classroom.acceleration(drill.start_s * 50, 500).std(axis=0)
    away = classroom.acceleration((drill.away_s + 10) * 50, 500).std(axis=0)
    assert np.median(moving) > 4 * np.median(away)
    levels = classroom.levels(0, truth.kind.shape[0] * 8).reshape(-1, 8).mean(axis=1)
    assert levels[drill.start_s : drill.start_s + 10].min() > 80.0
    assert np.median(levels[drill.away_s + 60 : drill.back_s]) < 40.0


def test_late_comers_of_a_drill_stay_away_until_they_come():
    scenario = load_scenario("fire_drill")
    late = scenario.room.model_copy(update={"late_minutes": (22.0, 22.0)})
    classroom = Classroom(scenario.model_copy(update={"room": late}), 1)
    (seat,) = np.flatnonzero(classroom.pupils.late_s)
    assert (classroom.truth().kind[:1320, seat] == Kind.ABSENT).all()


def test_hubs_play_the_classroom(classroom, whole):
    hubs = classroom.hub_signals()
    assert [hub.seats for hub in hubs] == [8, 8, 7, 7]
    at = 0
    for i, hub in enumerate(hubs):
        counts = hub.acceleration(2900, 300)
        assert counts.dtype == np.int16
        assert (hub.sample_rate_hz, hub.counts_per_g, hub.ends_at) == (50.0, 256, 12_000)
        expected = np.rint(whole[2900:3200, at : at + hub.seats] * 256)
        assert np.array_equal(counts, expected)
        at += hub.seats
        levels = hub.levels(80, 16)
        assert (levels is not None) == (i == 0)
    assert np.array_equal(hubs[0].levels(80, 16), classroom.levels(80, 16))


def test_a_sensor_that_drops_out_says_so():
    scenario = Scenario(sensors=Sensors(dropouts=400.0)).lasting(3)
    classroom = Classroom(scenario, 1)
    counts = np.concatenate(
        [hub.acceleration(0, classroom.samples) for hub in classroom.hub_signals()], axis=1
    )
    missing = (counts == -32768).all(axis=2)
    expected = np.zeros_like(missing)
    for dropout in classroom.dropouts:
        columns = [seat - 1 for seat in dropout.seats]
        expected[dropout.start_s * 50 : dropout.end_s * 50, columns] = True
    assert expected.any()
    assert not expected.all()
    assert np.array_equal(missing, expected)
    assert {len(dropout.seats) for dropout in classroom.dropouts} <= {1, 7, 8}
    part = classroom.hub_signals()[1].acceleration(1234, 777)
    assert np.array_equal(part, counts[1234:2011, 8:16])


def test_what_is_beyond_the_range_is_cut_off():
    scenario = Scenario()
    strong = np.array([[[9.0, -9.0, 0.5]]], np.float32)
    assert quantised(strong, scenario).tolist() == [[[1024, -1024, 128]]]


def test_rotations_are_rotations():
    matrix = Classroom(Scenario().lasting(1), 1)._motion._sensors.matrix
    gain = np.cbrt(np.linalg.det(matrix))
    assert (np.abs(gain - 1.0) < 0.15).all()
    unit = matrix / gain[:, None, None]
    assert np.allclose(unit @ unit.transpose(0, 2, 1), np.eye(3), atol=1e-5)
    assert np.std(matrix[:, 2, 2]) > 0.3


def test_neighbours_sit_at_the_same_table():
    neighbours = Classroom(Scenario().lasting(1), 1).pupils.neighbours
    assert np.allclose(neighbours.sum(axis=1), 1.0)
    assert not np.diag(neighbours).any()
    assert (neighbours[:8, 8:] == 0).all()
    assert ((neighbours > 0) == (neighbours > 0).T).all()
    assert (neighbours[0] > 0).nonzero()[0].tolist() == [1, 4, 5]


def test_talk_spreads_to_neighbours_rather_than_across_the_room():
    talk = [Classroom(Scenario(), seed).truth().kind == Kind.PEERS for seed in range(6)]
    neighbours = Classroom(Scenario().lasting(1), 1).pupils.neighbours > 0
    near, far = [], []
    for one in talk:
        seen = one[:, one.any(axis=0)].astype(float)
        together = np.corrcoef(seen.T)
        beside = neighbours[np.ix_(one.any(axis=0), one.any(axis=0))]
        near.append(together[beside].mean())
        far.append(together[~beside & ~np.eye(len(beside), dtype=bool)].mean())
    assert np.mean(near) > np.mean(far) + 0.02


def test_a_slower_sensor_sees_the_same_class():
    scenario = Scenario(sensors=Sensors(rate_hz=25)).lasting(2)
    slow, fast = Classroom(scenario, 1), Classroom(Scenario().lasting(2), 1)
    assert np.array_equal(slow.truth().kind, fast.truth().kind)
    assert slow.acceleration(0, slow.samples).shape == (3000, 30, 3)
