"""Behaviour made of bouts: a pupil alternates between being on and off task, second by second.

The lengths of off-task bouts are log-normal. Bouts begin at the rate that gives the pupil's share
in the present activity; the rate is higher when neighbours are off task with each other. On-task
time alternates between listening and lively stretches of writing or fetching.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulators.behaviour.happenings import Happenings
from simulators.behaviour.pupils import Pupils
from simulators.behaviour.streams import stream
from simulators.facts import OffTask
from simulators.scenario import Scenario
from simulators.truth import OFF_TASK_KINDS, Kind

__all__ = ["behave_in_bouts", "come_and_go", "kind_table", "target_shares"]

_LIVELY_SIGMA = 0.6
_LONGEST_BOUT_S = 600.0
_HIGHEST_SHARE = 0.9
_ARRIVAL_S = 10
_USUAL = 0.8  # on task, neighbours talk less than they do on average
_MIN_RATE = 0.1
_NEVER = np.inf

Shares = NDArray[np.float64]


def behave_in_bouts(
    scenario: Scenario, pupils: Pupils, happenings: Happenings, seed: int
) -> NDArray[np.int8]:
    """What each pupil does in each second: (periods, seats) codes of `truth.Kind`."""
    rng = stream(seed, "behaviour")
    off_task, movement = scenario.off_task, scenario.movement
    periods, seats = scenario.periods, len(scenario.seats)
    shares = target_shares(scenario, pupils, happenings)
    bout_s = off_task.bout_median_s * np.exp(off_task.bout_sigma**2 / 2.0)
    begin = shares / (1.0 - shares) / bout_s  # a second's rate at which bouts begin
    # More talk of a neighbour than usual raises the rate, less talk lowers it.
    usual = _USUAL * off_task.peers * shares @ pupils.neighbours.T
    calm = 1.0 - off_task.infection * usual
    lively_s = movement.lively_median_s * np.exp(_LIVELY_SIGMA**2 / 2.0)
    lively_share = pupils.lively_on_task
    to_lively = 1.0 - np.exp(-lively_share / (1.0 - lively_share) / lively_s)

    codes, cumulative = kind_table(off_task)

    kind = np.empty((periods, seats), np.int8)
    doing = np.full(seats, Kind.LISTENING, np.int8)
    until = np.full(seats, _NEVER)  # the second in which a bout or lively stretch ends
    chance = rng.random((periods, seats))
    waiting = rng.standard_exponential((periods, seats))
    waiting[0] = np.where(rng.random(seats) < shares[0], 0.0, np.inf)
    boost = np.zeros(seats)
    for t in range(periods):
        over = until <= t
        is_changed = bool(over.any())
        may_begin, lively_chance = doing < Kind.PEERS, to_lively
        if is_changed:
            # A pupil who returns to the task is lively with the usual on-task probability.
            lively_chance = np.where(over & ~may_begin, lively_share, to_lively)
            doing[over], until[over] = Kind.LISTENING, _NEVER
        lively = (doing == Kind.LISTENING) & (chance[t] < lively_chance)
        n = int(np.count_nonzero(lively))
        if n:
            doing[lively] = np.where(rng.random(n) < movement.fetching, Kind.FETCHING, Kind.WRITING)
            until[lively] = t + _lengths(rng, movement.lively_median_s, _LIVELY_SIGMA, n)
        if is_changed:
            boost = off_task.infection * (pupils.neighbours @ (doing == Kind.PEERS))
        rate = begin[t] * np.maximum(calm[t] + boost, _MIN_RATE)
        off = may_begin & (waiting[t] < rate)
        n = int(np.count_nonzero(off))
        if n:
            doing[off] = codes[np.searchsorted(cumulative, rng.random(n))]
            until[off] = t + _lengths(rng, off_task.bout_median_s, off_task.bout_sigma, n)
            boost = off_task.infection * (pupils.neighbours @ (doing == Kind.PEERS))
        kind[t] = doing
    come_and_go(kind, pupils, happenings)
    return kind


def target_shares(scenario: Scenario, pupils: Pupils, happenings: Happenings) -> Shares:
    """Each pupil's expected off-task share in each second: (periods, seats).

    Its mean over classrooms is that of the scenario, including restless spells. Its distribution
    over pupils is log-normal, so it stays above zero for small means.
    """
    off_task = scenario.off_task
    second = np.arange(scenario.periods)
    spell_share = min(
        0.5, off_task.restless_spells / (45.0 * 60.0) * sum(off_task.spell_s) / 2.0
    )  # of all time
    rise = off_task.rise_over_40_min * (second - scenario.periods / 2.0) / 2400.0
    spread = np.hypot(off_task.pupil_sd, off_task.class_sd) or 1.0
    trait = (off_task.pupil_sd * pupils.trait + off_task.class_sd * pupils.class_trait) / spread
    shares = np.empty((scenario.periods, len(scenario.seats)))
    for activity in scenario.declared_activities:
        within = (second >= activity.start_s) & (second < activity.end_s)
        mean = getattr(off_task, activity.name)
        level = _level_outside_spells(mean, spell_share, off_task)
        factor = _pupil_factor(off_task, mean, trait)
        shares[within] = np.clip(level + rise[within], 0.0, 1.0)[:, None] * factor
    shares = np.clip(shares, 0.0, _HIGHEST_SHARE)
    restless = _at_odds(shares, off_task.spell_odds)
    return np.where(happenings.restless[:, None], restless, shares)


def _pupil_factor(off_task: OffTask, mean: float, trait: Shares) -> Shares:
    """Log-normal in the standard normal `trait`, with mean 1 and, times `mean`, the standard
    deviations of pupils and classes together.
    """
    if mean <= 0.0:
        return np.ones_like(trait)
    variance = np.log1p((off_task.pupil_sd**2 + off_task.class_sd**2) / mean**2)
    return np.asarray(np.exp(np.sqrt(variance) * trait - variance / 2.0))


def _at_odds(share: Shares, factor: float) -> Shares:
    return np.asarray(factor * share / (1.0 + (factor - 1.0) * share))


def _level_outside_spells(mean: float, spell_share: float, off_task: OffTask) -> float:
    """The factor for all pupils outside restless spells that makes the overall mean this one."""
    trait = np.linspace(-5.0, 5.0, 501)
    density = np.exp(-trait * trait / 2.0)
    density /= density.sum()
    factor = _pupil_factor(off_task, mean, trait)
    low, high = 0.0, 2.0 * mean
    for _ in range(40):  # bisection: the mean rises with the level
        middle = (low + high) / 2.0
        outside = np.clip(middle * factor, 0.0, _HIGHEST_SHARE)
        inside = _at_odds(outside, off_task.spell_odds)
        if float(density @ ((1.0 - spell_share) * outside + spell_share * inside)) < mean:
            low = middle
        else:
            high = middle
    return high


def _lengths(rng: np.random.Generator, median: float, sigma: float, n: int) -> Shares:
    """Log-normal lengths in whole seconds."""
    drawn = median * np.exp(sigma * rng.standard_normal(n))
    return np.clip(np.round(drawn), 1.0, _LONGEST_BOUT_S)


def kind_table(off_task: OffTask) -> tuple[NDArray[np.int8], Shares]:
    """The codes of off-task kinds and their cumulative chances."""
    codes: list[int] = []
    chances: list[float] = []
    for share, variants in zip(off_task.kind_shares, OFF_TASK_KINDS, strict=True):
        codes.extend(variants)
        chances.extend([share / len(variants)] * len(variants))
    cumulative = np.cumsum(chances)
    return np.array(codes, np.int8), cumulative / cumulative[-1]


def come_and_go(kind: NDArray[np.int8], pupils: Pupils, happenings: Happenings) -> None:
    """Overwrite the drawn behaviour with empty seats, late-comers and fire drills."""
    for seat, late in enumerate(pupils.late_s):
        if late:
            kind[:late, seat] = Kind.ABSENT
            kind[late : late + _ARRIVAL_S, seat] = Kind.WALKING
    for drill in happenings.drills:
        here = kind[drill.start_s] != Kind.ABSENT
        for start, end, code in (
            (drill.start_s, drill.away_s, Kind.WALKING),
            (drill.away_s, drill.back_s, Kind.ABSENT),
            (drill.back_s, drill.end_s, Kind.WALKING),
        ):
            kind[start:end, here] = code
    kind[:, ~pupils.present] = Kind.ABSENT
