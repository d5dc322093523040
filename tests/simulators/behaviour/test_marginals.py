"""Drawn classrooms against the table of facts: what a scenario says is what one can measure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from simulators.behaviour.bouts import behave_in_bouts
from simulators.behaviour.happenings import draw_happenings
from simulators.behaviour.movements import (
    HANDS,
    LEG_BOUNCE,
    MOVEMENT_KINDS,
    POSTURE_SHIFT,
    STILL,
    WIGGLE,
    draw_movements,
)
from simulators.behaviour.noise import draw_levels
from simulators.behaviour.pupils import draw_pupils
from simulators.classroom import Classroom
from simulators.facts import OffTask, Sensors, Sound
from simulators.scenario import ActivitySpan, Room, Scenario
from simulators.truth import OFF_TASK_KINDS, Kind, Truth

ALL_SEATS = Room(empty_seats=0, late_comers=0)


@dataclass(frozen=True)
class Drawn:
    """What many classrooms did, one entry a classroom."""

    kinds: list[np.ndarray]
    truths: list[Truth]
    seconds: list[np.ndarray]  # LAeq of each second
    bouts: np.ndarray

    @property
    def off_task(self) -> np.ndarray:
        """(classrooms, periods, seats)."""
        return np.stack([truth.off_task for truth in self.truths])


def draw(activity: str, classrooms: int, **changes) -> Drawn:
    scenario = Scenario(
        activities=(ActivitySpan(name=activity, minutes=45.0),),
        room=ALL_SEATS,
        sound=Sound(disturbances=0.0, room_sd_db=0.0),
        **changes,
    )
    truths, seconds, bouts = [], [], []
    for seed in range(1000, 1000 + classrooms):
        pupils, happenings = draw_pupils(scenario, seed), draw_happenings(scenario, seed)
        kind = behave_in_bouts(scenario, pupils, happenings, seed)
        truth = Truth(seats=scenario.seats, activities=scenario.declared_activities, kind=kind)
        levels = draw_levels(scenario, truth, happenings, seed).reshape(-1, 8)
        truths.append(truth)
        seconds.append(level((10.0 ** (levels / 10.0)).mean(axis=1)))
        for seat in kind.T:
            starts = np.flatnonzero(np.diff(seat, prepend=-1))
            lengths = np.diff(np.append(starts, len(seat)))
            bouts.append(lengths[:-1][seat[starts[:-1]] >= Kind.PEERS])
    kinds = [truth.kind for truth in truths]
    return Drawn(kinds=kinds, truths=truths, seconds=seconds, bouts=np.concatenate(bouts))


def level(power):
    return 10.0 * np.log10(power)


@pytest.fixture(scope="module")
def teaching():
    return draw("whole_class", 16)


@pytest.mark.parametrize(
    ("activity", "share"),
    (("individual_work", 0.30), ("whole_class", 0.28), ("small_group", 0.18), ("test", 0.10)),
)
def test_off_task_shares_by_activity(activity, share):
    # The class's own deviation would swamp this; without it, pupils average out.
    drawn = draw(activity, 12, off_task=OffTask(class_sd=0.0))
    assert drawn.off_task.mean() == pytest.approx(share, abs=0.015)


def test_pupils_and_classes_differ(teaching):
    by_pupil = teaching.off_task.mean(axis=1)
    # A lesson's share of one pupil varies by about .06 around their own: bouts are long.
    assert np.hypot(0.10, 0.06) == pytest.approx(by_pupil.std(axis=1).mean(), abs=0.025)
    assert by_pupil.mean(axis=1).std() == pytest.approx(0.06, abs=0.025)


def test_off_task_time_grows_over_the_lesson(teaching):
    first, last = teaching.off_task[:, 100:1000].mean(), teaching.off_task[:, -900:].mean()
    minutes_between = (2700 - 450 - 550) / 60.0
    assert last - first == pytest.approx(0.05 * minutes_between / 40.0, abs=0.025)


def test_kinds_of_off_task_time(teaching):
    kind = np.stack(teaching.kinds)
    off = kind[kind >= Kind.PEERS]
    for codes, share in zip(OFF_TASK_KINDS, OffTask().kind_shares, strict=True):
        assert np.isin(off, codes).mean() == pytest.approx(share, abs=0.025)
    assert 0.20 <= np.isin(off, (Kind.LOOKING_AWAY, Kind.OTHER_STILL)).mean() <= 0.30


def test_on_task_time_that_is_lively(teaching):
    kind = np.stack(teaching.kinds)
    on_task = kind[(kind > 0) & (kind < Kind.PEERS)]
    assert 0.13 <= np.isin(on_task, (Kind.WRITING, Kind.FETCHING)).mean() <= 0.18


def test_lengths_of_bouts(teaching):
    assert np.median(teaching.bouts) == pytest.approx(30.0, abs=1.5)
    assert np.log(teaching.bouts).std() == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    ("activity", "laeq"),
    (("whole_class", 61.0), ("individual_work", 65.0), ("small_group", 73.0), ("test", 56.0)),
)
def test_levels_by_activity(activity, laeq):
    drawn = draw(activity, 6)
    power = 10.0 ** (np.stack(drawn.seconds) / 10.0)
    assert level(power.mean()) == pytest.approx(laeq, abs=1.0)


def test_rooms_differ_and_their_energy_has_the_levels_mean():
    scenario = Scenario(
        activities=(ActivitySpan(name="whole_class", minutes=20.0),),
        room=ALL_SEATS,
        sound=Sound(disturbances=0.0, talk_share=0.0),
    )
    calm = np.ones((scenario.periods, 30), np.int8)
    truth = Truth(seats=scenario.seats, activities=scenario.declared_activities, kind=calm)
    rooms = []
    for seed in range(60):
        levels = draw_levels(scenario, truth, draw_happenings(scenario, seed), seed)
        rooms.append((10.0 ** (levels / 10.0)).mean())
    assert level(np.array(rooms)).std() == pytest.approx(2.0, abs=0.5)
    assert level(np.mean(rooms)) == pytest.approx(61.0, abs=1.0)


def test_the_spread_and_memory_of_the_level(teaching):
    l90, l50, l10 = np.mean([np.percentile(one, (10, 50, 90)) for one in teaching.seconds], axis=0)
    assert l10 - l50 == pytest.approx(5.0, abs=1.0)
    assert l50 - l90 == pytest.approx(16.0, abs=2.0)
    lag = [np.corrcoef(one[:-1], one[1:])[0, 1] for one in teaching.seconds]
    assert np.mean(lag) == pytest.approx(0.35, abs=0.03)


def test_talk_is_heard(teaching):
    def by_half_minute(values):
        return values[: len(values) // 30 * 30].reshape(-1, 30).mean(axis=1)

    correlation = [
        np.corrcoef(by_half_minute(seconds), by_half_minute((kind == Kind.PEERS).sum(axis=1)))[0, 1]
        for seconds, kind in zip(teaching.seconds, teaching.kinds, strict=True)
    ]
    assert 0.2 < np.mean(correlation) < 0.7


def test_disturbances_are_8_to_15_db_over_the_usual():
    scenario = Scenario(
        activities=(ActivitySpan(name="whole_class", minutes=45.0),),
        sound=Sound(disturbances=20.0, room_sd_db=0.0),
    )
    classroom = Classroom(scenario, 1)
    seconds = level((10.0 ** (classroom.levels(0, 2700 * 8).reshape(-1, 8) / 10.0)).mean(axis=1))
    assert len(classroom.happenings.disturbances) > 10
    for disturbance in classroom.happenings.disturbances:
        assert 8.0 <= disturbance.rise_db <= 15.0
        assert disturbance.end_s - disturbance.start_s <= 30
        span = seconds[disturbance.start_s : disturbance.end_s]
        assert span.min() >= 61.0 + disturbance.rise_db - 0.1


def test_task_unrelated_movements():
    usual, lively = [], []
    for seed in range(12):
        scenario = Scenario(room=ALL_SEATS)
        pupils, happenings = draw_pupils(scenario, seed), draw_happenings(scenario, seed)
        kind = behave_in_bouts(scenario, pupils, happenings, seed)
        movements = draw_movements(scenario, pupils, kind, seed)
        count = np.bincount(movements.seat[movements.unrelated], minlength=30)
        usual.extend(count[~pupils.very_lively])
        lively.extend(count[pupils.very_lively])
    assert np.mean(usual) == pytest.approx(48.0, abs=1.5)
    assert np.std(usual) == pytest.approx(7.0, abs=1.5)
    assert np.mean(lively) == pytest.approx(79.0, abs=9.0)
    assert np.std(lively) == pytest.approx(16.0, abs=6.0)


@pytest.fixture(scope="module")
def bare():
    """A classroom with perfect sensors, its acceleration in mg without gravity, by second."""
    sensors = Sensors(
        noise_mg=(0.0, 0.0), gain_sd=0.0, zero_g_mg=0.0, mounting="level", dropouts=0.0
    )
    classroom = Classroom(Scenario(room=ALL_SEATS, sensors=sensors), 11)
    reading = classroom.acceleration(0, classroom.samples) * 1000.0
    return classroom, reading


def rms(reading):
    """RMS over three axes, the mean of the stretch taken off; time is the first axis."""
    motion = reading - reading.mean(axis=0)
    return np.sqrt((motion**2).sum(axis=-1).mean(axis=0))


def test_stillness_and_writing_lie_in_their_bands(bare):
    classroom, reading = bare
    seconds = reading.reshape(-1, 50, 30, 3).transpose(1, 0, 2, 3)
    by_second = rms(seconds)
    observed = classroom.movements.observed
    still = by_second[observed == STILL]
    writing = by_second[observed == HANDS]
    # A second is short against sway, so single seconds fall below; stretches are in the band.
    assert 2.0 <= np.sqrt((still**2).mean()) <= 5.0
    assert 5.0 <= np.sqrt((writing**2).mean()) <= 15.0
    assert np.percentile(still, 99) < 10.0
    assert np.percentile(writing, 99) < 30.0
    assert np.median(writing) > 2.0 * np.median(still)


@pytest.mark.parametrize(
    ("code", "low", "high"), ((WIGGLE, 30, 150), (POSTURE_SHIFT, 100, 400), (LEG_BOUNCE, 15, 60))
)
def test_movements_lie_in_their_bands(bare, code, low, high):
    classroom, reading = bare
    movements = classroom.movements
    drawn = movements.rms_mg[movements.code == code]
    assert low <= drawn.min()
    assert drawn.max() <= high
    assert drawn.max() > 1.5 * drawn.min()
    measured, expected = [], []
    for i in np.flatnonzero(movements.code == code):
        start, end = movements.start_s[i], movements.start_s[i] + movements.length_s[i]
        seat = movements.seat[i]
        if end > 2699:
            continue
        if code == LEG_BOUNCE:  # it may be long: the seconds in which nothing else moves
            span = range(int(start), int(end))
            clear = [t for t in span if classroom.movements.observed[t, seat] == LEG_BOUNCE]
            parts = [reading[t * 50 : t * 50 + 50, seat] for t in clear]
        else:
            others = (movements.seat == seat) & (movements.start_s < end + 1.0)
            others &= movements.start_s + movements.length_s > start - 1.0
            whole = reading[round(start * 50) : round(end * 50), seat]
            parts = [whole] if others.sum() == 1 else []
        if parts:
            measured.append(np.sqrt(np.mean([rms(part) ** 2 for part in parts])))
            expected.append(movements.rms_mg[i])
    assert len(measured) >= 10
    # A posture shift also tilts the seat, which adds to what is measured.
    ratio = np.array(measured) / expected
    assert 0.8 <= np.median(ratio) <= 1.25


def test_a_bouncing_leg_bounces_at_4_to_6_hz(bare):
    classroom, reading = bare
    movements = classroom.movements
    found = 0
    for i in np.flatnonzero((movements.code == LEG_BOUNCE) & (movements.length_s > 20)):
        start = round(movements.start_s[i] * 50)
        part = reading[start : start + 1000, movements.seat[i]]
        if len(part) < 1000:
            continue
        power = (np.abs(np.fft.rfft(part - part.mean(axis=0), axis=0)) ** 2).sum(axis=1)
        in_band = power[3 * 20 : 7 * 20]
        peak = (60 + int(in_band.argmax())) / 20.0
        assert 3.95 <= peak <= 6.05
        found += 1
    assert found >= 3


def test_the_noise_of_the_sensors():
    scenario = Scenario(room=Room(empty_seats=30, late_comers=0)).lasting(1)
    noise = Classroom(scenario, 1).acceleration(0, 3000).std(axis=0) * 1000.0
    assert noise.min() >= 1.9
    assert noise.max() <= 3.15
    assert noise.std() > 0.1


@pytest.mark.slow
def test_shares_and_levels_of_many_classrooms():
    for activity, share, laeq in (("individual_work", 0.30, 65.0), ("test", 0.10, 56.0)):
        drawn = draw(activity, 40, off_task=OffTask(class_sd=0.0))
        assert drawn.off_task.mean() == pytest.approx(share, abs=0.008)
        power = 10.0 ** (np.stack(drawn.seconds) / 10.0)
        assert level(power.mean()) == pytest.approx(laeq, abs=0.8)


def test_no_movement_gives_the_label_away():
    """What a seat's sensor sees is never the mark of being off task, nor of being on task."""
    off, seen = np.zeros(len(MOVEMENT_KINDS)), np.zeros(len(MOVEMENT_KINDS))
    for seed in range(6):
        classroom = Classroom(Scenario(room=ALL_SEATS), seed)
        observed, truth = classroom.movements.observed, classroom.truth()
        seen += np.bincount(observed.ravel(), minlength=len(seen))
        off += np.bincount(observed[truth.off_task], minlength=len(seen))
    share = off[1:] / seen[1:]
    assert (seen[1:] > 300).all()
    assert share.min() > 0.03
    assert share.max() < 0.90
    assert share[HANDS - 1] > 2.0 * share[STILL - 1]
