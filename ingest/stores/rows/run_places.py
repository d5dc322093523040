"""Where the runs of main.db lie in time: the column `cell` of `streams`, kept up by the writer.

A run reaches from its first period to its last one, by any record that dates its boot. The cell of
that span (`time_cells.py`) is written in the transaction that changes the span: with a period or gap
that is kept, a birth, and a clock record that comes or is judged otherwise. A cell may be larger than
its run, never smaller, so that few of these have anything to write. NULL: nothing dates the run.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any, Final

from ingest.stores.rows.clocks import DATES, offset_of
from ingest.stores.rows.time_cells import LEVELS, cell_end, cell_of
from ingest.stores.rules.admission import HIGHEST_SEQ

__all__ = ["BETWEEN", "RunPlaces", "place_all"]

Clock = tuple[str, str]
"""Node and boot."""

_SLACK_NS: Final = 1 << 36
"""Offsets count in steps of 69 s: clocks wander, and their runs need not be looked at for it."""
_MAX_CLOCKS: Final = 20_000
_BOUNDS: Final = f"SELECT {offset_of('?1', '?2', 'ASC')}, {offset_of('?1', '?2', 'DESC')}"
_LAST_SEQ: Final = """max(
    coalesce((SELECT last FROM ledger WHERE stream = streams.id ORDER BY first DESC LIMIT 1), -1),
    coalesce((SELECT last FROM gaps WHERE stream = streams.id ORDER BY first DESC LIMIT 1), -1))"""
_EXTENTS: Final = f"""
SELECT id, cell, run_boot_ns, period_ns, {_LAST_SEQ},
    {offset_of("streams.node", "streams.boot", "ASC")},
    {offset_of("streams.node", "streams.boot", "DESC")}
FROM streams WHERE main IS NULL
"""  # noqa: S608
"""Of each run: its cell, its place on the boot clock, its last seq, its lowest and highest offset."""
_CELLS: Final = ", ".join(f"(?{at}, ?{at + 1})" for at in range(4, 4 + 2 * LEVELS, 2))
BETWEEN: Final = f"""
id IN (SELECT streams.id FROM (VALUES {_CELLS}) AS cells
    CROSS JOIN streams ON room = ?1 AND cell BETWEEN cells.column1 AND cells.column2)
AND main IS NULL AND EXISTS(
    SELECT 1 FROM (SELECT period_ns * (1 + {_LAST_SEQ}) AS lasts_ns)
    CROSS JOIN timebases AS t
    WHERE t.node = streams.node AND t.boot = streams.boot AND t.use = {DATES}
    AND t.utc_ns - t.boot_ns < ?3 - run_boot_ns
    AND t.utc_ns - t.boot_ns > ?2 - run_boot_ns - lasts_ns)
"""  # noqa: S608
"""Of `streams`: the runs of a room that begin before a time and end after another, by any record
of their boot. Only those whose cell touches that time are looked at."""
_PUT: Final = "UPDATE streams SET cell = ? WHERE id = ?"


class RunPlaces:
    """Writes the cells of runs, inside the transaction that is open."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._runs: set[int] = set()
        """Streams that may have grown out of their cells."""
        self._bounds: dict[Clock, tuple[int, int] | None] = {}
        """What the runs of a clock were placed by."""

    def forget(self) -> None:
        """Drop what is remembered of the file. What was noted stays: it is no loss to look again."""
        self._bounds.clear()

    def note_run(self, stream_id: int) -> None:
        """A run has grown, or its place on the boot clock has changed."""
        self._runs.add(stream_id)

    def settle(self, clocks: Iterable[Clock]) -> dict[int, int]:
        """Place the runs that were noted, and those of clocks whose records have changed.

        Returns for each stream the seq up to which it lies in its cell.
        """
        for clock in clocks:
            self._note_clock(clock)
        upto = dict.fromkeys(self._runs, HIGHEST_SEQ)
        for stream_id in self._runs:
            for row in self._database.execute(_EXTENTS + "AND id = ?", (stream_id,)).fetchall():
                upto[stream_id] = _place(self._database, row)
        self._runs.clear()
        return upto

    def _note_clock(self, clock: Clock) -> None:
        low, high = self._database.execute(_BOUNDS, clock).fetchone()
        bounds = None if low is None else _bounds(low, high)
        if clock in self._bounds and self._bounds[clock] == bounds:
            return
        if len(self._bounds) >= _MAX_CLOCKS:
            self._bounds.clear()
        self._bounds[clock] = bounds
        runs = self._database.execute("SELECT id FROM streams WHERE node = ? AND boot = ?", clock)
        self._runs.update(stream_id for (stream_id,) in runs)


def place_all(database: sqlite3.Connection) -> None:
    """Place every run, inside the transaction that is open, whatever stands there."""
    for row in database.execute(_EXTENTS).fetchall():
        _place(database, row)


def _place(database: sqlite3.Connection, row: tuple[Any, ...]) -> int:
    """Write the cell of a run if it is another one; the seq up to which the run lies in it."""
    stream_id, known, run_boot_ns, period_ns, last_seq, lowest, highest = row
    cell, upto = None, HIGHEST_SEQ
    if lowest is not None:
        low, high = (run_boot_ns + offset for offset in _bounds(lowest, highest))
        # A birth may claim any length of a period, also none.
        cell = cell_of(low, high + max(0, period_ns) * (last_seq + 1))
        end = cell_end(cell)
        if end is not None and period_ns > 0:
            upto = (end - high) // period_ns - 1
    if cell != known:
        database.execute(_PUT, (cell, stream_id))
    return upto


def _bounds(lowest: int, highest: int) -> tuple[int, int]:
    """Offsets that hold the lowest and the highest one, with room between."""
    return lowest // _SLACK_NS * _SLACK_NS, -(-highest // _SLACK_NS) * _SLACK_NS
