"""Events of the whole room: restless spells, disturbances, fire drills."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.behaviour.streams import stream
from simulators.scenario import Scenario

__all__ = ["Disturbance", "Drill", "Happenings", "draw_happenings"]

_WALK_S = 15  # from the seat to the door, and back


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """A noise from outside or inside, in seconds, and its level above the usual one."""

    start_s: int
    end_s: int
    rise_db: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """A fire drill: everyone leaves from `start_s`, is away, and returns to the seats."""

    start_s: int
    away_s: int
    back_s: int
    end_s: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Happenings:
    """The events of one lesson."""

    restless: NDArray[np.bool_]
    """(periods,): a restless spell is on."""
    disturbances: tuple[Disturbance, ...]
    drills: tuple[Drill, ...]


def draw_happenings(scenario: Scenario, seed: int) -> Happenings:
    rng = stream(seed, "events")
    periods = scenario.periods
    share = scenario.minutes / 45.0
    restless = np.zeros(periods, bool)
    for start in rng.integers(0, periods, rng.poisson(scenario.off_task.restless_spells * share)):
        restless[start : start + round(rng.uniform(*scenario.off_task.spell_s))] = True
    for spell in scenario.planned_spells:
        first = round(60.0 * spell.at_minute)
        restless[first : first + round(60.0 * spell.minutes)] = True
    sound = scenario.sound
    disturbances = [
        Disturbance(
            start_s=int(start),
            end_s=min(periods, int(start) + round(rng.uniform(*sound.disturbance_s))),
            rise_db=float(rng.uniform(*sound.disturbance_db)),
        )
        for start in rng.integers(0, periods, rng.poisson(sound.disturbances * share))
    ]
    return Happenings(
        restless=restless,
        disturbances=tuple(disturbances),
        drills=tuple(
            _drill(drill.at_minute * 60.0, drill.minutes * 60.0) for drill in scenario.fire_drills
        ),
    )


def _drill(start_s: float, length_s: float) -> Drill:
    start, end = round(start_s), round(start_s + length_s)
    walk = min(_WALK_S, (end - start) // 3)
    return Drill(start_s=start, away_s=start + walk, back_s=end - walk, end_s=end)
