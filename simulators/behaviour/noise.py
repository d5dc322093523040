"""The room's noise: levels per eighth of a second in dB(A), drawn for a whole lesson at once.

The level of a second follows an autoregressive normal variable through the measured quantiles
(L10, L50, L90). Part of the energy is off-task talk, in proportion to the number of talkers.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulators.behaviour.happenings import Happenings
from simulators.behaviour.streams import stream
from simulators.facts import Sound
from simulators.scenario import Scenario
from simulators.truth import Kind, Truth

__all__ = ["LEVELS_A_SECOND", "draw_levels"]

LEVELS_A_SECOND: Final = 8
_TENTH: Final = 1.2816  # 90 % of a standard normal lies below
_FEWEST_TALKERS: Final = 1.0  # so that in a tiny class one talker does not count as ten

Levels = NDArray[np.float64]


def draw_levels(scenario: Scenario, truth: Truth, happenings: Happenings, seed: int) -> Levels:
    """LAeq of each eighth of a second: (8 · periods,)."""
    rng = stream(seed, "levels")
    sound, periods = scenario.sound, scenario.periods
    usual = _usual(scenario) + sound.room_sd_db * rng.standard_normal()
    usual -= sound.room_sd_db**2 * np.log(10.0) / 20.0  # the mean over rooms is a mean of energy
    energy = _power(usual + _fluctuation(sound, periods, rng))
    energy *= _talk_factor(scenario, truth)
    occupied = truth.occupied.any(axis=1)
    energy = np.where(occupied, energy, 0.0) + _power(sound.empty_room_db)
    for disturbance in happenings.disturbances:
        span = slice(disturbance.start_s, disturbance.end_s)
        energy[span] += _power(usual[span] + disturbance.rise_db)
    for drill in happenings.drills:
        energy[drill.start_s : drill.away_s + 30] += _power(sound.alarm_db)
    within = sound.within_second_db * rng.standard_normal((periods, LEVELS_A_SECOND))
    within -= _level(_power(within).mean(axis=1))[:, None]  # so that the second keeps its LAeq
    return np.asarray((_level(energy)[:, None] + within).ravel())


def _usual(scenario: Scenario) -> Levels:
    second = np.arange(scenario.periods)
    usual = np.empty(scenario.periods)
    spans = zip(scenario.activities, scenario.declared_activities, strict=True)
    for span, activity in spans:
        level = getattr(scenario.sound, span.name) if span.level_db is None else span.level_db
        usual[(second >= activity.start_s) & (second < activity.end_s)] = level
    return usual


def _fluctuation(sound: Sound, periods: int, rng: np.random.Generator) -> Levels:
    """Each second's level relative to the LAeq, in dB."""
    # Linear between the measured quantiles, and with half the slope beyond them.
    at = np.array([-3.0, -_TENTH, 0.0, _TENTH, 3.0])
    low, high = -sound.l50_over_l90_db, sound.l10_over_l50_db
    over_l50 = np.array([1.5 * low, low, 0.0, high, 1.5 * high])
    grid = np.linspace(-4.0, 4.0, 801)
    density = np.exp(-grid * grid / 2.0)
    density /= density.sum()
    shape = np.interp(grid, at, over_l50)
    normal = _autoregressive(_lag_before(shape, grid, density, sound.lag_1), periods, rng)
    return np.asarray(np.interp(normal, at, over_l50) - _level(_power(shape) @ density))


def _lag_before(shape: Levels, grid: Levels, density: Levels, lag_1: float) -> float:
    """The lag-1 correlation of the normal variable that becomes `lag_1` after `shape`.

    By the first two Hermite polynomials: shape's correlation is w1 r + w2 r² + smaller terms.
    """
    variance = float(density @ (shape - density @ shape) ** 2)
    if variance <= 0.0:
        return lag_1
    w1 = float(density @ (shape * grid)) ** 2 / variance
    w2 = float(density @ (shape * (grid**2 - 1.0))) ** 2 / 2.0 / variance
    return min(2.0 * lag_1 / (w1 + math.sqrt(w1 * w1 + 4.0 * w2 * lag_1)), 0.999)


def _autoregressive(lag_1: float, periods: int, rng: np.random.Generator) -> Levels:
    """Standard normal values, each correlated with the last."""
    drawn = rng.standard_normal(periods)
    fresh = math.sqrt(1.0 - lag_1 * lag_1)
    for t in range(1, periods):
        drawn[t] = lag_1 * drawn[t - 1] + fresh * drawn[t]
    return drawn


def _talk_factor(scenario: Scenario, truth: Truth) -> Levels:
    """Energy relative to the usual, by the number of pupils off task with each other."""
    off_task, share = scenario.off_task, scenario.sound.talk_share
    second = np.arange(scenario.periods)
    expected = np.empty(scenario.periods)
    for activity in scenario.declared_activities:
        within = (second >= activity.start_s) & (second < activity.end_s)
        expected[within] = getattr(off_task, activity.name) * off_task.peers
    expected = np.maximum(expected * truth.occupied.sum(axis=1), _FEWEST_TALKERS)
    talkers = (truth.kind == Kind.PEERS).sum(axis=1)
    return np.asarray(1.0 - share + share * talkers / expected)


def _power(level_db: Levels | float) -> Levels:
    return np.asarray(10.0 ** (np.asarray(level_db) / 10.0))


def _level(power: Levels) -> Levels:
    return np.asarray(10.0 * np.log10(power))
