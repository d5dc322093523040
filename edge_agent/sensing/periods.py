"""Turns readings into periods: whole seconds of the boot clock, counted since the run began.

Pure: events in, periods out; the caller decides when to close a period. Each hub has its own
samples and quantities. What a hub did not deliver is missing, never invented. A period closes
without a late hub and has a `LineGap` for it; what the hub brings afterwards comes out as `Late`.
So each second of a hub has either values or a gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.quantities import table as quantities
from contract.quantities.sound import sound_rows
from contract.quantities.table import MISSING, ROOM_QUANTITIES, SEAT_QUANTITIES
from contract.wire.payload import MAX_PERIODS, GapReason, Layout
from edge_agent.sensing.lines import LEVEL_NS, Grid, HubLine, SoundLine, SourceLine, SwitchLine
from edge_agent.sources.protocol import MICROPHONE
from firmware_bridge.events import (
    FramesMissing,
    HubDown,
    HubEvent,
    HubSamples,
    HubUp,
    Levels,
    SwitchSamples,
)

__all__ = ["Late", "LineGap", "Period", "PeriodAssembler"]

_MAX_EXCLUSIONS: Final = 64
"""Changes of the excluded seats that are remembered while a hub is late; older ones are merged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineGap:
    """Seconds in which a hub's seats, or the room's sound, have no value, and why."""

    line: int
    first_seq: int
    n: int
    seats: tuple[int, ...]
    reason: GapReason


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Late:
    """One hub's values, or the sound's, for consecutive periods that closed without them."""

    line: int
    first_seq: int
    values: NDArray[np.uint16]
    """(n, layout.width): rows like a period's, in which all other values are missing."""
    counts: bytes
    """Seats sampled in each second."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Period:
    """One closed second: a row of u16 values as `Layout` orders them."""

    seq: int
    boot_ns: int
    values: NDArray[np.uint16]
    seats_sampled: int
    seats_missing: int
    """Seats that were due and have no values."""
    line_gaps: tuple[LineGap, ...] = ()
    """The gaps of hubs, and of the sound, that have no value in it."""

    @property
    def is_empty(self) -> bool:
        """No seat has a value, and neither has the room."""
        return bool((self.values == MISSING).all())


class PeriodAssembler:
    """Holds the open period. The caller closes or skips one period after the other."""

    def __init__(
        self,
        *,
        run_boot_ns: int,
        period_ns: int,
        hubs: Sequence[tuple[str, tuple[int, ...]]],
        sound: str,
        max_buffered_s: int,
        sound_offset_db: float = 0.0,
        switches: frozenset[str] = frozenset(),
    ) -> None:
        self.layout = Layout(tuple(seat for _, seats in hubs for seat in seats))
        self._grid = grid = Grid(run_boot_ns=run_boot_ns, period_ns=period_ns)
        # Seats with switches have other readings than those with accelerometers.
        self._hubs: dict[str, HubLine | SwitchLine] = {
            name: (SwitchLine if name in switches else HubLine)(
                number=number, seats=seats, grid=grid, max_buffered_s=max_buffered_s
            )
            for number, (name, seats) in enumerate(hubs, start=1)
        }
        self._sound_source = sound
        self._sound_offset_db = sound_offset_db
        self._sound_from = MICROPHONE if sound == "microphone" else None
        self._sound = SoundLine(grid=grid, max_buffered_s=max_buffered_s)
        self._sound.is_up = self._has_sound = sound == "microphone"
        self._lines: tuple[SourceLine, ...] = (*self._hubs.values(), self._sound)
        self._exclusions: list[tuple[int, frozenset[int]]] = [(0, frozenset())]
        """(from which time on, which seats were excluded), latest last."""
        self._late: list[Late] = []
        self._extra_gaps: list[LineGap] = []
        self.seq = 0
        """The seq of the open period."""

    @property
    def start_ns(self) -> int:
        """Boot clock at the start of the open period."""
        return self._grid.start_ns(self.seq)

    @property
    def end_ns(self) -> int:
        return self._grid.end_ns(self.seq)

    @property
    def excluded(self) -> frozenset[int]:
        """Seats whose samples are dropped before anything is computed."""
        return self._exclusions[-1][1]

    @excluded.setter
    def excluded(self, seats: frozenset[int]) -> None:
        if seats != self.excluded:
            wanted_ns = min(hub.wanted_from_ns(self.start_ns) for hub in self._hubs.values())
            while len(self._exclusions) > 1 and self._exclusions[1][0] <= wanted_ns:
                del self._exclusions[0]
            self._exclusions.append((self.start_ns, seats))
            if len(self._exclusions) > _MAX_EXCLUSIONS:
                (from_ns, oldest), (_, next_one), *later = self._exclusions
                self._exclusions = [(from_ns, oldest | next_one), *later]

    def take(self, event: HubEvent) -> None:
        match event:
            case HubSamples():
                self._take_rows(event.boot_ns, event.acceleration, self._hubs[event.hub])
            case SwitchSamples():
                self._take_rows(event.boot_ns, event.moved, self._hubs[event.hub])
            case Levels():
                self._take_levels(event)
            case HubUp():
                if (
                    hub := self._hubs.get(event.hub)
                ) is not None:  # a sound-level meter has no seats
                    if hub.has_new_rate(event):
                        self._catch_up(hub, is_last=True)
                    hub.greet(event)
                if self._sound_source == "hub" and event.hello.has_levels:
                    # If two hubs have a meter, the room's sound is from the one that was up first.
                    self._sound_from = self._sound_from or event.hub
                    self._greet_sound()
            case HubDown(hub=name):
                if name in self._hubs:
                    self._hubs[name].is_up = False
                if name == self._sound_from:
                    self._sound_from = None
                    self._sound.is_up = False
                    self._sound.buffer.latest_ns = None
            case FramesMissing(undated=undated) if undated:
                line = self._hubs[event.hub]
                from_ns = event.before_ns - round((undated + 1) * line.step_ns)
                first = self._grid.seq_at(max(from_ns, event.after_ns or 0))
                line.note_dropped(first, self._grid.seq_at(event.before_ns))

    @property
    def filled(self) -> float:
        """How full the fullest buffer is, from 0 to 1."""
        return max(line.buffer.filled for line in self._lines)

    def has_all(self) -> bool:
        """Whether each hub that is up, and the sound, have delivered up to the period's end."""
        return not any(line.is_awaited(self.seq) for line in self._lines)

    def skip(self) -> None:
        """Skip the open period and forget its readings."""
        self.catch_up()
        for line in self._lines:
            line.skip(self.seq)
        self.seq += 1

    def close(self) -> Period:
        """Close the open period with the readings that have come for it."""
        self.catch_up()
        seq, start = self.seq, self.start_ns
        seats: list[NDArray[np.float32]] = []
        line_gaps: list[LineGap] = []
        excluded = self._excluded_at(start)
        for hub in self._hubs.values():
            values = hub.close(seq)
            if values is None:
                values = np.full((len(hub.seats), len(SEAT_QUANTITIES)), np.nan, np.float32)
            seats.append(values)
            due = tuple(seat for seat in hub.seats if seat not in excluded)
            if due and np.isnan(values).all():
                line_gaps.append(_line_gap(hub, seq, seq, due, "serial"))
        seat = np.concatenate(seats)
        # A HELLO says whether a hub has a meter; earlier levels may come after it.
        room = self._sound.close(seq) if self._sound_source != "none" else None
        if room is None:
            room = np.full(len(ROOM_QUANTITIES), np.nan, np.float32)
        if self._has_sound and np.isnan(room).all():
            line_gaps.append(_line_gap(self._sound, seq, seq, (), "serial"))
        self.seq += 1
        sampled = _seats_with_values(seat)
        due_seats = sum(number not in excluded for number in self.layout.seats)
        return Period(
            seq=seq, boot_ns=start, values=self._row(seat, room), seats_sampled=sampled,
            seats_missing=due_seats - sampled, line_gaps=tuple(line_gaps),
        )  # fmt: skip

    def catch_up(self, *, is_last: bool = False) -> None:
        """Settle what late hubs have brought; with `is_last` no more readings will come."""
        for line in self._lines:
            if line.waiting:
                self._catch_up(line, is_last=is_last)

    def late(self) -> list[Late]:
        """The late values since the last call."""
        late, self._late = self._late, []
        return late

    def line_gaps(self) -> list[LineGap]:
        """The gaps since the last call that belong to no `Period`.

        They are for seconds that stay without values although readings came, and for seconds for
        which it became known later that there should have been sound.
        """
        extra, self._extra_gaps = self._extra_gaps, []
        return extra + [
            _line_gap(line, first, last, line.seats, "unused")
            for line in self._lines
            for first, last in line.unused()
        ]

    def counters(self) -> dict[str, dict[str, int]]:
        """Samples that could not be used, by hub."""
        return {
            name: {"samples_late": hub.late, "samples_refused": hub.refused}
            for name, hub in self._hubs.items()
        }

    def _greet_sound(self) -> None:
        if not self._has_sound:
            self._extra_gaps += [
                _line_gap(self._sound, first, last, (), "serial")
                for first, last in self._sound.waiting
            ]
        self._sound.is_up = self._has_sound = True
        self._sound.greet()

    def _catch_up(self, line: SourceLine, *, is_last: bool) -> None:
        seconds: list[tuple[int, NDArray[np.float32]]] = []
        for seq, values in line.settle_late(is_last=is_last):
            if seconds and (seq != seconds[-1][0] + 1 or len(seconds) == MAX_PERIODS):
                self._add_late(line, seconds)
                seconds = []
            seconds.append((seq, values))
        if seconds:
            self._add_late(line, seconds)

    def _add_late(self, line: SourceLine, seconds: list[tuple[int, NDArray[np.float32]]]) -> None:
        counts = [_seats_with_values(values) if line.seats else 0 for _, values in seconds]
        rows = np.stack([self._row_of(line, values) for _, values in seconds])
        first_seq = seconds[0][0]
        self._late.append(
            Late(line=line.number, first_seq=first_seq, values=rows, counts=bytes(counts))
        )

    def _row_of(self, line: SourceLine, values: NDArray[np.float32]) -> NDArray[np.uint16]:
        seats = np.full((len(self.layout.seats), len(SEAT_QUANTITIES)), np.nan, np.float32)
        if line is self._sound:
            return self._row(seats, values)
        at = self.layout.seats.index(line.seats[0])
        seats[at : at + len(line.seats)] = values
        return self._row(seats, np.full(len(ROOM_QUANTITIES), np.nan, np.float32))

    def _row(self, seat: NDArray[np.float32], room: NDArray[np.float32]) -> NDArray[np.uint16]:
        row: NDArray[np.uint16] = self.layout.rows(
            quantities.encode(seat, "seat")[None], quantities.encode(room, "room")[None]
        )[0]
        return row

    def _excluded_at(self, boot_ns: int) -> frozenset[int]:
        """Seats excluded then or now: a seat that has opted out since is not computed either."""
        then = next(seats for from_ns, seats in reversed(self._exclusions) if from_ns <= boot_ns)
        return then | self.excluded

    def _excluded_spans(self, times: NDArray[np.int64]) -> Iterator[tuple[slice, frozenset[int]]]:
        """The stretches of `times` with the seats that are excluded in them."""
        edges = [from_ns for from_ns, _ in self._exclusions[1:]]
        cuts = [0, *np.searchsorted(times, edges).tolist(), len(times)]
        for (_, seats), first, last in zip(self._exclusions, cuts[:-1], cuts[1:], strict=True):
            if first < last:
                yield slice(first, last), seats | self.excluded

    def _take_rows(
        self, boot_ns: NDArray[np.int64], rows: NDArray[np.float32], hub: HubLine | SwitchLine
    ) -> None:
        """Take readings, (n, seats, …); a seat that has opted out is dropped here."""
        wide = rows.shape[1]
        if self.excluded or len(self._exclusions) > 1 or wide != len(hub.seats):
            kept = np.full((len(rows), len(hub.seats), *rows.shape[2:]), np.nan, np.float32)
            for span, excluded in self._excluded_spans(boot_ns):
                for i, seat in enumerate(hub.seats[:wide]):
                    if seat not in excluded:
                        kept[span, i] = rows[span, i]
            rows = kept
        hub.take(boot_ns, rows, open_ns=self.start_ns)

    def _take_levels(self, event: Levels) -> None:
        if event.hub == self._sound_from:
            rows = sound_rows(event.laeq, event.lafmax, is_coarse=event.is_coarse)
            rows[:, :2] += np.float32(self._sound_offset_db)
            self._sound.take(event.boot_ns + LEVEL_NS // 2, rows, open_ns=self.start_ns)


def _seats_with_values(values: NDArray[np.float32]) -> int:
    return int((~np.isnan(values)).any(axis=1).sum())


def _line_gap(
    line: SourceLine, first: int, last: int, seats: tuple[int, ...], reason: GapReason
) -> LineGap:
    n = last - first + 1
    return LineGap(line=line.number, first_seq=first, n=n, seats=seats, reason=reason)
