"""Several kits of one room, read as one: the seconds of all of them on the grid of one of their runs.

A lesson in which more than one kit senses has a leader, the earliest of its runs. The other kits' seconds
are placed on its seqs by UTC, to the nearest second, and their seats stand beside its own. So a room
has one ribbon, and a zone may have seats of several kits. Where only one kit senses, nothing is read
otherwise than without this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from contract.clock import SECOND_NS, Clock
from contract.quantities.table import MISSING
from contract.wire.messages import Birth
from contract.wire.payload import FULL_LAYOUT_CODES, Layout
from ingest.scoring.lesson_spans import LessonSpans, SeqSpan
from ingest.stores.protocol import PeriodReader, ScoreReader
from ingest.stores.records import Change, Periods, Stream
from ingest.stores.rules.dating import UNDATED
from school.lessons.records import Lesson

__all__ = ["JoinedKits", "KitsOfLesson"]

MAX_BEHIND: Final = 7
"""A kit whose newest second is older than the newest of all by more than this is not waited for: a kit
itself waits for a late hub for six seconds."""
_REFRESH_NS: Final = 60 * SECOND_NS
_NEVER_NS: Final = 1 << 62
_MAX_KNOWN: Final = 5_000


@dataclass(frozen=True, slots=True)
class _Other:
    """Another run of the room, and what to add to its seqs for the leader's."""

    stream_id: int
    offset: int


class KitsOfLesson:
    """What the scorer reads of a lesson's leader: all of the room's kits on its seqs.

    The methods are those of `PeriodReader` that scoring a lesson needs.
    """

    def __init__(self, reader: PeriodReader, leader: int, others: Sequence[_Other]) -> None:
        self._reader = reader
        self.leader = leader
        self._others = tuple(others)

    @property
    def is_joined(self) -> bool:
        return bool(self._others)

    def of_leader(self, change: Change) -> Change:
        """The same change on the leader's seqs."""
        if not self._others:
            return change
        first, last = (
            self.seq_of(change.stream_id, s) for s in (change.first_seq, change.last_seq)
        )
        return replace(change, stream_id=self.leader, first_seq=max(0, first), last_seq=last)

    def seq_of(self, stream_id: int, seq: int) -> int:
        """A seq of one of the runs as the leader counts it."""
        return seq + next((o.offset for o in self._others if o.stream_id == stream_id), 0)

    def all_have(self, upto: int) -> int:
        """The last seq up to which every kit that is not far behind has sent its seconds."""
        newest = [kept[-1][1] for kept in self._each_kept() if kept]
        if not newest:
            return upto
        in_time = [seq for seq in newest if seq >= max(newest) - MAX_BEHIND]
        return min([upto, *in_time])

    def birth(self, stream_id: int) -> Birth | None:
        """The leader's, with the hubs of all."""
        births = [self._reader.birth(each) for each in (stream_id, *self._ids(stream_id))]
        known = [birth for birth in births if birth is not None]
        if len(known) < 2:
            return known[0] if known else None
        hubs = {(birth.node, hub.hub): hub for birth in known for hub in birth.hubs}
        return known[0].model_copy(update={"hubs": tuple(hubs.values())})

    def kept_upto(self, last_seq: int) -> int:
        """The last seq up to this one that any kit has sent; -1 if there is none."""
        newest = [kept[-1][1] for kept in self._each_kept() if kept]
        return min(max(newest, default=-1), last_seq)

    def read(self, stream_id: int, first_seq: int, last_seq: int) -> list[Periods]:
        """The periods of a span, with the seats of all kits in one layout."""
        own = self._reader.read(stream_id, first_seq, last_seq)
        if not self._ids(stream_id):
            return own
        pieces = [(0, part) for part in own]
        for other in self._others:
            low, high = max(0, first_seq - other.offset), last_seq - other.offset
            if low <= high:
                found = self._reader.read(other.stream_id, low, high)
                pieces += [(other.offset, part) for part in found]
        return _joined(pieces, own[0].stream if own else self._reader.stream(stream_id))

    def _ids(self, stream_id: int) -> tuple[int, ...]:
        return tuple(o.stream_id for o in self._others) if stream_id == self.leader else ()

    def _each_kept(self) -> list[list[tuple[int, int]]]:
        """The kept ranges of each run, on the leader's seqs."""
        found = [list(self._reader.kept(self.leader))]
        for other in self._others:
            kept = self._reader.kept(other.stream_id)
            found.append(
                [(a + other.offset, b + other.offset) for a, b in kept if b + other.offset >= 0]
            )
        return found


@dataclass(frozen=True, slots=True)
class _Known:
    streams: frozenset[int]
    kits: KitsOfLesson
    until_ns: int


class JoinedKits:
    """Knows the kits of each lesson for a while; which run leads stays as it was."""

    def __init__(
        self, reader: PeriodReader, scores: ScoreReader, spans: LessonSpans, clock: Clock
    ) -> None:
        self._reader = reader
        self._scores = scores
        self._spans = spans
        self._clock = clock
        self._known: dict[str, _Known] = {}

    def of(self, lesson: Lesson, stream_id: int) -> KitsOfLesson:
        """The kits of a lesson, of which one has this stream."""
        now_ns = self._clock.elapsed_ns()
        known = self._known.get(lesson.id)
        if known is None or stream_id not in known.streams or now_ns >= known.until_ns:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            leader = None if known is None else known.kits.leader
            known = self._known[lesson.id] = self._look(lesson, stream_id, leader)
        if not known.kits.is_joined and known.kits.leader != stream_id:
            return KitsOfLesson(self._reader, stream_id, ())  # another run of the same kit
        return known.kits

    def _look(self, lesson: Lesson, stream_id: int, leader: int | None) -> _Known:
        streams = frozenset([*self._spans.streams_of(lesson), stream_id])
        nodes = {(one.site, one.node) for one in map(self._spans.stream, streams)}
        spans = {}
        if len(nodes) > 1:
            spans = {each: span for each in streams if (span := self._spans.span(each, lesson))}
            streams = frozenset([*spans, stream_id])  # one that is dated later is looked at then
        if len(spans) < 2:
            return _Known(streams, KitsOfLesson(self._reader, stream_id, ()), _NEVER_NS)
        if leader not in spans:
            scored = next(iter(self._scores.epochs(lesson.id)), None)
            leader = scored.stream_id if scored is not None else None
        if leader is None or leader not in spans:
            leader = min(spans)
        others = self._others(leader, spans)
        until_ns = self._clock.elapsed_ns() + _REFRESH_NS
        return _Known(streams, KitsOfLesson(self._reader, leader, others), until_ns)

    def _others(self, leader: int, spans: Mapping[int, SeqSpan]) -> list[_Other]:
        begin = spans[leader].first_seq
        leader_ns = self._spans.utc_ns(leader, begin)
        others = []
        for each, span in sorted(spans.items()):
            utc_ns = self._spans.utc_ns(each, span.first_seq)
            if each != leader and UNDATED not in (utc_ns, leader_ns):
                place = begin + round((utc_ns - leader_ns) / SECOND_NS)
                others.append(_Other(each, place - span.first_seq))
        return others


def _joined(pieces: list[tuple[int, Periods]], stream: Stream) -> list[Periods]:
    """Periods of several runs as one, row by row; of a seat that two kits claim the first counts."""
    if not pieces:
        return []
    seats = tuple(dict.fromkeys(seat for _, part in pieces for seat in part.layout.seats))
    seqs = np.unique(np.concatenate([part.seqs + offset for offset, part in pieces]))
    layout = Layout(seats)
    seat_codes, room_codes = FULL_LAYOUT_CODES
    seat = np.full((len(seqs), len(seats), len(seat_codes)), MISSING, np.uint16)
    room = np.full((len(seqs), len(room_codes)), MISSING, np.uint16)
    is_live = np.zeros(len(seqs), bool)
    column = {number: at for at, number in enumerate(seats)}
    for offset, part in pieces:
        rows = np.searchsorted(seqs, part.seqs + offset)
        is_live[rows] |= part.is_live
        at = np.array([column[number] for number in part.layout.seats], np.int64)
        codes = np.array([seat_codes.index(c) for c in part.layout.seat_codes], np.int64)
        if len(at) and len(codes):
            where = np.ix_(rows, at, codes)
            before, new = seat[where], part.layout.seat_values(part.values)
            seat[where] = np.where(before == MISSING, new, before)
        codes = np.array([room_codes.index(c) for c in part.layout.room_codes], np.int64)
        if len(codes):
            place = np.ix_(rows, codes)
            known, came = room[place], part.layout.room_values(part.values)
            room[place] = np.where(known == MISSING, came, known)
    values = layout.rows(seat, room)
    return [Periods(stream=stream, layout=layout, seqs=seqs, values=values, is_live=is_live)]
