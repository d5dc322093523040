"""Computes the expected values of a line's readings: follows one hub through one run.

It uses the shared quantity code, second by second, with the memory of each seat or of the room's
sound.
"""

from __future__ import annotations

import copy
import math
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from contract.clock import SECOND_NS
from contract.quantities.motion import MotionQuantities
from contract.quantities.sound import SoundQuantities
from contract.quantities.table import MISSING, encode

__all__ = ["LEVELS_A_SECOND", "AuditLine", "FollowResult", "LineFollower", "Track"]

LEVELS_A_SECOND: Final = 8
_LEVEL_NS: Final = SECOND_NS // LEVELS_A_SECOND
_NO_SENSOR: Final = -32768
_NO_LEVEL: Final = 65535
_MAX_STATES: Final = 3
_MAX_RETRIED_STATES: Final = 24
_MAX_SECONDS_BACK: Final = 4
"""Maximum seconds to go back if nothing fits: other cuts may have fitted there by chance."""
_MAX_EXTRA_TRIES: Final = 4
"""Maximum tries after a cut that fits, because two cuts may give the same values."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AuditLine:
    """The readings that went over one hub's line."""

    name: str
    seats: tuple[int, ...]
    """The room's numbers of the hub's seats."""
    rate_hz: float
    counts_per_g: int
    times: NDArray[np.int64]
    """(n,) rising: when each sample was truly taken, on the boot clock."""
    counts: NDArray[np.int16]
    """(n, seats, 3)"""
    level_times: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """(m,) rising: when the interval of each sound level truly began, on the boot clock."""
    levels: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """(m,) in 0.01 dB(A)"""

    def counts_by_second(self) -> dict[int, NDArray[np.int64]]:
        """Second of the boot clock → (seats,) number of samples with a value."""
        there = (self.counts != _NO_SENSOR).all(axis=2)
        seconds, starts = np.unique(self.times // SECOND_NS, return_index=True)
        if not len(seconds):
            return {}
        sums = np.add.reduceat(there.astype(np.int64), starts, axis=0)
        return dict(zip(seconds.tolist(), sums, strict=True))

    def levels_by_second(self) -> dict[int, int]:
        """Second of the boot clock → number of levels with a value and their middle in the second."""
        middles = self.level_times[self.levels != _NO_LEVEL] + _LEVEL_NS // 2
        seconds, counts = np.unique(middles // SECOND_NS, return_counts=True)
        return dict(zip(seconds.tolist(), counts.tolist(), strict=True))

    def motion(self) -> Track:
        """The seats' samples."""
        seats, rate_hz = len(self.seats), self.rate_hz
        return Track(
            times=self.times,
            samples=self.acceleration(),
            step_ns=SECOND_NS / rate_hz,
            fresh=lambda: MotionQuantities(seats=seats, rate_hz=rate_hz),
            scope="seat",
            names=tuple(f"seat {seat}" for seat in self.seats),
        )

    def sound(self) -> Track:
        """The room's levels, each at the middle of its interval."""
        levels = self.levels.astype(np.float32) / np.float32(100)
        levels[self.levels == _NO_LEVEL] = np.nan
        return Track(
            times=self.level_times + _LEVEL_NS // 2,
            samples=levels,
            step_ns=_LEVEL_NS,
            fresh=SoundQuantities,
            scope="room",
            names=("sound",),
        )

    def acceleration(self) -> NDArray[np.float32]:
        """(n, seats, 3) in g, computed from counts as the host does; NaN without a sensor."""
        scaled = self.counts * np.float32(1 / self.counts_per_g)
        scaled[(self.counts == _NO_SENSOR).any(axis=2)] = np.nan
        return scaled


class _QuantityCode(Protocol):
    """The shared quantity code, with its memory."""

    def update(self, samples: NDArray[np.float32], /) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Track:
    """Readings of one kind from one line, and how to compute quantities from them."""

    times: NDArray[np.int64]
    """(n,) rising"""
    samples: NDArray[np.float32]
    """(n, …)"""
    step_ns: float
    fresh: Callable[[], _QuantityCode]
    scope: Literal["seat", "room"]
    names: tuple[str, ...]
    """The names of the rows of a second."""


@dataclass(slots=True, kw_only=True)
class FollowResult:
    """The result of comparing values, in rows: a seat's second, or a second of the room's sound."""

    changed: int = 0
    """Kept, but different from what was sampled."""
    unverified: int = 0
    """Kept, but not verifiable, because it is at the edge of a blind second."""
    worst_cut: int = 0
    """The largest shift of a cut between two periods, in samples or levels."""
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _State:
    """One possible set of cuts so far."""

    quantities: _QuantityCode
    cut: int
    """Index of the first sample that is not yet used."""
    is_loose: bool
    """No period was kept just before, so nothing else determines the cut."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Fits:
    """The result of trying a second's cuts."""

    good: list[_State] = field(default_factory=list)
    fewest: int
    """Number of differing rows in the best try that does not fit."""
    best: _State
    differing: NDArray[np.bool_]


class LineFollower:
    """Follows one line's track through one run.

    `unseen` are seconds that may miss samples; `given_up` are seconds whose values were computed
    and then lost in a recorded gap.
    """

    def __init__(
        self,
        track: Track,
        *,
        max_shift_s: float,
        unseen: Collection[int] = (),
        given_up: Collection[int] = (),
    ) -> None:
        self._track = track
        self._shift_ns = round(max_shift_s * SECOND_NS)
        self._unseen = unseen
        self._given_up = given_up
        self._earlier: deque[tuple[list[_State], int, NDArray[np.uint16]]] = deque(
            maxlen=_MAX_SECONDS_BACK
        )
        """The inputs of the seconds before."""

    def follow(
        self, seconds: NDArray[np.int64], rows: NDArray[np.uint16], verdict: FollowResult
    ) -> None:
        """Compare a run's kept periods, (n, names, quantities), with the line."""
        states = [_State(self._track.fresh(), 0, is_loose=True)]
        before: int | None = None
        for second, row in zip(seconds.tolist(), rows, strict=True):
            if before is None or second != before + 1:
                states = self._passed(states[0], before, second)
                self._earlier.clear()
            states = self._step(states, second, row, verdict)
            before = second

    def _passed(self, state: _State, before: int | None, second: int) -> list[_State]:
        """Pass over seconds that are not kept: not sampled, or in a gap."""
        first = second if before is None else before + 1
        if before is None:
            while first - 1 in self._given_up:
                first -= 1
        for passed in range(first, second):
            self._pass_over(state, passed)
        return [_State(state.quantities, self._cut_at(second), is_loose=True)]

    def _pass_over(self, state: _State, second: int) -> None:
        """Compute a second whose values are not kept, for the memory of what follows."""
        first = self._cut_at(second)
        end = self._cut_at(second + 1) if second in self._given_up else first
        state.quantities.update(self._placed(first, end, 0, 0))

    def _step(
        self, states: list[_State], second: int, row: NDArray[np.uint16], verdict: FollowResult
    ) -> list[_State]:
        if (row == MISSING).all():
            # Whether that is allowed is checked elsewhere, by counting.
            self._earlier.clear()
            self._pass_over(states[0], second)
            return [_State(states[0].quantities, self._cut_at(second + 1), is_loose=True)]
        fits = self._fits(states, second, row)
        if not fits.good:
            # Other cuts of the seconds before may have given the same values by chance, because
            # levels are few and coarse.
            for others in self._other_ways():
                again = self._fits(others, second, row)
                if again.good:
                    states, fits = others, again
                    break
        self._earlier.append((states, second, row))
        nominal = self._cut_at(second + 1)
        if fits.good:
            if second not in self._unseen:
                shift = min(abs(state.cut - nominal) for state in fits.good)
                verdict.worst_cut = max(verdict.worst_cut, shift)
            return fits.good
        if second in self._unseen:
            verdict.unverified += fits.fewest
        else:
            verdict.changed += fits.fewest
            names = [
                n for n, is_bad in zip(self._track.names, fits.differing, strict=True) if is_bad
            ]
            verdict.notes.append(f"second {second}: {', '.join(names)}: not what was sampled")
        return [fits.best]

    def _other_ways(self) -> Iterator[list[_State]]:
        """All possible cuts, first those that differ from one second back."""
        for back in range(1, len(self._earlier) + 1):
            begun = list(self._earlier)[-back:]
            states = begun[0][0]
            for _, second, row in begun:
                states = self._fits(states, second, row, max_states=_MAX_RETRIED_STATES).good
                if not states:
                    break
            else:
                yield states

    def _fits(
        self,
        states: list[_State],
        second: int,
        row: NDArray[np.uint16],
        *,
        max_states: int = _MAX_STATES,
    ) -> _Fits:
        """The cuts that give a second's values, at most `max_states` of them.

        A cut in its nominal place ends the search, unless all cuts are wanted.
        """
        nominal, tries_left = self._cut_at(second + 1), _MAX_EXTRA_TRIES
        fits = _Fits(fewest=len(row) + 1, best=states[0], differing=np.ones(len(row), bool))
        for state, end, samples in self._ways(states, second):
            tries_left -= bool(fits.good) and max_states == _MAX_STATES
            if not tries_left:
                break
            quantities = copy.deepcopy(state.quantities)
            encoded = np.atleast_2d(encode(quantities.update(samples), self._track.scope))
            differ = (encoded != row).any(axis=1)
            wrong = int(differ.sum())
            if not wrong:
                fits.good.append(_State(quantities, end, is_loose=second in self._unseen))
                if len(fits.good) == max_states or (end == nominal and max_states == _MAX_STATES):
                    break
            elif wrong < fits.fewest:
                fits.fewest, fits.differing = wrong, differ
                fits.best = _State(quantities, nominal, is_loose=True)
        return fits

    def _ways(
        self, states: list[_State], second: int
    ) -> Iterator[tuple[_State, int, NDArray[np.float32]]]:
        """All possible cuts of the period's samples, the most likely first."""
        begin, nominal = self._cut_at(second), self._cut_at(second + 1)
        ways: list[tuple[_State, int, int]] = []
        for state in states:
            firsts = self._around(second) if state.is_loose else [state.cut]
            pairs = [(first, end) for end in self._around(second + 1) for first in firsts]
            if second in self._unseen:
                pairs += [(first, nominal) for first in range(begin, nominal)]
                pairs += [(begin, end) for end in range(nominal, begin, -1)]
            ways += [(state, first, end) for first, end in dict.fromkeys(pairs) if first < end]
        for is_likely in (True, False):
            for state, first, end in ways:
                margins = self._margins(first, end, second)
                for lead, trail in margins[:1] if is_likely else margins[1:]:
                    yield state, end, self._placed(first, end, lead, trail)

    def _margins(self, first: int, end: int, second: int) -> list[tuple[int, int]]:
        """How many samples may be missing before the first and after the last of a period."""
        times, step = self._track.times, self._track.step_ns
        early = (int(times[first]) - second * SECOND_NS) / step
        late = ((second + 1) * SECOND_NS - int(times[end - 1])) / step
        # If the cut moved, all dates moved by about the same number of steps.
        moved_in = first - self._cut_at(second)
        moved_out = self._cut_at(second + 1) - end
        # A sample may be dated a little early or late: at most one step, besides the cut's own move.
        error = min(1.0, self._shift_ns / step)
        leads = [
            max(0, math.floor(early + off - 0.25) - moved)
            for moved in dict.fromkeys((moved_in, 0))
            for off in (0.0, error, -error)
        ]
        trails = [
            max(0, math.ceil(late + off - 0.25) - 1 - moved)
            for moved in dict.fromkeys((moved_out, 0))
            for off in (0.0, error, -error)
        ]
        return list(dict.fromkeys((lead, trail) for lead in leads for trail in trails))

    def _placed(self, first: int, end: int, lead: int, trail: int) -> NDArray[np.float32]:
        """Evenly spaced samples, with a row of NaN for each that did not go over the line."""
        if first >= end:
            return self._track.samples[:0]
        steps = np.rint(np.diff(self._track.times[first:end]) / self._track.step_ns).astype(
            np.int64
        )
        at = lead + np.concatenate([[0], np.cumsum(np.maximum(steps, 1))])
        if not lead and not trail and at[-1] == end - first - 1:
            return self._track.samples[first:end]
        rows = np.full(
            (int(at[-1]) + 1 + trail, *self._track.samples.shape[1:]), np.nan, np.float32
        )
        rows[at] = self._track.samples[first:end]
        return rows

    def _cut_at(self, second: int) -> int:
        """The first sample that was truly taken in this second or later."""
        return int(np.searchsorted(self._track.times, second * SECOND_NS))

    def _around(self, second: int) -> list[int]:
        """The possible cuts before this second, the true place first."""
        at = second * SECOND_NS
        low, high = np.searchsorted(self._track.times, [at - self._shift_ns, at + self._shift_ns])
        true = self._cut_at(second)
        return sorted(range(int(low), int(high) + 1), key=lambda cut: abs(cut - true))
