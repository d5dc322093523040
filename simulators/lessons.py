"""Whole simulated lessons for training and evaluation: what the edge would send, and the truth."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from contract.lesson import ActivityName, LabelledLesson
from contract.quantities import table as quantities
from contract.quantities.motion import lesson_quantities
from contract.quantities.sound import SoundQuantities
from simulators.behaviour.motion_signal import BLOCK_S
from simulators.behaviour.noise import LEVELS_A_SECOND
from simulators.behaviour.streams import stream
from simulators.classroom import Classroom, quantised
from simulators.scenario import ActivitySpan, FireDrill, Room, Scenario
from simulators.truth import KINDS

__all__ = ["draw_scenario", "lesson_of", "simulate_lesson"]

_SHORTEST_SPAN: Final = 4.0


def simulate_lesson(scenario: Scenario, seed: int) -> LabelledLesson:
    """Draw a classroom; returns its lesson's quantities and the truth."""
    return lesson_of(Classroom(scenario, seed))


def lesson_of(classroom: Classroom) -> LabelledLesson:
    """A classroom's lesson as the edge would send it: the same counts, formulas and rounding."""
    scenario, truth = classroom.scenario, classroom.truth()
    seat = lesson_quantities(_readings(classroom), float(scenario.sensors.rate_hz))
    return LabelledLesson(
        classroom=f"simulated-{classroom.seed}",
        seats=scenario.seats,
        zones=scenario.zones,
        activities=truth.activities,
        seat=quantities.decode(quantities.encode(seat, "seat"), "seat"),
        room=quantities.decode(quantities.encode(_room(classroom), "room"), "room"),
        off_task=truth.off_task,
        occupied=truth.occupied,
        kind=truth.kind,
        kinds=KINDS,
    )


def _readings(classroom: Classroom) -> NDArray[np.float32]:
    """The whole lesson in g after the sensors' rounding, NaN for dropouts."""
    scenario = classroom.scenario
    rate = scenario.sensors.rate_hz
    readings = np.empty((classroom.samples, len(scenario.seats), 3), np.float32)
    for first in range(0, classroom.samples, BLOCK_S * rate):
        count = min(BLOCK_S * rate, classroom.samples - first)
        counts = quantised(classroom.acceleration(first, count), scenario)
        np.divide(counts, np.float32(scenario.sensors.counts_per_g), out=readings[first:][:count])
    for dropout in classroom.dropouts:
        columns = np.isin(scenario.seats, dropout.seats)
        readings[dropout.start_s * rate : dropout.end_s * rate, columns] = np.nan
    return readings


def _room(classroom: Classroom) -> NDArray[np.float32]:
    periods = classroom.scenario.periods
    levels = classroom.levels(0, LEVELS_A_SECOND * periods).reshape(periods, LEVELS_A_SECOND)
    sound = SoundQuantities()
    return np.stack([sound.update(second) for second in levels])


def draw_scenario(
    seed: int, *, behaviour: Literal["bouts", "autoregressive"] = "bouts"
) -> Scenario:
    """Draw a lesson: each seed gives other activities, seats and events.

    The properties of pupils and sensors follow the table of facts; the classroom draws them.
    """
    rng = stream(seed, "plan")
    names: tuple[ActivityName, ...] = ("individual_work", "whole_class", "small_group", "test")
    left = float(rng.uniform(40.0, 50.0))
    spans: list[ActivitySpan] = []
    before = None
    while left > 0.0:
        others = [name for name in names if name != before]
        before = others[int(rng.integers(0, len(others)))]
        minutes = min(left, float(rng.uniform(6.0, 20.0)))
        left -= minutes
        if left < _SHORTEST_SPAN:
            minutes, left = minutes + left, 0.0
        spans.append(ActivitySpan(name=before, minutes=minutes))
        if left > 2.0 * _SHORTEST_SPAN and rng.random() < 0.5:
            spans.append(ActivitySpan(name="transition", minutes=1.0))
            left -= 1.0
    drills: tuple[FireDrill, ...] = ()
    if rng.random() < 0.1:
        total = sum(span.minutes for span in spans)
        drills = (FireDrill(at_minute=float(rng.uniform(5.0, total - 12.0))),)
    return Scenario(
        name=f"a drawn lesson, {seed}",
        behaviour=behaviour,
        activities=tuple(spans),
        room=Room(
            empty_seats=int(rng.integers(0, 5)),
            late_comers=int(rng.integers(0, 4)),
        ),
        fire_drills=drills,
    )
