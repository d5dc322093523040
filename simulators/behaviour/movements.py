"""How seats move according to the pupils' behaviour: a background level for each second, and single
movements such as wiggles, posture shifts and bouncing legs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulators.behaviour.pupils import Pupils, amplitudes
from simulators.behaviour.streams import stream
from simulators.scenario import Scenario
from simulators.truth import MOVING_OFF_TASK, Kind

__all__ = [
    "LEG_BOUNCE",
    "MOVEMENT_KINDS",
    "POSTURE_SHIFT",
    "WIGGLE",
    "Movements",
    "draw_movements",
]

MOVEMENT_KINDS: Final = (
    "none", "still", "hands", "walking", "wiggle", "posture_shift", "leg_bounce",
)  # fmt: skip
"""The kinds of movement that an ideal sensor could distinguish, whatever their reason."""
NONE, STILL, HANDS, WALK, WIGGLE, POSTURE_SHIFT, LEG_BOUNCE = range(len(MOVEMENT_KINDS))

_STILL_KINDS: Final = (Kind.LISTENING, Kind.LOOKING_AWAY, Kind.OTHER_STILL)
_WIGGLE_SIGMA = 0.6
_LONGEST_WIGGLE_S = 20.0
_POSTURE_SHIFT_S: Final = (0.8, 2.0)
_BOUT_SIGMA = 0.2  # spread of the background between a pupil's own bouts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Movements:
    """The background by second and seat, and the single movements, sorted by start."""

    still_mg: NDArray[np.float32]
    """(periods, seats): the slow sway of a sitting person."""
    hands_mg: NDArray[np.float32]
    """(periods, seats): the quicker movement of writing, handling things, and walking."""
    observed: NDArray[np.int8]
    """(periods, seats): codes of `MOVEMENT_KINDS`, the strongest movement of the second."""
    start_s: NDArray[np.float64]
    length_s: NDArray[np.float64]
    seat: NDArray[np.int64]
    """The seat's column, not its number."""
    code: NDArray[np.int8]
    """WIGGLE, POSTURE_SHIFT or LEG_BOUNCE."""
    rms_mg: NDArray[np.float64]
    unrelated: NDArray[np.bool_]
    """True for task-unrelated movements, which the scenario counts."""


@dataclass(slots=True, kw_only=True)
class _Single:
    """One movement, before all are put into arrays."""

    start_s: float
    length_s: float
    seat: int
    code: int
    rms_mg: float
    unrelated: bool = False


def draw_movements(
    scenario: Scenario, pupils: Pupils, kind: NDArray[np.int8], seed: int
) -> Movements:
    """The movements that go with `kind`, (periods, seats) codes of `truth.Kind`."""
    rng = stream(seed, "movements")
    still, hands, on_foot, singles = _backgrounds(scenario, pupils, kind, rng)
    for seat in range(kind.shape[1]):
        singles.extend(_unrelated(scenario, pupils, kind[:, seat], seat, rng))
    singles.sort(key=lambda one: (one.start_s, one.seat))
    observed = np.where(kind == Kind.ABSENT, NONE, np.where(hands > 0.0, HANDS, STILL)).astype(
        np.int8
    )
    observed[on_foot] = WALK
    for code in (LEG_BOUNCE, WIGGLE, POSTURE_SHIFT):
        for one in singles:
            if one.code == code:
                end = int(np.ceil(one.start_s + one.length_s))
                observed[int(one.start_s) : end, one.seat] = code
    return Movements(
        still_mg=still,
        hands_mg=hands,
        observed=observed,
        start_s=np.array([one.start_s for one in singles], np.float64),
        length_s=np.array([one.length_s for one in singles], np.float64),
        seat=np.array([one.seat for one in singles], np.int64),
        code=np.array([one.code for one in singles], np.int8),
        rms_mg=np.array([one.rms_mg for one in singles], np.float64),
        unrelated=np.array([one.unrelated for one in singles], np.bool_),
    )


def _backgrounds(
    scenario: Scenario, pupils: Pupils, kind: NDArray[np.int8], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], list[_Single]]:
    """The background levels (drawn for each stretch of one kind), who is walking, and the single
    movements of the stretches.
    """
    movement = scenario.movement
    still = np.zeros(kind.shape, np.float32)
    hands = np.zeros(kind.shape, np.float32)
    walks = np.zeros(kind.shape, np.bool_)
    singles: list[_Single] = []
    for seat in range(kind.shape[1]):
        starts = np.flatnonzero(np.diff(kind[:, seat], prepend=-1))
        ends = np.append(starts[1:], len(kind))
        what = kind[starts, seat]
        n = len(starts)
        vigour = np.full(n, pupils.vigour[seat])
        spread = np.exp(_BOUT_SIGMA * rng.standard_normal(n))
        sway = np.clip(pupils.still_mg[seat] * spread, *movement.still_mg)
        fiddling = np.clip(pupils.hands_mg[seat] * spread, *movement.hands_mg)
        walking = amplitudes(rng, movement.walking_mg, vigour)
        on_foot = (what == Kind.FETCHING) | (what == Kind.WALKING)
        on_foot |= (what == Kind.OTHER_MOVING) & (rng.random(n) < movement.wandering)
        busy = np.where(on_foot, walking, fiddling)
        sitting_still = np.isin(what, _STILL_KINDS)
        lengths = ends - starts
        still[:, seat] = np.repeat(np.where(sitting_still, sway, 0.0), lengths)
        hands[:, seat] = np.repeat(
            np.where(sitting_still | (what == Kind.ABSENT), 0.0, busy), lengths
        )
        walks[:, seat] = np.repeat(on_foot, lengths)
        bounce_mg = amplitudes(rng, movement.leg_bounce_mg, vigour)
        habit = np.where(what == Kind.SELF_DIRECTED, 1.0, movement.leg_bounce_writing)
        habit[~np.isin(what, (Kind.SELF_DIRECTED, Kind.WRITING))] = 0.0
        bounces = rng.random(n) < habit * pupils.leg_bounce[seat]
        singles.extend(
            _Single(
                start_s=float(starts[i]),
                length_s=float(lengths[i]),
                seat=seat,
                code=LEG_BOUNCE,
                rms_mg=float(bounce_mg[i]),
            )
            for i in np.flatnonzero(bounces)
        )
        # Standing up and sitting down shift the seat.
        for i in np.flatnonzero(on_foot):
            singles.extend(
                _posture_shift(scenario, vigour[:1], seat, float(at), rng)
                for at in (starts[i], max(starts[i], ends[i] - 1))
            )
    return still, hands, walks, singles


def _posture_shift(
    scenario: Scenario, vigour: NDArray[np.float64], seat: int, at: float, rng: np.random.Generator
) -> _Single:
    return _Single(
        start_s=at,
        length_s=float(rng.uniform(*_POSTURE_SHIFT_S)),
        seat=seat,
        code=POSTURE_SHIFT,
        rms_mg=float(amplitudes(rng, scenario.movement.posture_shift_mg, vigour)[0]),
    )


def _unrelated(
    scenario: Scenario,
    pupils: Pupils,
    kind: NDArray[np.int8],
    seat: int,
    rng: np.random.Generator,
) -> list[_Single]:
    """Draw a pupil's task-unrelated movements.

    Their number is drawn for the lesson; their times depend on the pupil's behaviour.
    """
    movement = scenario.movement
    here = kind != Kind.ABSENT
    weight = np.where(np.isin(kind, MOVING_OFF_TASK), movement.off_task_ratio, 1.0) * here
    if not here.any():
        return []
    # Rounded randomly, so that the rate is right in a short lesson too.
    count = int(pupils.movements[seat] * here.sum() / (45.0 * 60.0) + rng.random())
    seconds = np.sort(rng.choice(len(kind), size=count, p=weight / weight.sum()))
    starts = seconds + rng.random(count)
    is_shift = rng.random(count) < movement.posture_share
    vigour = np.full(count, pupils.vigour[seat])
    wiggle_mg = amplitudes(rng, movement.wiggle_mg, vigour)
    wiggle_s = movement.wiggle_median_s * np.exp(_WIGGLE_SIGMA * rng.standard_normal(count))
    singles = []
    for i in range(count):
        if is_shift[i]:
            one = _posture_shift(scenario, vigour[i : i + 1], seat, float(starts[i]), rng)
            one.unrelated = True
        else:
            one = _Single(
                start_s=float(starts[i]),
                length_s=float(np.clip(wiggle_s[i], 1.0, _LONGEST_WIGGLE_S)),
                seat=seat,
                code=WIGGLE,
                rms_mg=float(wiggle_mg[i]),
                unrelated=True,
            )
        singles.append(one)
    return singles
