"""Plans a purge: finds and counts what it would remove, before anything is removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from secrets import token_hex

from contract.clock import SECOND_NS
from contract.errors import UsageError
from contract.quantities.table import MISSING
from contract.ranges import SeqRanges
from contract.wire.messages import Timebase
from ingest.purge.requests import PurgeRequest
from ingest.stores.protocol import PeriodReader
from ingest.stores.records import Stream
from ingest.stores.rules.active_purges import seqs_of_purge
from ingest.stores.rules.dating import seqs_between
from school.lessons.protocol import LessonStore
from school.lessons.records import Lesson

__all__ = ["PurgePlan", "PurgePlanner"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgePlan:
    """A request, with the figures that describe it."""

    request: PurgeRequest
    periods: int
    nodes: tuple[str, ...]
    lessons: tuple[Lesson, ...]
    """Lessons that are removed."""
    is_undated: bool
    """There are periods without a date, which a purge of a span therefore leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgePlanner:
    """Reads the stores and changes nothing."""

    reader: PeriodReader
    lessons: LessonStore
    now_utc_ns: int
    longest_ns: int
    _of_boot: dict[tuple[object, ...], list[Timebase]] = field(default_factory=dict, init=False)

    def plan(
        self,
        room: str | None,
        start: int,
        end: int,
        *,
        seat: int | None = None,
        lesson_id: str | None = None,
    ) -> PurgePlan:
        """Plan to purge a lesson, or a span of a room or of one of its seats.

        Raises UsageError if there is nothing to purge, or a lesson is still on.
        """
        lesson = None
        if lesson_id is not None:
            lesson = self.lessons.get(lesson_id)
            if lesson is None:
                raise UsageError(
                    f"there is no lesson {lesson_id!r}; `roomtone lesson list` shows them."
                )
            room, start = lesson.room, lesson.starts_utc_ns
            end = lesson.over_utc_ns(self.longest_ns)
        assert room is not None
        end = min(end, self.now_utc_ns)
        touched = [
            each
            for each in self.lessons.lessons(
                room=room, from_utc_ns=start - self.longest_ns, to_utc_ns=end
            )
            if each.over_utc_ns(self.longest_ns) > start
        ]
        if lesson is not None:
            touched, going = [lesson], [lesson]
        elif seat is None and start == 0:
            going = touched
        else:
            going = []
        self._refuse_running(going)
        request = PurgeRequest.planned(
            id=token_hex(8),
            asked_utc_ns=self.now_utc_ns,
            room=room,
            seat=seat,
            lesson=lesson_id,
            from_utc_ns=start,
            to_utc_ns=max(start, end),
            lessons=tuple(each.id for each in going),
            moments=() if seat is not None else tuple(self._moments(touched, start, end)),
        )
        if start == 0:
            streams = self.reader.streams(room)  # including undated ones
        else:
            streams = self.reader.streams_between(room, start, request.to_utc_ns)
        covered = [(stream, self._covered(request, stream)) for stream in streams]
        periods = sum(len(ranges) for _, ranges in covered)
        if not periods and not touched and not self.reader.newest_runs(room):
            raise UsageError(
                f"there is no data of room {room!r}; `roomtone lesson list` shows rooms."
            )
        if seat is not None:
            self._refuse_unknown_seat(room, seat)
        # Their remaining scores used what is removed, so they are scored again if that is possible.
        stay = [each for each in touched if each not in going]
        again = [each.id for each in stay if self._has_seats(each, seat)]
        scored = touched
        if seat is not None:
            # Zones of older lessons have five seats or more, and can't be computed again.
            scored = [each for each in touched if each.id in again]
        request = PurgeRequest.planned(
            **dict(request) | {"scored": [each.id for each in scored], "again": again}
        )
        return PurgePlan(
            request=request,
            periods=periods,
            nodes=tuple(sorted({stream.node for stream, ranges in covered if len(ranges)})),
            lessons=tuple(going),
            is_undated=start > 0
            and any(len(self.reader.kept(stream)) for stream in self.reader.undated(room)),
        )

    def _refuse_running(self, going: list[Lesson]) -> None:
        for lesson in going:
            if lesson.starts_utc_ns > self.now_utc_ns:
                raise UsageError(f"the lesson {lesson.id} has not started; it has no data.")
            if lesson.over_utc_ns(self.longest_ns) > self.now_utc_ns:
                raise UsageError(
                    f"the lesson {lesson.id} is on; stop it first with `roomtone lesson stop "
                    f"--room {lesson.room}`."
                )

    def _moments(self, lessons: list[Lesson], start: int, end: int) -> Iterator[str]:
        for lesson in lessons:
            for moment in self.lessons.moments(lesson.id):
                begins = lesson.starts_utc_ns + round(moment.start_s * SECOND_NS)
                ends = lesson.starts_utc_ns + round(moment.end_s * SECOND_NS)
                if begins < end and ends > start:
                    yield moment.id

    def _covered(self, request: PurgeRequest, stream: Stream) -> SeqRanges:
        """The seqs of a stream, stored or in a gap, that lie in the purge."""
        known = self.reader.kept(stream.id)
        timebases = self._timebases(stream, request.from_utc_ns, request.to_utc_ns)
        found = SeqRanges()
        for first, last in seqs_of_purge(request.purge, stream, timebases, known):
            for begin, end in known:
                if begin <= last and end >= first:
                    found.add(max(first, begin), min(last, end))
        return found

    def _timebases(self, stream: Stream, from_utc_ns: int, to_utc_ns: int) -> list[Timebase]:
        """The clock records of a span, read once for all runs of a boot."""
        key = (stream.node, stream.boot, stream.period_ns, from_utc_ns, to_utc_ns)
        if key not in self._of_boot:
            self._of_boot[key] = self.reader.timebases_between(stream, from_utc_ns, to_utc_ns)
        return self._of_boot[key]

    def _refuse_unknown_seat(self, room: str, seat: int) -> None:
        if seat in self._seats(self.reader.newest_runs(room)):
            return  # the usual case: no need to read the runs of a year
        streams = self.reader.streams(room)
        seats = self._seats(streams)
        if seats and seat not in seats and not self._is_in_layouts(seat, streams):
            raise UsageError(f"room {room} has no seat {seat}; it has {_listed(seats)}.")

    def _seats(self, streams: list[Stream]) -> set[int]:
        """The seats in the births of runs."""
        births = [birth for s in streams if (birth := self.reader.birth(s.id)) is not None]
        return {each for birth in births for hub in birth.hubs for each in hub.seats}

    def _is_in_layouts(self, seat: int, streams: list[Stream]) -> bool:
        for stream in streams:
            for first, _ in self.reader.kept(stream.id):
                for periods in self.reader.read(stream.id, first, first + 299):
                    if seat in periods.layout.seats:
                        return True
        return False

    def _has_seats(self, lesson: Lesson, seat: int | None) -> bool:
        """Whether a lesson still has values of a seat, or of any seat."""
        span = lesson.starts_utc_ns, lesson.over_utc_ns(self.longest_ns)
        for stream in self.reader.streams_between(lesson.room, *span):
            for first, last in seqs_between(stream, self._timebases(stream, *span), *span):
                for periods in self.reader.read(stream.id, first, last):
                    seats = periods.layout.seats
                    if seat is not None and seat not in seats:
                        continue
                    values = periods.layout.seat_values(periods.values)
                    if seat is not None:
                        values = values[:, seats.index(seat)]
                    if (values != MISSING).any():
                        return True
        return False


def _listed(seats: set[int]) -> str:
    return ", ".join(map(str, sorted(seats))) or "none"
