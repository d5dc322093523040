"""The rows of main.db that say which seqs are kept and which are gaps."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable
from typing import Final

from ingest.stores.format.chunk_contents import Holding
from ingest.stores.records import GapRecord
from ingest.stores.rows.stream_state import StreamState
from ingest.stores.rules.admission import trimmed
from ingest.stores.rules.seal_schedule import Kind

__all__ = ["cut_gaps", "cut_ledger", "put_damaged", "put_gap", "record_gaps", "write_ledger"]

_PUT: Final = (
    "INSERT OR REPLACE INTO gaps(stream, first, last, seats, reason, kind) VALUES(?, ?, ?, ?, ?, ?)"
)


def put_gap(database: sqlite3.Connection, gap: GapRecord) -> None:
    database.execute(
        _PUT, (gap.stream_id, gap.first_seq, gap.last_seq, bytes(gap.seats), gap.reason, gap.kind)
    )


def cut_gaps(
    database: sqlite3.Connection, gaps: Iterable[GapRecord], first: int, last: int
) -> None:
    """Take first … last out of a stream's gaps: values have come there after all."""
    known = [
        gap for gap in gaps if gap.kind is None and gap.first_seq <= last and gap.last_seq >= first
    ]
    for gap in known:
        database.execute(
            "DELETE FROM gaps WHERE stream = ? AND first = ?", (gap.stream_id, gap.first_seq)
        )
    for gap in trimmed(known, first, last):
        put_gap(database, gap)


def write_ledger(database: sqlite3.Connection, touched: Iterable[StreamState]) -> None:
    """Write the ranges that grew, each as one row under its first seq."""
    rows: list[tuple[int, int, int]] = []
    swallowed: list[tuple[int, int, int]] = []
    for state in touched:
        grown, is_merged = state.ledger.grown()
        fresh = [(state.id, first, last) for first, last in grown]
        rows += fresh
        if is_merged:
            swallowed += fresh
    if swallowed:
        database.executemany(
            "DELETE FROM ledger WHERE stream = ? AND first > ? AND first <= ?", swallowed
        )
    database.executemany("INSERT OR REPLACE INTO ledger VALUES(?, ?, ?)", rows)


def put_damaged(
    database: sqlite3.Connection, stream_id: int, held: Iterable[Holding], *, kind: Kind | None
) -> None:
    """Record what was held as damaged; with kind None it leaves the ledger as well."""
    for run in held:
        spans = [(run.first, run.last)]
        if kind is None:
            spans = cut_ledger(database, stream_id, run.first, run.last)
        for first, last in spans:
            database.execute(_PUT, (stream_id, first, last, bytes(run.seats), "damaged", kind))


def cut_ledger(
    database: sqlite3.Connection, stream_id: int, first: int, last: int
) -> list[tuple[int, int]]:
    """Take seqs out of the ledger; returns those of them that were in it."""
    rows = database.execute(
        "SELECT first, last FROM ledger WHERE stream = ? AND first <= ? AND last >= ?",
        (stream_id, last, first),
    ).fetchall()
    database.executemany(
        "DELETE FROM ledger WHERE stream = ? AND first = ?", [(stream_id, low) for low, _ in rows]
    )
    rest = [
        (stream_id, a, b)
        for low, high in rows
        for a, b in ((low, first - 1), (last + 1, high))
        if low <= a <= b <= high
    ]
    database.executemany("INSERT INTO ledger VALUES(?, ?, ?)", rest)
    return [(max(low, first), min(high, last)) for low, high in rows]


def record_gaps(database: sqlite3.Connection, gaps: Iterable[tuple[int, int, int]]) -> None:
    """Record gaps, (stream, first, last), that no message named: a tick of its own for followers."""
    changes = array("q", [n for s, first, last in gaps for n in (s << 2 | 2, first, last)])
    database.execute(
        "INSERT INTO arrivals SELECT coalesce(max(tick), 0) + 1, ? FROM arrivals",
        (changes.tobytes(),),
    )
