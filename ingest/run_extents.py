"""Which runs of a room may lie in a span of time, without dating each of them every time.

After a year a room has hundreds of runs, and nearly all of them ended long ago. When a run began
and when it ended is worked out once and held, until something is kept outside of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ingest.dating import UNDATED, utc_of
from ingest.stores.protocol import PeriodReader
from ingest.stores.records import Stream

__all__ = ["RunExtents"]

_MARGIN_NS: Final = 3_600 * 1_000_000_000
"""Records that come later may move a run by less than this."""


@dataclass(frozen=True, slots=True)
class _Extent:
    """From where to where something is kept of a run."""

    stream: Stream
    first_seq: int
    last_seq: int
    from_utc_ns: int | None
    """None where nothing dates it: then it may be anywhere."""
    to_utc_ns: int

    def touches(self, from_utc_ns: int, to_utc_ns: int) -> bool:
        return self.from_utc_ns is None or (
            self.from_utc_ns - _MARGIN_NS < to_utc_ns and self.to_utc_ns + _MARGIN_NS > from_utc_ns
        )


class RunExtents:
    """Follows a reader by itself. Holds some hundred bytes for each run of the rooms asked for."""

    def __init__(self, reader: PeriodReader) -> None:
        self._reader = reader
        self._cursor: int | None = None
        self._rooms: dict[str, dict[int, _Extent]] = {}
        self._of: dict[int, _Extent] = {}
        self._room_of: dict[int, str] = {}
        self._grown: dict[str, set[int]] = {}
        """Room → runs of which something is kept beyond what is known."""

    def runs(self, room: str, from_utc_ns: int, to_utc_ns: int) -> list[Stream]:
        """The runs of a room of which something may be kept in a span, in order of their ids.

        A few more than there are: their periods must be dated before anything is said of them.
        """
        self._follow()
        known = self._rooms.get(room)
        if known is None:
            known = self._rooms[room] = {}
            for stream in self._reader.streams(room):
                self._look(stream, known)
        undated = {number for number, extent in known.items() if extent.from_utc_ns is None}
        for number in undated | self._grown.pop(room, set()):
            self._look(self._reader.stream(number), known)
        return [
            known[number].stream
            for number in sorted(known)
            if known[number].touches(from_utc_ns, to_utc_ns)
        ]

    def _look(self, stream: Stream, known: dict[int, _Extent]) -> None:
        kept = list(self._reader.kept(stream.id))
        if not kept:
            return
        first, last = kept[0][0], kept[-1][1]
        timebases = self._reader.timebases(stream.boot) if stream.boot is not None else []
        utcs = utc_of(stream, [first, last], timebases).tolist()
        is_dated = UNDATED not in utcs
        known[stream.id] = self._of[stream.id] = _Extent(
            stream, first, last, min(utcs) if is_dated else None, max(utcs) + stream.period_ns
        )

    def _follow(self) -> None:
        if self._cursor is None:
            self._cursor = self._reader.newest_cursor()
            return
        cursor, changes = self._reader.changes(self._cursor)
        if cursor < self._cursor:  # another store stands in its place
            self._rooms.clear()
            self._of.clear()
            self._room_of.clear()
            self._grown.clear()
        self._cursor = cursor
        for change in changes:
            known = self._of.get(change.stream)
            if known is None:
                room = self._room(change.stream)
                if room in self._rooms:  # else all of it is read when it is asked for
                    self._grown.setdefault(room, set()).add(change.stream)
            elif change.first_seq < known.first_seq or change.last_seq > known.last_seq:
                self._grown.setdefault(known.stream.room, set()).add(change.stream)

    def _room(self, stream: int) -> str:
        if stream not in self._room_of:
            self._room_of[stream] = self._reader.stream(stream).room
        return self._room_of[stream]
