"""The rows of main.db's table `timebases`: what kits said of their clocks, thinned.

A record counts only for the node that sent it and the boot that it is about, and only while it is
believed (`belief.py`). Which ones are is written down with them, and again when what is seen of the
node's clock changes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final, Literal

from contract.wire.messages import Birth, Timebase
from ingest.stores.clock_records import ClockClaim, SeenClock
from ingest.stores.records import Stream
from ingest.stores.rules.belief import bounds, claim_of, is_believed
from ingest.stores.rules.thinning import ClockMark, fitted

__all__ = [
    "CLAIMED",
    "DATES",
    "MAX_RECORDS",
    "REFUTED",
    "UNDATED",
    "UNDATED_IN",
    "UNSET",
    "ClockRows",
    "offset_of",
    "read_claim",
    "read_timebases",
    "read_timebases_between",
]

MAX_RECORDS: Final = 20_000
"""Records that are kept of one node; beyond it new ones are refused and counted."""
UNSET, DATES, REFUTED = 0, 1, 2
"""Column `use`: from a clock that was not synchronised; from one that was, and is believed; or is
not. Only those that are believed date anything."""

_FARTHEST_NS: Final = (1 << 63) - 1
_MARK: Final = "boot_ns, utc_ns, error_ns, run, received_utc_ns, is_thinned"
_OF: Final = f"SELECT {_MARK} FROM timebases WHERE node = ? AND boot = ? AND use = ? "  # noqa: S608
_BEFORE: Final = _OF + "AND boot_ns <= ? ORDER BY boot_ns DESC LIMIT 3"
_AFTER: Final = _OF + "AND boot_ns > ? ORDER BY boot_ns LIMIT 2"
_PUT: Final = "INSERT OR REPLACE INTO timebases VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)"
_GO: Final = "DELETE FROM timebases WHERE node = ? AND boot = ? AND use = ? AND boot_ns = ?"
_IS_DATED: Final = f"SELECT 1 FROM timebases WHERE node = ? AND boot = ? AND use = {DATES} LIMIT 1"  # noqa: S608
_STREAM: Final = "SELECT id, boot FROM streams WHERE node = ? AND run = ? AND part = 0"
_IS_SEEN: Final = """
SELECT 1 FROM streams JOIN seen_clocks ON stream = id WHERE node = ? AND run = ?
"""
_SEEN: Final = """
SELECT offset_ns FROM streams CROSS JOIN seen_clocks ON stream = id
WHERE node = ? AND boot = ? ORDER BY seen_utc_ns DESC, id DESC LIMIT 1
"""
_MOVED: Final = f"""
SELECT use, {_MARK} FROM timebases
WHERE node = ?1 AND boot = ?2 AND use IN ({DATES}, {REFUTED})
AND (use = {DATES}) <> (utc_ns - received_utc_ns <= ?3 AND utc_ns - boot_ns BETWEEN ?4 AND ?5)
"""  # noqa: S608
"""The records that are judged otherwise by `belief.is_believed` than it is written down."""


def offset_of(node: str, boot: str, order: Literal["ASC", "DESC"]) -> str:
    """SQL for the lowest or the highest offset by which records date a boot; NULL without any."""
    return f"""(SELECT utc_ns - boot_ns FROM timebases
    WHERE node = {node} AND boot = {boot} AND use = {DATES}
    ORDER BY utc_ns - boot_ns {order} LIMIT 1)"""  # noqa: S608


def _read(low: str, high: str) -> str:
    """SQL for the records that date a boot from one place on its clock to another."""
    dating = f"FROM timebases WHERE node = ?1 AND boot = ?2 AND use = {DATES}"
    return f"""SELECT run, boot_ns, utc_ns, error_ns {dating}
    AND boot_ns >= coalesce((SELECT max(boot_ns) {dating} AND boot_ns <= {low}), -1)
    AND boot_ns <= coalesce((SELECT min(boot_ns) {dating} AND boot_ns >= {high}), {_FARTHEST_NS})
    ORDER BY boot_ns"""


_READ: Final = _read("?3", "?4")
# Whatever the offset of a period is, it lies between the lowest and the highest one of its boot.
_READ_BETWEEN: Final = _read(
    f"?3 - {offset_of('?1', '?2', 'DESC')}", f"?4 - {offset_of('?1', '?2', 'ASC')}"
)
CLAIMED: Final = f"""
(node, boot) IN (SELECT DISTINCT node, boot FROM timebases WHERE use = {REFUTED})
AND id = (SELECT max(id) FROM streams AS other
          WHERE other.node = streams.node AND other.room = streams.room AND other.main IS NULL)
"""  # noqa: S608
"""Of `streams`: the newest runs of nodes that said something of their clocks that is not believed."""
UNDATED: Final = f"""
main IS NULL AND NOT EXISTS(
    SELECT 1 FROM timebases AS t
    WHERE t.node = streams.node AND t.boot = streams.boot AND t.use = {DATES})
"""  # noqa: S608
"""Of `streams`: the runs that nothing dates."""
UNDATED_IN: Final = f"room = ? AND cell IS NULL AND {UNDATED}"
"""Those of a room: none of them has a cell."""


def read_timebases(
    database: sqlite3.Connection, stream: Stream, from_boot_ns: int | None, to_boot_ns: int | None
) -> list[Timebase]:
    """The records that date a span of a stream's boot clock, in order; all of them without one."""
    high = _FARTHEST_NS if to_boot_ns is None else to_boot_ns
    return _records(database, _READ, stream, from_boot_ns or 0, high)


def read_timebases_between(
    database: sqlite3.Connection, stream: Stream, from_utc_ns: int, to_utc_ns: int
) -> list[Timebase]:
    """The records that date what lies between two times of a stream, and one period more."""
    to_utc_ns += max(0, stream.period_ns)
    return _records(database, _READ_BETWEEN, stream, from_utc_ns, to_utc_ns)


def _records(
    database: sqlite3.Connection, question: str, stream: Stream, low: int, high: int
) -> list[Timebase]:
    if stream.boot is None:
        return []
    span = (max(0, min(ns, _FARTHEST_NS)) for ns in (low, high))
    rows = database.execute(question, (stream.node, stream.boot, *span))
    return [
        # They were checked when they came.
        Timebase.model_construct(
            node=stream.node, run=run, boot=stream.boot, boot_ns=boot_ns, utc_ns=utc_ns,
            error_ns=error_ns, synchronised=True,
        )
        for run, boot_ns, utc_ns, error_ns in rows
    ]  # fmt: skip


def read_claim(database: sqlite3.Connection, stream: Stream) -> ClockClaim | None:
    """What a stream's node says of its clock, if its newest record is not believed."""
    if stream.boot is None:
        return None
    clock = stream.node, stream.boot
    newest = _OF + "ORDER BY boot_ns DESC LIMIT 1"
    refuted = database.execute(newest, (*clock, REFUTED)).fetchone()
    if refuted is None:
        return None
    believed = database.execute(newest, (*clock, DATES)).fetchone()
    if believed is not None and believed[0] > refuted[0]:
        return None
    seen = database.execute(_SEEN, clock).fetchone()
    return claim_of(ClockMark(*refuted), None if seen is None else seen[0])


class ClockRows:
    """Writes them, inside the transaction that is open."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.refused = 0
        """Records beyond `MAX_RECORDS` of their node, since the program began."""
        self.bound_ns: int | None = None
        """How far a clock may be from what is seen of it; None: every one is believed."""
        self._database = database
        self._counts: dict[str, int] = {}
        self._has_moved = False
        self._touched: set[tuple[str, str]] = set()

    def take_touched(self) -> set[tuple[str, str]]:
        """The nodes and boots whose dating records have changed since this was last asked."""
        touched, self._touched = self._touched, set()
        return touched

    def take_moved(self) -> bool:
        """Whether records were judged otherwise since this was last asked: dates have changed."""
        has_moved, self._has_moved = self._has_moved, False
        return has_moved

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
            is_first = not self._is_dated(clock)
            use = DATES if is_believed(mark, self._seen(clock), self.bound_ns) else REFUTED
            if self._put(clock, use, mark) and use == DATES:
                self._touched.add(clock)
                if is_first:
                    dated.add(clock)
        return dated

    def see(
        self, seen: Iterable[SeenClock], births: Iterable[Birth], *, seen_utc_ns: int
    ) -> set[tuple[str, str]]:
        """Note where boot clocks stand, and judge what is kept of them again.

        Returns those that are dated for the first time by it. `births` say to which boot a run
        belongs.
        """
        clocks = {
            (birth.node, birth.boot)
            for birth in births
            if self._database.execute(_IS_SEEN, (birth.node, birth.run)).fetchone() is not None
        }
        for each in seen:
            row = self._database.execute(_STREAM, (each.node, each.run)).fetchone()
            if row is None:
                continue
            self._database.execute(
                "INSERT OR REPLACE INTO seen_clocks VALUES(?, ?, ?)",
                (row[0], each.offset_ns, seen_utc_ns),
            )
            if row[1] is not None:
                clocks.add((each.node, row[1]))
        return {clock for clock in clocks if self._judge(clock)}

    def judge_all(self) -> set[tuple[str, str]]:
        """Judge every record again; the clocks that are dated for the first time by it."""
        clocks = self._database.execute(
            f"SELECT DISTINCT node, boot FROM timebases WHERE use <> {UNSET}"  # noqa: S608
        ).fetchall()
        return {clock for clock in clocks if self._judge(clock)}

    def _judge(self, clock: tuple[str, str]) -> bool:
        """Decide again which records of a boot are believed; return whether this dates it."""
        seen_ns = self._seen(clock)
        was_dated = self._is_dated(clock)
        low, high = bounds(seen_ns, self.bound_ns)
        max_ahead = _FARTHEST_NS if self.bound_ns is None else self.bound_ns
        # In SQL, for a boot may have thousands of records and this may come with each tick.
        moved = [
            (use, ClockMark(*row))
            for use, *row in self._database.execute(_MOVED, (*clock, max_ahead, low, high))
        ]
        self._database.executemany(_GO, [(*clock, use, mark.boot_ns) for use, mark in moved])
        self._database.executemany(
            _PUT, [(*clock, DATES + REFUTED - use, *mark) for use, mark in moved]
        )
        if moved:
            self._has_moved = True
            self._touched.add(clock)
            self._counts.pop(clock[0], None)
        return not was_dated and self._is_dated(clock)

    def _is_dated(self, clock: tuple[str, str]) -> bool:
        return self._database.execute(_IS_DATED, clock).fetchone() is not None

    def _seen(self, clock: tuple[str, str]) -> int | None:
        row = self._database.execute(_SEEN, clock).fetchone()
        return None if row is None else int(row[0])

    def _put(self, clock: tuple[str, str], use: int, mark: ClockMark) -> bool:
        count = self._count(clock[0])
        run = self._database.execute
        key = (*clock, use)
        before = [ClockMark(*row) for row in run(_BEFORE, (*key, mark.boot_ns))]
        after = [ClockMark(*row) for row in run(_AFTER, (*key, mark.boot_ns))]
        gone, put = fitted(before[::-1], after, mark)
        if len(put) > len(gone) and not self._has_room(clock[0]):
            return False
        removed = sum(run(_GO, (*key, boot_ns)).rowcount for boot_ns in gone)
        known = {each.boot_ns for each in (*before, *after)} - set(gone)
        self._database.executemany(_PUT, [(*key, *each) for each in put])
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
        run(_PUT, (*clock, UNSET, *mark))

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
