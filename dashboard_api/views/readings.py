"""Reads a stretch of a room's time from the store, in whole seconds.

This is the only module of the pages that knows seqs, streams and timebases. All others use seconds
since the start of the stretch; `dashboard_api/reading/` has them from elsewhere too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.clock import SECOND_NS
from contract.quantities.table import MISSING, ROOM_QUANTITIES, decode
from contract.wire.messages import Timebase
from contract.wire.payload import Layout
from dashboard_api.views.seat_readings import SeatReadings, SeatsTaken
from dashboard_api.views.text import GAP_TEXT
from ingest.stores.protocol import PeriodReader
from ingest.stores.records import Stream
from ingest.stores.rules.dating import seqs_between, utc_of

__all__ = [
    "GapSpan",
    "MissingSpan",
    "RoomReadings",
    "Seconds",
    "read_room",
    "read_seats",
    "sensed_seconds",
]

TRACES: Final = ("laeq_1s", "la10", "la90")
"""The room's quantities that the pages draw."""

_COLUMNS: Final = {q.name: at for at, q in enumerate(ROOM_QUANTITIES) if q.name in TRACES}

_REASONS: Final = tuple(GAP_TEXT)
_SENSED: Final = -1
_NOT_RECEIVED: Final = _REASONS.index("not_received")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class GapSpan:
    """Whole seconds without values, from the start of the stretch, and why."""

    start_s: int
    end_s: int
    reason: str
    words: str = ""
    """Text for people, where it is not the reason's own: a person decided it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingSpan:
    """Seconds in which one hub's seats, or the room's noise, are missing, and why."""

    start_s: int
    end_s: int
    reason: str
    seats: tuple[int, ...]
    """Empty if the noise is missing."""
    hub: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoomReadings:
    """What a room's kit sensed in each of n seconds."""

    start_utc_ns: int
    levels: dict[str, Floats]
    """Trace name → (n,) in dB(A), NaN where missing."""
    seats_sensed: NDArray[np.int64]
    """(n,), the number of seats with a value."""
    seats: int
    """The largest number of seats in a period of the stretch, of all kits together."""
    gaps: tuple[GapSpan, ...]
    missing: tuple[MissingSpan, ...] = ()
    """What is missing in seconds in which something else was sensed."""
    by_kit: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    """Kit → (n,), how many of its seats had a value; empty where that is not known."""

    @property
    def length_s(self) -> int:
        return len(self.seats_sensed)

    def since(self, utc_ns: int) -> RoomReadings:
        """The same stretch with nothing from before a time: that is another lesson's."""
        n = min(self.length_s, max(0, -((self.start_utc_ns - utc_ns) // SECOND_NS)))
        if not n:
            return self
        is_later = np.arange(self.length_s) >= n
        before = GapSpan(start_s=0, end_s=n, reason="not_received")
        return replace(
            self,
            levels={name: np.where(is_later, levels, np.nan) for name, levels in self.levels.items()},
            seats_sensed=np.where(is_later, self.seats_sensed, 0),
            by_kit={kit: np.where(is_later, seats, 0) for kit, seats in self.by_kit.items()},
            gaps=(before, *(replace(gap, start_s=max(gap.start_s, n))
                            for gap in self.gaps if gap.end_s > n)),
            missing=tuple(replace(span, start_s=max(span.start_s, n))
                          for span in self.missing if span.end_s > n),
        )  # fmt: skip


def read_room(
    periods: PeriodReader,
    room: str,
    start_utc_ns: int,
    end_utc_ns: int,
) -> RoomReadings:
    """The seconds of `room` from start to end, from all runs of its nodes in that time.

    Two periods in the same second of UTC count once. A second between two consecutive periods that
    has none of its own takes the nearer one. Neither is a gap.
    """
    return _read(periods, room, start_utc_ns, end_utc_ns, None)


class Seconds:
    """The seconds of a stretch, filled piece by piece; a place is in seconds from its start."""

    def __init__(self, start_utc_ns: int, end_utc_ns: int) -> None:
        self.start_utc_ns = start_utc_ns
        self.n = n = max(0, -((start_utc_ns - end_utc_ns) // SECOND_NS))
        self._levels = {name: np.full(n, np.nan) for name in TRACES}
        self._of_kits: dict[str, NDArray[np.int64]] = {}
        """Kit → how many of its seats had a value in each second."""
        self._state = np.full(n, _NOT_RECEIVED, dtype=np.int8)
        self._seats: dict[str, int] = {}
        self._missing: list[MissingSpan] = []

    def span(self, begin: float, end: float) -> slice:
        """The whole seconds between two places."""
        return slice(*(min(self.n, max(0, round(float(at)))) for at in (begin, end)))

    def take_gap(self, span: slice, reason: str) -> None:
        """Nothing came then; what another kit sensed stays."""
        untouched = self._state[span] != _SENSED
        self._state[span][untouched] = _REASONS.index(reason)

    def take_missing(self, span: slice, reason: str, seats: tuple[int, ...], hub: str) -> None:
        """One hub's seats, or the noise, are missing then."""
        self._missing.append(
            MissingSpan(
                start_s=span.start, end_s=span.stop, reason=reason, seats=seats, hub=hub
            )
        )  # fmt: skip

    def take_partial(self, span: slice, reason: str) -> None:
        """One kind of value is gone then, the seats' or the room's; the other kind is still drawn."""
        self._state[span] = _REASONS.index(reason)

    def take(
        self,
        places: Floats,
        levels: Mapping[str, Floats],
        sensed: NDArray[np.int64],
        seats: int,
        kit: str = "",
    ) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
        """Periods of a kit that follow one another.

        Returns the seconds they cover, and each one's period. Seats of several kits are added up;
        noise that one kit does not measure stays what another one has measured.
        """
        seconds, picked = _on_seconds(places, self.n)
        self._state[seconds] = _SENSED
        of_kit = self._of_kits.setdefault(kit, np.zeros(self.n, dtype=np.int64))
        of_kit[seconds] = sensed[picked]
        self._seats[kit] = max(self._seats.get(kit, 0), seats)
        for name, column in levels.items():
            known, came = self._levels[name][seconds], column[picked]
            self._levels[name][seconds] = np.where(np.isnan(came), known, came)
        return seconds, picked

    def readings(self) -> RoomReadings:
        """All of it."""
        return RoomReadings(
            start_utc_ns=self.start_utc_ns,
            levels=self._levels,
            seats_sensed=sum(self._of_kits.values(), np.zeros(self.n, dtype=np.int64)),
            seats=sum(self._seats.values()),
            by_kit=self._of_kits,
            gaps=tuple(_spans(self._state)),
            missing=tuple(span for span in self._missing if _is_partial(span, self._state)),
        )


def _read(
    periods: PeriodReader, room: str, start_utc_ns: int, end_utc_ns: int, taken: SeatsTaken | None
) -> RoomReadings:
    seconds = Seconds(start_utc_ns, end_utc_ns)
    for stream, timebases, first, last in _stretches(periods, room, start_utc_ns, end_utc_ns):
        if taken is not None:
            taken.take_hubs(periods.birth(stream.id))

        def place(
            seqs: NDArray[np.int64],
            stream: Stream = stream,
            timebases: Sequence[Timebase] = timebases,
        ) -> Floats:
            return (utc_of(stream, seqs, timebases) - start_utc_ns) / SECOND_NS

        partial: list[tuple[slice, str]] = []
        for gap in periods.gaps(stream.id):
            low, high = max(gap.first_seq, first), min(gap.last_seq, last)
            if low <= high:
                span = seconds.span(*place(np.array([low, high + 1])))
                if gap.line:
                    hub = _hub_name(periods, stream, gap.line)
                    seconds.take_missing(span, gap.reason, gap.seats, hub)
                elif gap.kind is None:
                    seconds.take_gap(span, gap.reason)
                else:
                    partial.append((span, gap.reason))
        for part in periods.read(stream.id, first, last):
            codes = part.layout.room_codes
            rooms = decode(part.layout.room_values(part.values), "room", codes=codes)
            sensed = _count_seats(part.layout, part.values)
            columns = {name: rooms[:, at].astype(np.float64) for name, at in _COLUMNS.items()}
            for rows in _without_holes(part.seqs):
                where, picked = seconds.take(
                    place(part.seqs[rows]),
                    {name: column[rows] for name, column in columns.items()},
                    sensed[rows],
                    len(part.layout.seats),
                    kit=stream.node,
                )
                if taken is not None:
                    taken.take(part, rows, where, picked)
        for span, reason in partial:
            seconds.take_partial(span, reason)
    return seconds.readings()


def read_seats(
    periods: PeriodReader, room: str, start_utc_ns: int, end_utc_ns: int
) -> tuple[RoomReadings, SeatReadings]:
    """The same seconds of the room, and of each of its seats, in one reading."""
    taken = SeatsTaken()
    readings = _read(periods, room, start_utc_ns, end_utc_ns, taken)
    return readings, taken.seats(readings.length_s)


def sensed_seconds(
    periods: PeriodReader,
    room: str,
    start_utc_ns: int,
    end_utc_ns: int,
) -> tuple[float, int]:
    """How many seconds of a stretch were sensed, and how many gaps it has.

    This reads no values, so it is fast enough for a long list.
    """
    # Of several kits in a room the one that sensed most counts, so that no second counts twice.
    totals: dict[str, float] = {}
    gaps: dict[str, int] = {}
    for stream, _, first, last in _stretches(periods, room, start_utc_ns, end_utc_ns):
        kept = sum(
            min(high, last) - max(low, first) + 1
            for low, high in periods.kept(stream.id)
            if low <= last and high >= first
        )
        for gap in periods.gaps(stream.id):
            if not gap.line and gap.first_seq <= last and gap.last_seq >= first:
                kept -= min(gap.last_seq, last) - max(gap.first_seq, first) + 1
                gaps[stream.node] = gaps.get(stream.node, 0) + 1
        totals[stream.node] = totals.get(stream.node, 0.0) + kept * stream.period_ns / SECOND_NS
    if not totals:
        return 0.0, 0
    most = max(totals, key=lambda node: totals[node])
    return min(totals[most], (end_utc_ns - start_utc_ns) / SECOND_NS), gaps.get(most, 0)


def _stretches(
    periods: PeriodReader,
    room: str,
    start_utc_ns: int,
    end_utc_ns: int,
) -> Iterator[tuple[Stream, list[Timebase], int, int]]:
    """The runs of a room's nodes in a stretch, with their seqs in it."""
    for stream in periods.streams_between(room, start_utc_ns, end_utc_ns):
        timebases = periods.timebases_between(stream, start_utc_ns, end_utc_ns)
        kept = periods.kept(stream.id).spans()
        if not kept:
            continue
        newest = kept[-1][1]
        for first, last in seqs_between(stream, timebases, start_utc_ns, end_utc_ns):
            if first <= newest:
                yield stream, timebases, first, min(last, newest)


def _hub_name(periods: PeriodReader, stream: Stream, line: int) -> str:
    birth = periods.birth(stream.id)
    hubs = birth.hubs if birth is not None else ()
    return hubs[line - 1].hub if line <= len(hubs) else f"hub {line}"


def _is_partial(span: MissingSpan, state: NDArray[np.int8]) -> bool:
    """Whether something else was sensed then; otherwise a gap already covers the span."""
    return bool((state[span.start_s : span.end_s] == _SENSED).any())


def _count_seats(layout: Layout, values: NDArray[np.uint16]) -> NDArray[np.int64]:
    """How many seats have a value in each period: looking at the first quantity is enough."""
    first = layout.seat_values(values)[..., :1]  # empty for a kit without seats
    counts: NDArray[np.int64] = (first != MISSING).sum(axis=(1, 2))
    return counts


def _without_holes(seqs: NDArray[np.int64]) -> list[slice]:
    """The parts of `seqs` in which each is one more than the last."""
    cuts = [0, *(np.flatnonzero(np.diff(seqs) != 1) + 1).tolist(), len(seqs)]
    return [slice(a, b) for a, b in pairwise(cuts) if b > a]


def _on_seconds(places: Floats, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The seconds that consecutive periods cover, each with the index of the nearest period."""
    first = max(0, round(float(places[0])))
    last = min(n - 1, round(float(places[-1])))
    seconds = np.arange(first, last + 1, dtype=np.int64)
    after = np.searchsorted(places, seconds).clip(0, len(places) - 1)
    before = (after - 1).clip(0)
    is_nearer = np.abs(places[before] - seconds) <= np.abs(places[after] - seconds)
    return seconds, np.where(is_nearer, before, after)


def _spans(state: NDArray[np.int8]) -> Iterator[GapSpan]:
    start = 0
    for code, run in groupby(state.tolist()):
        end = start + sum(1 for _ in run)
        if code != _SENSED:
            yield GapSpan(start_s=start, end_s=end, reason=_REASONS[code])
        start = end
