"""The rows of main.db that are a site's: copied under new numbers, and removed.

Streams, layouts and sealed chunks are numbered by their store, so each gets a number of the other
one. All else stays as it is: a moved period is dated, sealed, retired and purged as before.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ingest.stores.format.schema import (
    HEADER,
    KEY_STEP,
    LIVE,
    is_sound,
    key_of,
    layout_body,
    packed_row,
)
from ingest.stores.records import Change
from ingest.stores.rules.admission import HIGHEST_SEQ, STRETCH
from ingest.stores.upkeep.open_store import OpenStore

__all__ = ["Numbers", "copy_rows", "numbers_of", "remove_rows", "stream_ids"]

_STREAM_COLUMNS: Final = (
    "site, room, node, run, part, boot, run_boot_ns, period_ns, start, is_up, "
    "first_received_utc_ns, cell, id, main"
)
_OF_STREAMS: Final = {
    "ledger": "first, last",
    "gaps": "first, last, seats, reason, kind",
    "stretches": "stretch",
    "seen_clocks": "offset_ns, seen_utc_ns",
    "births": "received_utc_ns, body",
    "deaths": "received_utc_ns, body",
}
"""Tables with a column `stream`, and their other columns."""
_NODES: Final = "SELECT DISTINCT node FROM streams WHERE site = ?"
_ROOMS: Final = "SELECT DISTINCT room FROM streams WHERE site = ?"
_LEFT: Final = "SELECT 1 FROM streams WHERE streams.node = {0}.node"
_ASIDE: Final = "received_utc_ns, topic, reason, payload"
_OF_ASIDE: Final = "substr(topic, 1, length(?1)) = ?1"


@dataclass(slots=True)
class Numbers:
    """What a number of the one store is in the other."""

    streams: dict[int, int]
    layouts: dict[int, int] = field(default_factory=dict)
    chunks: dict[int, int] = field(default_factory=dict)


def stream_ids(database: sqlite3.Connection, site: str) -> list[int]:
    """A site's streams, runs and parts, in order."""
    rows = database.execute("SELECT id FROM streams WHERE site = ? ORDER BY id", (site,))
    return [number for (number,) in rows]


def numbers_of(source: OpenStore, target: OpenStore, site: str) -> Numbers:
    """New numbers of the target for a site's streams and chunks; layouts are shared by what they are."""
    first = _highest(target.database, "streams") + 1
    ids = stream_ids(source.database, site)
    numbers = Numbers({old: first + at for at, old in enumerate(ids)})
    first = _highest(target.database, "sealed") + 1
    chunks = source.database.execute(
        "SELECT sealed.id FROM sealed JOIN streams ON streams.id = stream WHERE site = ? "
        "ORDER BY sealed.id",
        (site,),
    )
    numbers.chunks = {old: first + at for at, (old,) in enumerate(chunks)}
    known = dict(target.database.execute("SELECT body, id FROM layouts").fetchall())
    free = _highest(target.database, "layouts") + 1
    for number, body in source.database.execute("SELECT id, body FROM layouts ORDER BY id"):
        if body not in known:
            known[body], free = free, free + 1
        numbers.layouts[number] = known[body]
    return numbers


def copy_rows(
    source: OpenStore, target: OpenStore, site: str, numbers: Numbers, changes: Iterable[Change]
) -> None:
    """Copy a site's rows into the transaction of the target that is open.

    `changes` are what no follower of the source has read yet: those of the target read it.
    """
    taken, into = source.database, target.database
    for number, new in numbers.layouts.items():
        body = layout_body(source.layout(number))
        into.execute("INSERT OR IGNORE INTO layouts VALUES(?, ?)", (new, body))
    for *values, old, main in taken.execute(
        f"SELECT {_STREAM_COLUMNS} FROM streams WHERE site = ? ORDER BY id",  # noqa: S608
        (site,),
    ).fetchall():
        into.execute(
            f"INSERT INTO streams({_STREAM_COLUMNS}) VALUES({_marks(14)})",
            (*values, numbers.streams[old], None if main is None else numbers.streams[main]),
        )
    for table, columns in _OF_STREAMS.items():
        _copy_of_streams(taken, into, table, columns, numbers)
    _copy_live(source, into, numbers)
    _copy_sealed(taken, into, numbers)
    _copy_of_nodes(taken, into, site, numbers)
    rooms = [room for (room,) in taken.execute(_ROOMS, (site,))]
    for room in rooms:
        _copy(taken, into, "purges", 6, "room = ?", room)
    into.executemany(
        f"INSERT INTO aside({_ASIDE}) VALUES(?, ?, ?, ?)",
        taken.execute(
            f"SELECT {_ASIDE} FROM aside WHERE {_OF_ASIDE} ORDER BY id",  # noqa: S608
            (_prefix(site),),
        ),
    )
    _note_changes(into, numbers, changes)


def remove_rows(database: sqlite3.Connection, site: str) -> None:
    """Remove a site's rows, inside the transaction that is open; its chunks are gone by then."""
    ids = stream_ids(database, site)
    rooms = database.execute(_ROOMS, (site,)).fetchall()
    nodes = database.execute(_NODES, (site,)).fetchall()
    runs = database.execute("SELECT node, run FROM streams WHERE site = ?", (site,)).fetchall()
    for number in ids:
        database.executemany("DELETE FROM live WHERE k = ?", _live_keys(database, number))
        for table in (*_OF_STREAMS, "sealed"):
            database.execute(f"DELETE FROM {table} WHERE stream = ?", (number,))  # noqa: S608
    database.executemany("DELETE FROM healths WHERE node = ? AND run = ?", runs)
    database.execute("DELETE FROM streams WHERE site = ?", (site,))
    for table in ("timebases", "notices", "node_layouts", "healths"):
        database.executemany(
            f"DELETE FROM {table} WHERE node = ? AND NOT EXISTS ({_LEFT.format(table)})",  # noqa: S608
            nodes,
        )
    database.executemany(
        "DELETE FROM purges WHERE room = ?1 AND NOT EXISTS (SELECT 1 FROM streams WHERE room = ?1)",
        rooms,
    )
    database.execute(f"DELETE FROM aside WHERE {_OF_ASIDE}", (_prefix(site),))  # noqa: S608
    _forget_changes(database, set(ids))


def _copy_of_streams(
    taken: sqlite3.Connection, into: sqlite3.Connection, table: str, columns: str, numbers: Numbers
) -> None:
    order = "ORDER BY id" if table in {"births", "deaths"} else ""
    into.executemany(
        f"INSERT INTO {table}(stream, {columns}) VALUES({_marks(1 + columns.count(',') + 1)})",
        (
            (new, *row)
            for old, new in numbers.streams.items()
            for row in taken.execute(f"SELECT {columns} FROM {table} WHERE stream = ? {order}", (old,))  # noqa: S608
        ),
    )  # fmt: skip


def _copy_live(source: OpenStore, into: sqlite3.Connection, numbers: Numbers) -> None:
    for old, new in numbers.streams.items():
        rows, _ = source.live_rows(old, 0, HIGHEST_SEQ) if _has_live(source, old) else ([], 0)
        into.executemany(
            "INSERT INTO live VALUES(?, ?)",
            ((key - old + new, _with_layout(row, numbers)) for key, row in rows),
        )


def _has_live(source: OpenStore, stream_id: int) -> bool:
    found = source.database.execute("SELECT 1 FROM stretches WHERE stream = ?", (stream_id,))
    return found.fetchone() is not None


def _with_layout(row: bytes, numbers: Numbers) -> bytes:
    """A live row under the layout's new number; one that has gone bad stays bad."""
    if not is_sound(row):
        return row
    number, flags = HEADER.unpack_from(row)
    return packed_row(numbers.layouts[number], row[HEADER.size :], is_live=bool(flags & LIVE))


def _live_keys(database: sqlite3.Connection, number: int) -> list[tuple[int]]:
    start = database.execute(
        "SELECT coalesce(start, 0) FROM streams WHERE id = ?", (number,)
    ).fetchone()[0]
    found = database.execute("SELECT stretch FROM stretches WHERE stream = ?", (number,)).fetchall()
    return [
        (key,)
        for (stretch,) in found
        for key in range(
            key_of(number, start, stretch * STRETCH),
            key_of(number, start, (stretch + 1) * STRETCH),
            KEY_STEP,
        )
    ]


def _copy_sealed(taken: sqlite3.Connection, into: sqlite3.Connection, numbers: Numbers) -> None:
    columns = "first, last, day, kinds, damaged, held"
    for old, new in numbers.chunks.items():
        stream, *values, held = taken.execute(
            f"SELECT stream, {columns} FROM sealed WHERE id = ?",  # noqa: S608
            (old,),
        ).fetchone()
        layout = numbers.layouts[int.from_bytes(held[:2], "little")].to_bytes(2, "little")
        into.execute(
            f"INSERT INTO sealed(id, stream, {columns}) VALUES({_marks(8)})",
            (new, numbers.streams[stream], *values, layout + held[2:]),
        )
    into.executemany(
        "INSERT INTO day_files VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET "
        "newest_utc_ns = max(newest_utc_ns, excluded.newest_utc_ns)",
        taken.execute(
            "SELECT * FROM day_files WHERE day IN (SELECT day FROM sealed JOIN streams "
            "ON streams.id = stream WHERE streams.id IN (SELECT value FROM json_each(?)))",
            (str(list(numbers.streams)),),
        ),
    )


def _copy_of_nodes(
    taken: sqlite3.Connection, into: sqlite3.Connection, site: str, numbers: Numbers
) -> None:
    for (node,) in taken.execute(_NODES, (site,)).fetchall():
        _copy(taken, into, "timebases", 9, "node = ?", node)
        _copy(taken, into, "notices", 7, "node = ?", node)
        _copy(taken, into, "healths", 3, "node = ?", node)
        into.executemany(
            "INSERT OR IGNORE INTO node_layouts VALUES(?, ?)",
            [
                (node, numbers.layouts[number])
                for (number,) in taken.execute(
                    "SELECT layout FROM node_layouts WHERE node = ?", (node,)
                )
            ],
        )


def _copy(
    taken: sqlite3.Connection,
    into: sqlite3.Connection,
    table: str,
    columns: int,
    which: str,
    value: str,
) -> None:
    into.executemany(
        f"INSERT OR IGNORE INTO {table} VALUES({_marks(columns)})",
        taken.execute(f"SELECT * FROM {table} WHERE {which}", (value,)),  # noqa: S608
    )


def _note_changes(into: sqlite3.Connection, numbers: Numbers, changes: Iterable[Change]) -> None:
    words = array("q")
    for each in changes:
        new = numbers.streams.get(each.stream_id)
        if new is not None:
            words.extend(
                (new << 2 | each.is_gap << 1 | each.is_live, each.first_seq, each.last_seq)
            )
    into.execute(
        "INSERT INTO arrivals SELECT coalesce(max(tick), 0) + 1, ? FROM arrivals",
        (words.tobytes(),),
    )


def _forget_changes(database: sqlite3.Connection, gone: set[int]) -> None:
    """A follower that is behind must not look for streams that are no longer there."""
    for tick, packed in database.execute("SELECT tick, changes FROM arrivals").fetchall():
        words = np.frombuffer(packed, dtype="<i8").reshape(-1, 3)
        left = words[~np.isin(words[:, 0] >> 2, list(gone))]
        if len(left) < len(words):
            row = left.tobytes(), tick
            database.execute("UPDATE arrivals SET changes = ? WHERE tick = ?", row)


def _highest(database: sqlite3.Connection, table: str) -> int:
    return int(database.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0])  # noqa: S608


def _marks(n: int) -> str:
    return ", ".join("?" * n)


def _prefix(site: str) -> str:
    return f"roomtone/1/{site}/"
