"""Moves live rows into day files. A crash at any point loses nothing.

Sealing writes the chunks into their day files, durably, and then, in one transaction of main.db,
lists them and deletes the live rows. A crash in between leaves chunks that main.db does not list
and rows that are still live: the next sealing gives its chunks the same ids and writes over them.
Data that comes late, for a stretch that is sealed, makes another chunk of that stretch. A live row
that has gone bad is not sealed: its place becomes a gap. A day file that is damaged is mended first.

Retiring forgets the chunks in main.db first and unlinks the file after; a file that a crash left
is unlinked the next time.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

import numpy as np

from contract.errors import StoreError
from contract.files.sqlite_file import transaction
from ingest.stores.format.chunk_contents import Holding, holdings, packed
from ingest.stores.format.chunks import encode_chunk
from ingest.stores.format.day_files import SealedChunk
from ingest.stores.format.pieces import live_pieces
from ingest.stores.format.schema import is_sound, key_of, layout_body, seqs_of
from ingest.stores.records import Damage, Periods, Stream
from ingest.stores.rows.ledger import put_damaged, record_gaps
from ingest.stores.rules.admission import STRETCH
from ingest.stores.rules.seal_schedule import KINDS, Kind, columns_of, day_of, due_from, is_due
from ingest.stores.upkeep.open_store import OpenStore
from ingest.stores.upkeep.repair import mend

__all__ = ["seal"]

_ALL_KINDS = (1 << len(KINDS)) - 1
# So many stretches share a day file's transaction: 20 MB of values in memory.
_TOGETHER = 32
_LOG: Final = logging.getLogger("ingest")
_ASK_AGAIN_NS: Final = 3_600 * 1_000_000_000
_STAMP: Final = """
INSERT INTO day_files VALUES(?, ?, ?)
ON CONFLICT DO UPDATE SET newest_utc_ns = max(newest_utc_ns, excluded.newest_utc_ns)
"""
_FARTHEST_NS = (1 << 63) - 1  # what SQLite can compare; a birth may claim any period length


@dataclass(slots=True)
class _Sealed:
    """One transaction's worth of sealing."""

    chunks: dict[tuple[Kind, str], list[SealedChunk]] = field(
        default_factory=lambda: defaultdict(list)
    )
    listed: list[tuple[int, int, int, int, str, int, bytes]] = field(default_factory=list)
    keys: list[tuple[int]] = field(default_factory=list)
    bad: list[tuple[int, Holding]] = field(default_factory=list)
    """(stream, what is gone) of live rows whose bytes have changed."""
    stretches: list[tuple[int, int]] = field(default_factory=list)
    streams: dict[int, Stream] = field(default_factory=dict)
    layouts: dict[int, str] = field(default_factory=dict)


def seal(
    store: OpenStore, *, before_utc_ns: int, now_utc_ns: int, max_stretches: int | None
) -> int:
    """Seal what is due; returns how many periods moved."""
    database, days = store.database, store.days
    moved = 0
    due = list(islice(_due(store, before_utc_ns), max_stretches))
    for start in range(0, len(due), _TOGETHER):
        day = day_of(now_utc_ns)
        sealed = _gather(store, day, due[start : start + _TOGETHER])
        for (kind, day), chunks in sealed.chunks.items():
            words = chunks, sealed.streams.values(), list(sealed.layouts.items())
            try:
                days.write(kind, day, *words)
            except StoreError:
                if days.fault(kind, day) is None:
                    raise
                mend(store, kind, day)
                days.write(kind, day, *words)
        with transaction(database):
            database.executemany(
                "INSERT INTO sealed(id, stream, first, last, day, kinds, held) "
                "VALUES(?, ?, ?, ?, ?, ?, ?)",
                sealed.listed,
            )
            database.executemany(_STAMP, [(kind, day, now_utc_ns) for kind, day in sealed.chunks])
            database.executemany("DELETE FROM live WHERE k = ?", sealed.keys)
            store.damage += _give_up(database, sealed.bad)
            database.executemany(
                "DELETE FROM stretches WHERE stream = ? AND stretch = ?", sealed.stretches
            )
        moved += len(sealed.keys)
    return moved


def _due(store: OpenStore, before_utc_ns: int) -> Iterator[tuple[Stream, int]]:
    not_due_before = store.not_due_before
    rows = store.database.execute(
        "SELECT stream, stretch, first_received_utc_ns FROM stretches JOIN streams ON id = stream "
        "ORDER BY stream, stretch"
    ).fetchall()
    for key in [key for key, ns in not_due_before.items() if ns <= before_utc_ns]:
        del not_due_before[key]
    for number, stretch, received in rows:
        if not_due_before.get((number, stretch), 0) > before_utc_ns:
            continue
        stream = store.stream(number)
        begin_ns = min(stream.run_boot_ns + stretch * STRETCH * stream.period_ns, _FARTHEST_NS)
        end_ns = min(begin_ns + STRETCH * stream.period_ns, _FARTHEST_NS)
        records = store.timebases(stream, from_boot_ns=begin_ns, to_boot_ns=end_ns)
        due_ns = due_from(stream, stretch, records)
        if due_ns is not None and due_ns > before_utc_ns:
            # Not for ever: a kit that is fast may be set right, and its date with it.
            not_due_before[number, stretch] = min(due_ns, before_utc_ns + _ASK_AGAIN_NS)
        elif is_due(
            stream, stretch, records, before_utc_ns=before_utc_ns, first_received_utc_ns=received
        ):
            if due_ns is None:
                # More of it may come, and of the next one: not every half-minute a small chunk.
                later_ns = before_utc_ns + min(end_ns - begin_ns, _ASK_AGAIN_NS)
                not_due_before[number, stretch] = not_due_before[number, stretch + 1] = later_ns
            yield stream, stretch


def _gather(store: OpenStore, day: str, due: list[tuple[Stream, int]]) -> _Sealed:
    database, sealed = store.database, _Sealed()
    number = database.execute("SELECT coalesce(max(id), 0) FROM sealed").fetchone()[0]
    for stream, stretch in due:
        sealed.streams[stream.id] = stream
        sealed.stretches.append((stream.id, stretch))
        first = stretch * STRETCH
        rows, start = store.live_rows(stream.id, first, first + STRETCH - 1)
        pieces = live_pieces(stream, rows, start, store.layout)
        bad = [key for key, row in rows if not is_sound(row)]
        sealed.keys += [(key,) for key in bad]
        for seq in seqs_of(np.array(bad, dtype=np.int64), start).tolist():
            sealed.bad.append((stream.id, Holding(seq, seq, _seats(store, stream.id, pieces))))
        for piece in pieces:
            number += 1
            text = layout_body(piece.layout)
            (layout,) = database.execute(
                "SELECT id FROM layouts WHERE body = ?", (text,)
            ).fetchone()
            sealed.layouts[layout] = text
            begin, end = int(piece.seqs[0]), int(piece.seqs[-1])
            for kind in KINDS:
                values = piece.values[:, columns_of(kind, piece.layout)]
                chunk = SealedChunk(number, stream.id, begin, end, layout, b"")
                body = encode_chunk(piece.seqs, piece.is_live, values, key=chunk.key(kind))
                sealed.chunks[kind, day].append(replace(chunk, chunk=body))
            held = holdings(piece.layout, piece.seqs, piece.values)
            sealed.listed.append(
                (
                    number, stream.id, begin, end, day, _ALL_KINDS,
                    packed(layout, piece.layout.seats, begin, held),
                )
            )  # fmt: skip
            sealed.keys += [(key_of(stream.id, start, seq),) for seq in piece.seqs.tolist()]
    return sealed


def _seats(store: OpenStore, stream_id: int, pieces: list[Periods]) -> tuple[int, ...]:
    """Whose values a row that has gone bad will have held: as its neighbours, or as announced."""
    if pieces:
        return pieces[0].layout.seats
    birth = store.birth(stream_id)
    return tuple(seat for hub in birth.hubs for seat in hub.seats) if birth is not None else ()


def _give_up(database: sqlite3.Connection, bad: list[tuple[int, Holding]]) -> list[Damage]:
    found = []
    for stream_id, gone in bad:
        put_damaged(database, stream_id, [gone], kind=None)
        found.append(Damage(stream_id=stream_id, kind="live", periods=1))
    if bad:
        _LOG.error(
            "%d live rows had gone bad and could not be sealed: what they held is a gap from now "
            "on; check the disk.", len(bad),
        )  # fmt: skip
        record_gaps(database, [(number, gone.first, gone.last) for number, gone in bad])
    return found
