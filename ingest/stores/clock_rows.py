"""The rows of main.db's table `timebases`: what kits said of their clocks, thinned.

A record counts only for the node that sent it and the boot that it is about.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final

from contract.messages import Timebase
from ingest.stores.records import Stream
from ingest.stores.thinning import ClockMark, fitted

__all__ = [
    "BETWEEN",
    "DATES",
    "MAX_RECORDS",
    "UNDATED_STREAMS",
    "UNSET",
    "ClockRows",
    "read_timebases",
]

MAX_RECORDS: Final = 20_000
"""Records that are kept of one node; beyond it new ones are refused and counted."""
UNSET, DATES = 0, 1
"""Column `use`: from a clock that was not synchronised, which dates nothing; or one that was."""

_MARK: Final = "boot_ns, utc_ns, error_ns, run, received_utc_ns, is_thinned"
_OF: Final = f"SELECT {_MARK} FROM timebases WHERE node = ? AND boot = ? AND use = ? "  # noqa: S608
_BEFORE: Final = _OF + "AND boot_ns <= ? ORDER BY boot_ns DESC LIMIT 3"
_AFTER: Final = _OF + "AND boot_ns > ? ORDER BY boot_ns LIMIT 2"
_PUT: Final = "INSERT OR REPLACE INTO timebases VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)"
_GO: Final = "DELETE FROM timebases WHERE node = ? AND boot = ? AND use = ? AND boot_ns = ?"
_IS_DATED: Final = f"SELECT 1 FROM timebases WHERE node = ? AND boot = ? AND use = {DATES} LIMIT 1"  # noqa: S608
_READ: Final = f"""
SELECT run, boot_ns, utc_ns, error_ns FROM timebases
WHERE node = ?1 AND boot = ?2 AND use = {DATES}
AND boot_ns >= coalesce((SELECT max(boot_ns) FROM timebases
    WHERE node = ?1 AND boot = ?2 AND use = {DATES} AND boot_ns <= ?3), -1)
AND boot_ns <= coalesce((SELECT min(boot_ns) FROM timebases
    WHERE node = ?1 AND boot = ?2 AND use = {DATES} AND boot_ns >= ?4), {(1 << 63) - 1})
ORDER BY boot_ns
"""  # noqa: S608
BETWEEN: Final = f"""
main IS NULL AND room = ?1 AND EXISTS(
    SELECT 1 FROM timebases AS t
    WHERE t.node = streams.node AND t.boot = streams.boot AND t.use = {DATES}
    AND run_boot_ns + (t.utc_ns - t.boot_ns) < ?3
    AND run_boot_ns + (t.utc_ns - t.boot_ns) + period_ns * (1 + max(
        coalesce((SELECT last FROM ledger WHERE stream = streams.id
                  ORDER BY first DESC LIMIT 1), -1),
        coalesce((SELECT last FROM gaps WHERE stream = streams.id
                  ORDER BY first DESC LIMIT 1), -1))) > ?2)
"""  # noqa: S608
"""Of `streams`: the runs of a room that begin before a time and end after another, by any record
of their boot. The last ranges of ledger and gaps say how far a run goes."""
UNDATED_STREAMS: Final = f"""
SELECT id FROM streams WHERE main IS NULL AND NOT EXISTS(
    SELECT 1 FROM timebases AS t
    WHERE t.node = streams.node AND t.boot = streams.boot AND t.use = {DATES}) ORDER BY id
"""  # noqa: S608
_FARTHEST_NS: Final = (1 << 63) - 1


def read_timebases(
    database: sqlite3.Connection, stream: Stream, from_boot_ns: int | None, to_boot_ns: int | None
) -> list[Timebase]:
    """The records that date a span of a stream's boot clock, in order; all of them without one."""
    if stream.boot is None:
        return []
    low = 0 if from_boot_ns is None else max(0, min(from_boot_ns, _FARTHEST_NS))
    high = _FARTHEST_NS if to_boot_ns is None else max(0, min(to_boot_ns, _FARTHEST_NS))
    rows = database.execute(_READ, (stream.node, stream.boot, low, high))
    return [
        # They were checked when they came.
        Timebase.model_construct(
            node=stream.node, run=run, boot=stream.boot, boot_ns=boot_ns, utc_ns=utc_ns,
            error_ns=error_ns, synchronised=True,
        )
        for run, boot_ns, utc_ns, error_ns in rows
    ]  # fmt: skip


class ClockRows:
    """Writes them, inside the transaction that is open."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.refused = 0
        """Records beyond `MAX_RECORDS` of their node, since the program began."""
        self._database = database
        self._counts: dict[str, int] = {}

    def forget(self) -> None:
        """Drop what is remembered of the file."""
        self._counts.clear()

    def put(self, timebases: Iterable[Timebase], *, received_utc_ns: int) -> set[tuple[str, str]]:
        """Keep what a tick brought; the nodes and boots that are dated for the first time by it."""
        dated = set()
        for timebase in timebases:
            clock = timebase.node, timebase.boot
            mark = ClockMark(
                timebase.boot_ns, timebase.utc_ns, timebase.error_ns, timebase.run, received_utc_ns
            )
            if not timebase.synchronised:
                self._put_unset(clock, mark)
                continue
            is_first = self._database.execute(_IS_DATED, clock).fetchone() is None
            if self._put(clock, DATES, mark) and is_first:
                dated.add(clock)
        return dated

    def _put(self, clock: tuple[str, str], use: int, mark: ClockMark) -> bool:
        count = self._count(clock[0])
        run = self._database.execute
        key = (*clock, use)
        before = [_mark(row) for row in run(_BEFORE, (*key, mark.boot_ns))]
        after = [_mark(row) for row in run(_AFTER, (*key, mark.boot_ns))]
        gone, put = fitted(before[::-1], after, mark)
        if len(put) > len(gone) and not self._has_room(clock[0]):
            return False
        removed = sum(run(_GO, (*key, boot_ns)).rowcount for boot_ns in gone)
        known = {each.boot_ns for each in (*before, *after)} - set(gone)
        self._database.executemany(_PUT, [(*key, *_row(each)) for each in put])
        added = sum(each.boot_ns not in known for each in put)
        self._counts[clock[0]] = count + added - removed
        return True

    def _put_unset(self, clock: tuple[str, str], mark: ClockMark) -> None:
        """Of a clock that was not set only the newest word is kept: it dates nothing."""
        run = self._database.execute
        newest = run(_BEFORE, (*clock, UNSET, _FARTHEST_NS)).fetchone()
        if newest is not None and newest[0] >= mark.boot_ns:
            return
        if newest is not None:
            run(_GO, (*clock, UNSET, newest[0]))
        elif not self._has_room(clock[0]):
            return
        else:
            self._counts[clock[0]] = self._count(clock[0]) + 1
        run(_PUT, (*clock, UNSET, *_row(mark)))

    def _has_room(self, node: str) -> bool:
        if self._count(node) < MAX_RECORDS:
            return True
        self.refused += 1
        return False

    def _count(self, node: str) -> int:
        known = self._counts.get(node)
        if known is None:
            (known,) = self._database.execute(
                "SELECT count(*) FROM timebases WHERE node = ?", (node,)
            ).fetchone()
            self._counts[node] = known
        return int(known)


def _mark(row: tuple[int, int, int, int, int, int]) -> ClockMark:
    return ClockMark(*row[:5], is_thinned=bool(row[5]))


def _row(mark: ClockMark) -> tuple[int, ...]:
    return (
        mark.boot_ns, mark.utc_ns, mark.error_ns, mark.run, mark.received_utc_ns, mark.is_thinned,
    )  # fmt: skip
