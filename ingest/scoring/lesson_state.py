"""One lesson of one stream while it is scored: periods in, epochs and alerts out.

It writes to no store and uses no clock, so a lesson can be scored many times with the same result.
`read` is a coroutine: it yields full epochs and receives their scores
(`models.serving.scorer.score_together`), so that many rooms are computed in one call.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from contract.lesson import Zone
from contract.quantities.table import MISSING, ROOM_QUANTITIES, SEAT_QUANTITIES, Quantity, decode
from contract.ranges import SeqRanges
from contract.wire.messages import Birth
from contract.wire.payload import Layout
from ingest.stores.records import AlertRecord, Periods, Stream
from models.serving.alerts import AlertChange, AlertTracker
from models.serving.scorer import LessonScorer, ScoringModel, Steps
from models.serving.scores import ROOM, EpochScore
from school.lessons.records import Lesson

__all__ = ["EPOCH", "NEVER", "LessonState", "seats_of", "zones_of"]

EPOCH: Final = 5
"""Periods in an epoch, which begins with a seq divisible by it."""
_CHUNK: Final = 300
"""Periods of a lesson that are read at once; bounds memory, as many rooms are scored together."""
NEVER: Final = 1 << 62
"""A seq that no period reaches."""

_HIGHEST_DB: Final = 200.0


def _highest(table: tuple[Quantity, ...]) -> NDArray[np.float32]:
    return np.array([_HIGHEST_DB if "dB" in q.unit else np.inf for q in table], np.float32)


_HIGHEST_SEAT: Final = _highest(SEAT_QUANTITIES)
_HIGHEST_ROOM: Final = _highest(ROOM_QUANTITIES)


class ReadsPeriods(Protocol):
    """What a lesson is read from: a `PeriodReader`, or the kits of a room as one."""

    def read(self, stream_id: int, first_seq: int, last_seq: int) -> list[Periods]: ...


class LessonState:
    """Scores a lesson's periods in the order of their seq; `take` gives what came out.

    Up to `quiet_until` the lesson was scored before: the memory of the scorer and of the alerts is
    rebuilt, but no alert is raised or cleared.
    """

    def __init__(
        self,
        *,
        lesson: Lesson,
        stream: Stream,
        span: tuple[int, int],
        model: ScoringModel,
        seats: tuple[int, ...],
        zones: tuple[Zone, ...],
        decided: tuple[Zone, ...] | None = None,
        utc_of_seq: Callable[[int], int],
        quiet_until: int = -1,
        open_alerts: Sequence[AlertRecord] = (),
    ) -> None:
        self.lesson = lesson
        self.stream = stream
        self.span = span
        self.next_seq = span[0]
        self.touched_ns = 0
        """Elapsed time at which periods came last."""
        self.have = SeqRanges()
        """Seqs whose values have been scored."""
        self.has_unknown_seats = False
        """Periods came with seats that were not known when the state was made: make it again."""
        self.is_without_birth = False
        """The zones were not known when the state was made: make it again when they are."""
        self.is_over = False
        """The lesson has ended, and `finish` was called."""
        self.open = {alert.zone: alert for alert in open_alerts}
        """Alerts that are shown and not over."""
        self._epochs: list[EpochScore] = []
        self._alerts: dict[str, AlertRecord] = {}
        """Changed alerts by id, in their latest state."""
        self._silent: dict[str, AlertChange] = {}
        # Active alerts that are not shown, because no live period has come since.
        self._quiet_until = quiet_until
        self._utc_of_seq = utc_of_seq
        self.version = model.manifest.version
        self._seats = seats
        self._column = {seat: at for at, seat in enumerate(seats)}
        self._scorer = LessonScorer(model=model, seats=seats, zones=zones, decided=decided)
        self._tracker = AlertTracker(
            room=model.manifest.room_alerts, zone=model.manifest.zone_alerts
        )

    def take(self) -> tuple[list[EpochScore], dict[str, AlertRecord]]:
        """The epochs and the alerts by id that came out since the last call."""
        taken = self._epochs, self._alerts
        self._epochs, self._alerts = [], {}
        return taken

    def read(self, reader: ReadsPeriods, upto: int, *, live_from: int = NEVER) -> Steps[None]:
        """Read and score what is stored from `next_seq` to `upto`.

        Seconds of an unfinished epoch are read later, together with the rest of it. Periods before
        `live_from` were not scored while they were live, so they raise no alert.
        """
        upto = self.whole_epochs(upto)
        while self.next_seq <= upto:
            last = min(self.next_seq + _CHUNK - 1, upto)
            for periods in reader.read(self.stream.id, self.next_seq, last):
                yield from self._score(periods, live_from)
            yield from self._fill(last + 1)

    def _score(self, periods: Periods, live_from: int) -> Steps[None]:
        """Score periods from `next_seq` on; earlier ones are skipped."""
        seqs = periods.seqs
        fresh = int(np.searchsorted(seqs, self.next_seq))
        if fresh == len(seqs):
            return
        seat, room = self._values(periods.layout, periods.values[fresh:])
        seqs = seqs[fresh:]
        is_live = periods.is_live[fresh:] & (seqs >= live_from)
        is_quiet = seqs <= self._quiet_until
        for start, end in _runs(seqs, is_live, is_quiet):
            first, last = int(seqs[start]), int(seqs[end - 1])
            yield from self._fill(first)
            epochs = yield from self._scorer.steps(first, seat[start:end], room[start:end])
            self._follow(epochs, is_live=bool(is_live[start]))
            self.have.add(first, last)
            self.next_seq = last + 1

    def whole_epochs(self, upto: int) -> int:
        """The last period of the last epoch that is over with `upto`, or with the lesson."""
        return upto if upto >= self.span[1] else upto - (upto + 1) % EPOCH

    def end_quiet(self, shown: Mapping[str, AlertRecord]) -> None:
        """From now on raise and clear alerts; `shown` are those that are shown, by zone."""
        self.open = dict(shown)
        self._wake()

    @property
    def whole_zones(self) -> tuple[Zone, ...] | None:
        """The zones of a finished lesson, by where seats were for most of it; None before the end."""
        return self._scorer.whole_lesson_zones() if self.is_over else None

    @property
    def has_other_zones(self) -> bool:
        """Whether a finished lesson was scored with other zones than those of the whole lesson."""
        used = self._scorer.zones
        return used is not None and self.whole_zones not in (None, used)

    def finish(self, over_utc_ns: int) -> None:
        """End the lesson and each of its alerts at this time."""
        self.is_over = True
        self._alerts |= {alert.id: alert.cleared(over_utc_ns) for alert in self.open.values()}
        self.open.clear()
        self._silent.clear()

    def end_unheard(self) -> None:
        """No data comes any more, so no alert is shown; one that is still active when live data
        comes is raised again then.
        """
        for alert in self.open.values():
            self._silent[alert.zone] = AlertChange(
                change="raised",
                zone=alert.zone,
                first_seq=self.next_seq,
                excess=None,
                because=alert.because,
            )
        self.open.clear()

    def _fill(self, until: int) -> Steps[None]:
        """There are no values before `until`: score them as missing."""
        seat = np.empty((0, len(self._seats), len(SEAT_QUANTITIES)), np.float32)
        room = np.empty((0, len(ROOM_QUANTITIES)), np.float32)
        # The part that was scored before may end in the hole.
        for end in sorted({min(until, self._quiet_until + 1), until}):
            if end > self.next_seq:
                epochs = yield from self._scorer.steps(end, seat, room)
                self._follow(epochs, is_live=False)
                self.next_seq = end
            if 0 <= self._quiet_until < self.next_seq:
                self._wake()

    def _wake(self) -> None:
        """The part that was scored before is over: clear shown alerts that are no longer active."""
        self._quiet_until = -1
        for zone in list(self.open):
            if zone in self._silent:
                del self._silent[zone]
            else:
                self._clear(zone, self.next_seq)

    def _follow(self, epochs: list[EpochScore], *, is_live: bool) -> None:
        self._epochs += epochs
        for epoch in epochs:
            is_quiet = epoch.first_seq + EPOCH - 1 <= self._quiet_until
            for change in self._tracker.update(epoch):
                if change.change == "raised":
                    self._silent[change.zone] = change
                else:
                    self._silent.pop(change.zone, None)
                    if not is_quiet and change.zone in self.open:
                        self._clear(change.zone, change.first_seq)
            if is_live and not is_quiet:
                for change in self._silent.values():
                    self._raise(change, epoch)
                self._silent.clear()

    def _raise(self, change: AlertChange, epoch: EpochScore) -> None:
        """Show an alert from this epoch on."""
        areas = {score.zone: score.off_task for score in (epoch.room, *epoch.zones)}
        off_task = areas.get(change.zone)
        alert = AlertRecord(
            # A lesson that is scored again gives the same alert the same id.
            id=f"{self.lesson.id}.{self.stream.id}.{_in_id(change.zone)}.{epoch.first_seq}",
            lesson=self.lesson.id,
            room=self.lesson.room,
            zone=change.zone,
            raised_utc_ns=self._utc_of_seq(epoch.first_seq),
            cleared_utc_ns=None,
            because=change.because,
            off_task=float("nan") if off_task is None else off_task,
            model=self.version,
        )
        self.open[change.zone] = self._alerts[alert.id] = alert

    def _clear(self, zone: str, seq: int) -> None:
        alert = self.open.pop(zone)
        self._alerts[alert.id] = alert.cleared(self._utc_of_seq(seq))

    def _values(
        self, layout: Layout, values: NDArray[np.uint16]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        seat, room = layout.seat_values(values), layout.room_values(values)
        if layout.seats != self._seats:
            known = [(i, self._column[s]) for i, s in enumerate(layout.seats) if s in self._column]
            self.has_unknown_seats = self.has_unknown_seats or len(known) < len(layout.seats)
            shape = len(values), len(self._seats), len(layout.seat_codes)
            every = np.full(shape, MISSING, np.uint16)
            if known:
                source, target = zip(*known, strict=True)
                every[:, list(target)] = seat[:, list(source)]
            seat = every
        return (
            _plausible(decode(seat, "seat", codes=layout.seat_codes), _HIGHEST_SEAT),
            _plausible(decode(room, "room", codes=layout.room_codes), _HIGHEST_ROOM),
        )


def seats_of(birth: Birth | None, found: list[Periods]) -> tuple[int, ...]:
    """The seats of a stream: those in its birth and those in its periods."""
    seats = {seat for hub in birth.hubs for seat in hub.seats} if birth else set()
    for periods in found:
        seats.update(periods.layout.seats)
    return tuple(sorted(seats))


def zones_of(lesson: Lesson, birth: Birth | None) -> tuple[Zone, ...]:
    """The lesson's zones, else one for each hub; none may have the whole room's name."""
    zones = lesson.zones
    if not zones and birth is not None:
        zones = tuple(Zone(name=hub.hub, seats=hub.seats) for hub in birth.hubs)
    return tuple(
        replace(zone, name=f"zone {ROOM}") if zone.name == ROOM else zone for zone in zones
    )


def _in_id(zone: str) -> str:
    """A zone's name as a part of an alert's id, which may be used in a URL.

    Where characters have to be removed, a part of the name's hash keeps names distinct.
    """
    left = re.sub(r"[^a-z0-9]+", "-", zone.lower()).strip("-")
    if left == zone:
        return zone
    return f"{left}-{hashlib.sha256(zone.encode()).hexdigest()[:8]}".lstrip("-")


def _plausible(values: NDArray[np.float32], highest: NDArray[np.float32]) -> NDArray[np.float32]:
    """Replace impossible values by missing ones, so that a broken kit can't distort the scores."""
    return np.where(values > highest, np.float32(np.nan), values)


def _runs(
    seqs: NDArray[np.int64], is_live: NDArray[np.bool_], is_quiet: NDArray[np.bool_]
) -> Iterator[tuple[int, int]]:
    """(start, end) of stretches without a hole, all live or not, all scored before or not."""
    breaks = (np.diff(seqs) != 1) | (np.diff(is_live)) | (np.diff(is_quiet))
    yield from pairwise([0, *(np.flatnonzero(breaks) + 1).tolist(), len(seqs)])
