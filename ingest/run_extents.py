"""Which runs of a room may lie in a span of time, without dating each of them every time.

After a year a room has hundreds of runs, and nearly all of them ended long ago. When a run began
and when it ended is worked out once and held, until something is kept outside of that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ingest.dating import UNDATED, utc_of
from ingest.stores.protocol import PeriodReader
from ingest.stores.records import Stream

__all__ = ["RunExtents"]

_MARGIN_NS: Final = 3_600 * 1_000_000_000
"""Records that come later may move a run by less than this."""
_EARLIEST_NS: Final = -(1 << 63)
_LATEST_NS: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class _Extent:
    """From where to where something is kept of a run."""

    stream: Stream
    first_seq: int
    last_seq: int
    from_utc_ns: int
    """With a margin on both sides; where nothing dates it, it may be anywhere."""
    to_utc_ns: int


@dataclass(slots=True)
class _Room:
    """The runs of a room of which something is kept, by id."""

    runs: dict[int, _Extent] = field(default_factory=dict)
    grown: set[int] = field(default_factory=set)
    """Those that are to be looked at again, because more is kept or nothing dated them."""


class RunExtents:
    """Follows a reader by itself. Holds some hundred bytes for each run of the rooms asked for."""

    def __init__(self, reader: PeriodReader) -> None:
        self._reader = reader
        self._cursor: int | None = None
        self._rooms: dict[str, _Room] = {}
        self._room_of: dict[int, str] = {}

    def runs(self, room: str, from_utc_ns: int, to_utc_ns: int) -> list[Stream]:
        """The runs of a room of which something may be kept in a span, in order of their ids.

        A few more than there are: their periods must be dated before anything is said of them.
        """
        self._follow()
        known = self._rooms.get(room)
        if known is None:
            known = self._rooms[room] = _Room()
            for stream in self._reader.streams(room):
                self._look(stream, known)
        elif known.grown:
            grown, known.grown = sorted(known.grown), set()
            for number in grown:
                self._look(self._reader.stream(number), known)
            known.runs = dict(sorted(known.runs.items()))
        return [
            extent.stream
            for extent in known.runs.values()
            if extent.from_utc_ns < to_utc_ns and extent.to_utc_ns > from_utc_ns
        ]

    def _look(self, stream: Stream, room: _Room) -> None:
        kept = list(self._reader.kept(stream.id))
        if not kept:
            return
        first, last = kept[0][0], kept[-1][1]
        timebases = self._reader.timebases(stream.boot) if stream.boot is not None else []
        utcs = utc_of(stream, [first, last], timebases).tolist()
        is_dated = UNDATED not in utcs
        low, high = min(utcs) - _MARGIN_NS, max(utcs) + stream.period_ns + _MARGIN_NS
        if not is_dated:
            low, high = _EARLIEST_NS, _LATEST_NS
            room.grown.add(stream.id)
        self._room_of[stream.id] = stream.room
        room.runs[stream.id] = _Extent(stream, first, last, low, high)

    def _follow(self) -> None:
        if self._cursor is None:
            self._cursor = self._reader.newest_cursor()
            return
        cursor, changes = self._reader.changes(self._cursor)
        if cursor < self._cursor:  # another store stands in its place
            self._rooms.clear()
            self._room_of.clear()
        self._cursor = cursor
        for change in changes:
            # A room that nobody asked for is read when someone does.
            room = self._rooms.get(self._room(change.stream))
            if room is None:
                continue
            known = room.runs.get(change.stream)
            if (
                known is None
                or change.first_seq < known.first_seq
                or change.last_seq > known.last_seq
            ):
                room.grown.add(change.stream)

    def _room(self, stream: int) -> str:
        if stream not in self._room_of:
            self._room_of[stream] = self._reader.stream(stream).room
        return self._room_of[stream]
