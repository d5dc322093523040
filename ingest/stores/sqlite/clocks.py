"""What main.db knows about clocks: the nodes' and the server's own."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import chain
from typing import Final

from contract.files.sqlite_file import transaction
from contract.wire.messages import Timebase
from ingest.stores.clock_records import ClockClaim, ClockNote
from ingest.stores.records import Stream, Tick
from ingest.stores.rows.clocks import (
    CLAIMED,
    UNDATED,
    UNDATED_IN,
    ClockRows,
    read_claim,
    read_timebases,
    read_timebases_between,
)
from ingest.stores.rows.run_places import BETWEEN, RunPlaces
from ingest.stores.rows.stamps import (
    noted,
    put_clock_note,
    put_note,
    read_clock_note,
    stamp_again,
)
from ingest.stores.rows.stream_state import StreamState
from ingest.stores.rows.time_cells import cells_between
from ingest.stores.rules.active_purges import Standing

__all__ = ["ClockKeeping", "ClockQuestions"]

_BOUND: Final = "clock_bound_ns"
_CONCERNED: Final = """
UPDATE purges SET is_due = 1 WHERE room IN (SELECT room FROM streams WHERE node = ? AND boot = ?)
"""


class ClockQuestions(ABC):
    """A part of the reader of main.db, which has the connection."""

    database: sqlite3.Connection

    @abstractmethod
    def _reading(self) -> AbstractContextManager[None]:
        """Hold the connection for one question."""

    @abstractmethod
    def _streams(self, which: str, *values: object) -> list[Stream]:
        """The runs for which an SQL condition holds."""

    def timebases(
        self, stream: Stream, *, from_boot_ns: int | None = None, to_boot_ns: int | None = None
    ) -> list[Timebase]:
        with self._reading():
            return read_timebases(self.database, stream, from_boot_ns, to_boot_ns)

    def timebases_between(self, stream: Stream, from_utc_ns: int, to_utc_ns: int) -> list[Timebase]:
        with self._reading():
            return read_timebases_between(self.database, stream, from_utc_ns, to_utc_ns)

    def clock_claim(self, stream: Stream) -> ClockClaim | None:
        with self._reading():
            return read_claim(self.database, stream)

    def clock_claims(self, *, limit: int) -> list[tuple[Stream, ClockClaim]]:
        found = [(each, self.clock_claim(each)) for each in self._streams(CLAIMED)[-limit:]]
        return [(stream, claim) for stream, claim in found if claim is not None]

    def streams_between(self, room: str, from_utc_ns: int, to_utc_ns: int) -> list[Stream]:
        cells = chain.from_iterable(cells_between(from_utc_ns, to_utc_ns))
        return self._streams(BETWEEN, room, from_utc_ns, to_utc_ns, *cells)

    def newest_runs(self, room: str) -> list[Stream]:
        newest = "id IN (SELECT max(id) FROM streams WHERE room = ? AND main IS NULL GROUP BY node)"
        return sorted(self._streams(newest, room), key=lambda stream: stream.node)

    def clock_note(self) -> ClockNote | None:
        with self._reading():
            return read_clock_note(self.database)

    def undated(self, room: str | None = None) -> list[int]:
        found = self._streams(UNDATED) if room is None else self._streams(UNDATED_IN, room)
        return [stream.id for stream in found]


class ClockKeeping(ClockQuestions):
    """A part of the writer of main.db."""

    _clocks: ClockRows
    _places: RunPlaces
    _by_id: dict[int, StreamState]
    _standing: Standing
    not_due_before: dict[tuple[int, int], int]

    @abstractmethod
    def _forget(self) -> None:
        """Forget what is held in memory about runs."""

    @property
    def refused_timebases(self) -> int:
        return self._clocks.refused

    def judge_clocks(self, *, bound_ns: int | None) -> None:
        with self._writing():
            self._clocks.bound_ns = bound_ns
            if noted(self.database, _BOUND) == bound_ns:
                return  # all of it was judged by this one
            put_note(self.database, _BOUND, bound_ns)
            self._concern(self._clocks.judge_all())
        self.not_due_before.clear()

    def note_clock(self, note: ClockNote) -> None:
        with self._reading(), transaction(self.database):
            put_clock_note(self.database, note)

    def clock_was_set(self, *, from_utc_ns: int, to_utc_ns: int, now_utc_ns: int) -> None:
        with self._writing():
            stamp_again(
                self.database,
                from_utc_ns=from_utc_ns,
                to_utc_ns=to_utc_ns,
                now_utc_ns=now_utc_ns,
            )
            self.database.execute("DELETE FROM seen_clocks")
            self._concern(self._clocks.judge_all())
        self.not_due_before.clear()

    def _see(self, tick: Tick) -> None:
        """What was seen of clocks counts once the runs of this tick have their rows."""
        births = [birth for _, _, birth in tick.births]
        dated = self._clocks.see(tick.seen_clocks, births, seen_utc_ns=tick.received_utc_ns)
        if self._clocks.take_moved():
            self.not_due_before.clear()  # dates have changed
        if self._concern(dated):
            self._forget()

    def _concern(self, dated: Iterable[tuple[str, str]]) -> bool:
        """Whether boots of nodes that are now dated may lie in a purge, which is then due."""
        return bool(self._standing) and self.database.executemany(_CONCERNED, dated).rowcount > 0

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction that may change where runs lie in time."""
        with self._reading():
            try:
                with transaction(self.database):
                    yield
                    self._settle_places()
            except BaseException:
                self._forget()  # it may name what was not kept after all
                raise

    def _settle_places(self) -> None:
        """Write where runs lie in time that were changed in the transaction that is open."""
        for stream_id, upto in self._places.settle(self._clocks.take_touched()).items():
            if stream_id in self._by_id:
                self._by_id[stream_id].placed_upto = upto
