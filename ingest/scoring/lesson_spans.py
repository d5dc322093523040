"""Finds the lesson of a period: dates streams, and maps lessons to their seqs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from contract.clock import SECOND_NS, Clock
from contract.wire.messages import Timebase
from ingest.stores.protocol import PeriodReader
from ingest.stores.records import Stream
from ingest.stores.rules.dating import UNDATED, seqs_between, utc_of
from school.lessons.protocol import LessonReader
from school.lessons.records import Lesson

__all__ = ["LessonSpans", "SeqSpan"]

_REFRESH_NS: Final = 10 * SECOND_NS
_REFRESH_UNDATED_NS: Final = SECOND_NS
_MAX_VIEWS: Final = 5_000
_NEAR_NS: Final = 86_400 * SECOND_NS
_HELD_NS: Final = 3_600 * SECOND_NS
"""How far around a query clock records are cached, so that a live stream seldom reads them."""


@dataclass(frozen=True, slots=True)
class SeqSpan:
    """The seqs of a stream that lie in a lesson, first … last."""

    lesson: Lesson
    first_seq: int
    last_seq: int


@dataclass(slots=True)
class _View:
    """A stream and its clock records, cached for a while."""

    stream: Stream
    until_ns: int
    covered: range = range(0)
    """The nanoseconds of the boot clock that `timebases` covers."""
    timebases: list[Timebase] = field(default_factory=list)
    recent: list[SeqSpan] = field(default_factory=list)


class LessonSpans:
    """Dates periods and finds their lessons; caches what the stores answered."""

    def __init__(
        self, *, reader: PeriodReader, lessons: LessonReader, clock: Clock, longest_ns: int
    ) -> None:
        self._reader = reader
        self._lessons = lessons
        self._clock = clock
        self._longest_ns = longest_ns
        self._views: dict[int, _View] = {}
        self._rooms: dict[str, tuple[range, list[Lesson]]] = {}
        """Room → the UTC of which lessons were read, and those that start then."""

    def forget(self) -> None:
        """The lessons changed: drop what is cached."""
        self._rooms.clear()
        self._views.clear()

    def stream(self, stream_id: int) -> Stream:
        return self._view(stream_id).stream

    def is_known(self, stream_id: int, room: str) -> bool:
        """Whether a room still has this stream: its scores may outlive it."""
        return any(each.id == stream_id for each in self._reader.streams(room))

    def streams_of(self, lesson: Lesson) -> list[int]:
        """The streams that may have periods in a lesson."""
        ends_ns = self.ends_utc_ns(lesson)
        runs = self._reader.streams_between(lesson.room, lesson.starts_utc_ns, ends_ns)
        return [stream.id for stream in runs]

    def is_dated(self, stream_id: int) -> bool:
        """Whether periods of this stream can be given a time at all."""
        return self.utc_ns(stream_id, 0) != UNDATED

    def utc_ns(self, stream_id: int, seq: int) -> int:
        """UTC at the start of a period; UNDATED where no clock record dates it."""
        return self.utcs_ns(stream_id, [seq])[0]

    def utcs_ns(self, stream_id: int, seqs: list[int]) -> list[int]:
        """UTC at the start of several periods."""
        view = self._view(stream_id)
        if not seqs:
            return []
        begin_ns, period_ns = view.stream.run_boot_ns, view.stream.period_ns
        low_ns, high_ns = begin_ns + min(seqs) * period_ns, begin_ns + max(seqs) * period_ns
        if low_ns not in view.covered or high_ns not in view.covered:
            # The clock records that date these periods are not cached.
            self._hold(view, low_ns, high_ns)
        return [int(utc) for utc in utc_of(view.stream, seqs, view.timebases)]

    def spans(self, stream_id: int, first_seq: int, last_seq: int) -> list[SeqSpan]:
        """The lessons that these periods lie in; each span is that of the whole lesson."""
        view = self._view(stream_id)
        for span in view.recent:
            if span.first_seq <= first_seq and last_seq <= span.last_seq:
                return [span]
        begin, end = self.utcs_ns(stream_id, [first_seq, last_seq])
        if UNDATED in (begin, end):
            return []
        low, high = min(begin, end), max(begin, end)
        found = []
        for lesson in self._near(view.stream.room, low, high):
            if lesson.starts_utc_ns > high or self.ends_utc_ns(lesson) <= low:
                continue
            in_lesson = self.span(stream_id, lesson)
            if in_lesson and in_lesson.first_seq <= last_seq and in_lesson.last_seq >= first_seq:
                found.append(in_lesson)
        view.recent = found
        return found

    def span(self, stream_id: int, lesson: Lesson) -> SeqSpan | None:
        """The seqs of a stream in a lesson; None if it has none there."""
        view = self._view(stream_id)
        if view.stream.period_ns != SECOND_NS:
            return None  # the quantities' formulas and the model are for one second
        starts_ns, ends_ns = lesson.starts_utc_ns, self.ends_utc_ns(lesson)
        timebases = self._reader.timebases_between(view.stream, starts_ns, ends_ns)
        ranges = seqs_between(view.stream, timebases, starts_ns, ends_ns)
        if not ranges:
            return None
        return SeqSpan(lesson, ranges[0][0], max(last for _, last in ranges))

    def kept_upto(self, span: SeqSpan, stream_id: int) -> int:
        """The last period of a lesson that is stored or in a recorded gap; -1 if there is none."""
        kept = self._reader.kept(stream_id)
        within = [last for first, last in kept if first <= span.last_seq and last >= span.first_seq]
        return min(within[-1], span.last_seq) if within else -1

    def of_stream(self, stream_id: int) -> list[Lesson]:
        """The lessons that a stream's periods may lie in; none if it can't be dated."""
        kept = self._reader.kept(stream_id).spans()
        if not kept:
            return []
        utcs = self.utcs_ns(stream_id, [kept[0][0], kept[-1][1]])
        if UNDATED in utcs:
            return []
        return self._near(self.stream(stream_id).room, min(utcs), max(utcs))

    def _near(self, room: str, low_utc_ns: int, high_utc_ns: int) -> list[Lesson]:
        """The lessons of a room that may touch a span, and some near it, the latest first."""
        low_utc_ns -= self._longest_ns
        known, lessons = self._rooms.get(room, (range(0), []))
        if low_utc_ns not in known or high_utc_ns not in known:
            known = range(low_utc_ns - _NEAR_NS, high_utc_ns + _NEAR_NS)
            lessons = self._lessons.lessons(
                room=room, from_utc_ns=known.start, to_utc_ns=known.stop
            )
            self._rooms[room] = known, lessons
        return lessons

    def ends_utc_ns(self, lesson: Lesson) -> int:
        """When a lesson is over, even if nobody ends it."""
        return lesson.over_utc_ns(self._longest_ns)

    def _view(self, stream_id: int) -> _View:
        now_ns = self._clock.elapsed_ns()
        view = self._views.get(stream_id)
        if view is not None and now_ns < view.until_ns:
            return view
        record = self._reader.stream(stream_id)
        view = _View(record, now_ns + _REFRESH_NS)
        self._hold(view, record.run_boot_ns, record.run_boot_ns)
        if not any(timebase.synchronised for timebase in view.timebases):
            view.until_ns = now_ns + _REFRESH_UNDATED_NS
        if len(self._views) >= _MAX_VIEWS:
            self._views.clear()
        self._views[stream_id] = view
        return view

    def _hold(self, view: _View, low_ns: int, high_ns: int) -> None:
        low_ns, high_ns = low_ns - _HELD_NS, high_ns + _HELD_NS
        view.covered = range(low_ns, high_ns + 1)
        view.timebases = self._reader.timebases(
            view.stream, from_boot_ns=low_ns, to_boot_ns=high_ns
        )
