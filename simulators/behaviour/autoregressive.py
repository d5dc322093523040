"""The second generator of behaviour: a drifting restlessness instead of drawn bouts.

Each pupil has a slowly drifting normal variable; part of it is shared with the neighbours and the
room. The pupil is off task while it is above the level that gives their share in the present
activity, and lively on task while a second variable is above its level. Lengths, gaps and the
spread of talk follow from the drift; none of them is drawn. The generator tests how well a model
trained on bouts does if pupils behave differently.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulators.behaviour.bouts import come_and_go, kind_table, target_shares
from simulators.behaviour.happenings import Happenings
from simulators.behaviour.pupils import Pupils
from simulators.behaviour.streams import stream
from simulators.scenario import Scenario
from simulators.truth import Kind

__all__ = ["behave_by_drift"]

_DRIFT_S: Final = 18.0
_LIVELY_DRIFT_S: Final = 10.0
_ROOM: Final = 0.10
"""The part of the drift's variance that is common to the room (assumed)."""
_NEAR: Final = 0.20
"""The part that comes from the neighbours (assumed)."""
_GRID: Final = np.linspace(1e-4, 1.0 - 1e-4, 4001)
_QUANTILE: Final = np.array([NormalDist().inv_cdf(float(p)) for p in _GRID])

Floats = NDArray[np.float64]


def behave_by_drift(
    scenario: Scenario, pupils: Pupils, happenings: Happenings, seed: int
) -> NDArray[np.int8]:
    """What each pupil does in each second: (periods, seats) codes of `truth.Kind`."""
    rng = stream(seed, "behaviour")
    periods, seats = scenario.periods, len(scenario.seats)
    own = _drift(rng, periods, seats, _DRIFT_S)
    room = _drift(rng, periods, 1, _DRIFT_S)
    near = own @ pupils.neighbours.T
    near /= np.maximum(np.linalg.norm(pupils.neighbours, axis=1), 1e-9)
    restless = np.sqrt(_ROOM) * room + np.sqrt(_NEAR) * near + np.sqrt(1.0 - _ROOM - _NEAR) * own
    off = restless > _level_for(target_shares(scenario, pupils, happenings))
    lively = _drift(rng, periods, seats, _LIVELY_DRIFT_S) > _level_for(pupils.lively_on_task)
    codes, cumulative = kind_table(scenario.off_task)
    kind = np.where(lively, Kind.WRITING, Kind.LISTENING).astype(np.int8)
    for seat in range(seats):
        # A pupil does the same thing for the whole off-task or lively stretch.
        for start, end in _runs(lively[:, seat]):
            if rng.random() < scenario.movement.fetching:
                kind[start:end, seat] = Kind.FETCHING
        for start, end in _runs(off[:, seat]):
            kind[start:end, seat] = codes[np.searchsorted(cumulative, rng.random())]
    come_and_go(kind, pupils, happenings)
    return kind


def _drift(rng: np.random.Generator, periods: int, columns: int, tau_s: float) -> Floats:
    """Standard normal values that drift with two equal time constants: (periods, columns)."""
    keep = np.exp(-1.0 / tau_s)
    burn = round(8 * tau_s)
    noise = rng.standard_normal((burn + periods, columns))
    first, second = np.zeros(columns), np.zeros(columns)
    out = np.empty_like(noise)
    for t, fresh in enumerate(noise):
        first = keep * first + fresh
        second = keep * second + first
        out[t] = second
    # The variance of an autoregression of order two with both roots at `keep`.
    q = keep * keep
    return np.asarray(out[burn:] * np.sqrt((1.0 - q) ** 3 / (1.0 + q)))


def _level_for(share: Floats) -> Floats:
    """The level that a standard normal variable exceeds for this share of the time."""
    return np.asarray(np.interp(1.0 - share, _GRID, _QUANTILE))


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
