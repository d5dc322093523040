"""What a line's samples should have become: the oracle's follower of one hub through one run.

It computes with the shared quantity code, second by second, with the memory that each seat has.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.clock import SECOND_NS
from contract.motion import MotionQuantities
from contract.quantities import MISSING, encode

__all__ = ["Line", "LineFollower", "Verdict"]

_NO_SENSOR: Final = -32768
_MOST_STATES: Final = 3
_MOST_MORE: Final = 4
"""Ways that are tried after one that fits, because two may give the same values."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """What went over one hub's line."""

    name: str
    seats: tuple[int, ...]
    """The room's numbers of the hub's seats."""
    rate_hz: float
    counts_per_g: int
    times: NDArray[np.int64]
    """(n,) rising: when each sample was truly taken, on the boot clock."""
    counts: NDArray[np.int16]
    """(n, seats, 3)"""

    def counts_by_second(self) -> dict[int, NDArray[np.int64]]:
        """Second of the boot clock → (seats,) how many samples had a value."""
        there = (self.counts != _NO_SENSOR).all(axis=2)
        seconds, starts = np.unique(self.times // SECOND_NS, return_index=True)
        if not len(seconds):
            return {}
        sums = np.add.reduceat(there.astype(np.int64), starts, axis=0)
        return dict(zip(seconds.tolist(), sums, strict=True))

    def acceleration(self) -> NDArray[np.float32]:
        """(n, seats, 3) in g as the host makes it of counts, NaN without a sensor."""
        scaled = self.counts * np.float32(1 / self.counts_per_g)
        scaled[(self.counts == _NO_SENSOR).any(axis=2)] = np.nan
        return scaled


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What following a run has found, in seat-seconds."""

    changed: int = 0
    unverified: int = 0
    worst_cut: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _State:
    """One way in which the cuts may have fallen so far."""

    quantities: MotionQuantities
    cut: int
    """Index of the first sample that is not used yet."""
    is_loose: bool
    """Nothing was kept just before, so the cut has no other side that holds it."""


class LineFollower:
    """Follows one line through one run.

    `unseen` are seconds whose samples may be cut off; `given_up` those whose values were computed
    and then lost in a recorded gap.
    """

    def __init__(
        self,
        line: Line,
        *,
        most_shift_s: float,
        unseen: Collection[int] = (),
        given_up: Collection[int] = (),
    ) -> None:
        self._line = line
        self._samples = line.acceleration()
        self._step_ns = SECOND_NS / line.rate_hz
        self._shift_ns = round(most_shift_s * SECOND_NS)
        self._unseen = unseen
        self._given_up = given_up

    def follow(
        self, seconds: NDArray[np.int64], values: Mapping[int, NDArray[np.uint16]]
    ) -> Verdict:
        """Hold a run's kept periods, (n, 13) for each seat, against the line."""
        line, verdict = self._line, Verdict()
        fresh = MotionQuantities(seats=len(line.seats), rate_hz=line.rate_hz)
        states = [_State(fresh, 0, is_loose=True)]
        before: int | None = None
        rows = np.stack([values[seat] for seat in line.seats], axis=1)
        for second, row in zip(seconds.tolist(), rows, strict=True):
            if before is None or second != before + 1:
                states = self._passed(states[0], before, second)
            states = self._step(states, second, row, verdict)
            before = second
        return verdict

    def _passed(self, state: _State, before: int | None, second: int) -> list[_State]:
        """Nothing is kept between: it was not sampled, or is in a gap."""
        first = second if before is None else before + 1
        if before is None:
            while first - 1 in self._given_up:
                first -= 1
        for passed in range(first, second):
            if passed in self._given_up:
                low, high = self._cut_at(passed), self._cut_at(passed + 1)
                state.quantities.update(self._placed(low, high, 0, 0))
            else:
                state.quantities.update(self._samples[:0])
        return [_State(state.quantities, self._cut_at(second), is_loose=True)]

    def _step(
        self, states: list[_State], second: int, row: NDArray[np.uint16], verdict: Verdict
    ) -> list[_State]:
        if (row == MISSING).all():
            # Whether that may be is asked elsewhere, by counting.
            for state in states:
                state.quantities.update(self._samples[:0])
            return [_State(states[0].quantities, self._cut_at(second + 1), is_loose=True)]
        good: list[_State] = []
        fewest, best, differing = len(row) + 1, states[0], np.ones(len(row), bool)
        nominal = self._cut_at(second + 1)
        tries_left = _MOST_MORE
        for state, end, samples in self._ways(states, second):
            tries_left -= bool(good)
            if not tries_left:
                break
            quantities = copy.deepcopy(state.quantities)
            differ = (encode(quantities.update(samples), "seat") != row).any(axis=1)
            wrong = int(differ.sum())
            if not wrong:
                good.append(_State(quantities, end, is_loose=second in self._unseen))
                if end == nominal or len(good) == _MOST_STATES:
                    break
            elif wrong < fewest:
                fewest, differing = wrong, differ
                best = _State(quantities, nominal, is_loose=True)
        if good:
            if second not in self._unseen:
                shift = min(abs(state.cut - nominal) for state in good)
                verdict.worst_cut = max(verdict.worst_cut, shift)
            return good
        if second in self._unseen:
            verdict.unverified += fewest
        else:
            verdict.changed += fewest
            seats = [s for s, is_bad in zip(self._line.seats, differing, strict=True) if is_bad]
            verdict.notes.append(f"second {second}: seats {seats} hold other values than sampled")
        return [best]

    def _ways(
        self, states: list[_State], second: int
    ) -> Iterator[tuple[_State, int, NDArray[np.float32]]]:
        """Every way in which the period's samples may have been cut out, the likeliest first."""
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
        times, step = self._line.times, self._step_ns
        early = (int(times[first]) - second * SECOND_NS) / step
        late = ((second + 1) * SECOND_NS - int(times[end - 1])) / step
        # Where the cut moved, the dates did: all of them by about as many steps.
        moved_in = first - self._cut_at(second)
        moved_out = self._cut_at(second + 1) - end
        leads = [max(0, math.floor(early - 0.25) - moved_in)]
        trails = [max(0, math.ceil(late - 0.25) - 1 - moved_out)]
        leads += [leads[0] + 1, max(0, leads[0] - 1), max(0, math.floor(early - 0.25))]
        trails += [trails[0] + 1, max(0, trails[0] - 1), max(0, math.ceil(late - 0.25) - 1)]
        return list(dict.fromkeys((lead, trail) for lead in leads for trail in trails))

    def _placed(self, first: int, end: int, lead: int, trail: int) -> NDArray[np.float32]:
        """Samples in even steps, a row of NaN for each that did not go over the line."""
        if first >= end:
            return self._samples[:0]
        steps = np.rint(np.diff(self._line.times[first:end]) / self._step_ns).astype(np.int64)
        at = lead + np.concatenate([[0], np.cumsum(np.maximum(steps, 1))])
        if not lead and not trail and at[-1] == end - first - 1:
            return self._samples[first:end]
        rows = np.full((int(at[-1]) + 1 + trail, *self._samples.shape[1:]), np.nan, np.float32)
        rows[at] = self._samples[first:end]
        return rows

    def _cut_at(self, second: int) -> int:
        """The first sample that was truly taken in this second or later."""
        return int(np.searchsorted(self._line.times, second * SECOND_NS))

    def _around(self, second: int) -> list[int]:
        """Where the cut before this second may lie, the true place first."""
        at = second * SECOND_NS
        low, high = np.searchsorted(self._line.times, [at - self._shift_ns, at + self._shift_ns])
        true = self._cut_at(second)
        return sorted(range(int(low), int(high) + 1), key=lambda cut: abs(cut - true))
