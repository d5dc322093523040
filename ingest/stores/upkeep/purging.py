"""Removes a room's, a seat's or a span's values for good, step by step, and keeps them away.

The ledger goes on saying that the seqs are kept, so a copy that is sent again, or that still
waits at a node, is acknowledged and not kept. Each step is short, so that keeping goes on in
between; only the last one, which writes main.db again without what its pages still held, takes
longer. A purge that was cut short is done again from the start, with the same result.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from contract.errors import PayloadError
from contract.files.sqlite_copy import remove_copies
from contract.files.sqlite_file import emptied_log, transaction
from contract.ranges import SeqRanges
from ingest.stores.format.chunk_contents import packed, unpacked, without
from ingest.stores.format.chunks import decode_chunk, encode_chunk
from ingest.stores.format.day_files import SealedChunk
from ingest.stores.format.schema import HEADER, KEY_STEP, LIVE, key_of, packed_row
from ingest.stores.records import Purge, Purged, Stream
from ingest.stores.rules.active_purges import blanked, seqs_of_purge
from ingest.stores.rules.admission import STRETCH
from ingest.stores.rules.seal_schedule import KINDS, Kind
from ingest.stores.upkeep.open_store import OpenStore
from ingest.stores.upkeep.repair import mend

__all__ = ["Purging"]

_STRETCHES_A_STEP: Final = 4


class Purging:
    """One purge of a store, and how far it has come."""

    def __init__(self, store: OpenStore, purge: Purge) -> None:
        self._store = store
        self._database = store.database
        self._purge = purge
        self._done = Purged()
        self._covered: dict[int, SeqRanges] = {}
        """Stream → the seqs that the purge is of."""

    def steps(self) -> Generator[Purged, None, None]:
        """Remove what the purge covers; yields after each step what is gone so far."""
        purge, database, done = self._purge, self._database, self._done
        with transaction(database):
            database.execute(
                "INSERT OR REPLACE INTO purges VALUES(?, ?, ?, ?, ?, 1)",
                (purge.id, purge.room, purge.seat, purge.from_utc_ns, purge.to_utc_ns),
            )
        for stream in self._store.every_stream(purge.room):
            known = self._store.kept(stream.id)
            ranges = seqs_of_purge(purge, stream, self._store.timebases(stream), known)
            if not ranges:
                continue
            self._covered[stream.id] = SeqRanges(ranges)
            if purge.seat is None:
                with transaction(database):
                    self._store.note_purged(stream.id, ranges)
            for first, last in ranges:
                yield from self._purge_live(stream, first, last)
            yield done
        yield from self._purge_days()
        with transaction(database):
            done.aside = database.execute(
                "DELETE FROM aside WHERE received_utc_ns >= ? AND instr(topic, ?) > 0",
                (purge.from_utc_ns, f"/{purge.room}/"),
            ).rowcount
            if purge.seat is None and purge.from_utc_ns == 0:
                _forget_runs(database, purge.room)
        yield done
        self._store.days.remove_set_aside()
        remove_copies(self._store.path)
        _rewrite(database)
        yield done
        while not emptied_log(database):
            done.is_waiting = True
            yield done
        done.is_waiting = False
        with transaction(database):
            database.execute("UPDATE purges SET is_due = 0 WHERE id = ?", (purge.id,))
        yield done

    # ---------------------------------------------------------------------------- live rows

    def _purge_live(self, stream: Stream, first: int, last: int) -> Iterator[Purged]:
        stretches = self._store.live_stretches(stream.id, first, last)
        start = self._store.start(stream.id)
        for at in range(0, len(stretches), _STRETCHES_A_STEP):
            with transaction(self._database):
                for stretch in stretches[at : at + _STRETCHES_A_STEP]:
                    low = max(first, stretch * STRETCH)
                    high = min(last, (stretch + 1) * STRETCH - 1)
                    keys = range(
                        key_of(stream.id, start, low), key_of(stream.id, start, high) + 1, KEY_STEP
                    )
                    self._done.periods += self._purge_rows(keys)
                    if self._purge.seat is None and high - low + 1 == STRETCH:
                        self._database.execute(
                            "DELETE FROM stretches WHERE stream = ? AND stretch = ?",
                            (stream.id, stretch),
                        )
            yield self._done

    def _purge_rows(self, keys: range) -> int:
        database, seat = self._database, self._purge.seat
        if seat is None:
            gone = database.executemany("DELETE FROM live WHERE k = ?", ((k,) for k in keys))
            return gone.rowcount
        changed = []
        for key in keys:
            row = database.execute("SELECT v FROM live WHERE k = ?", (key,)).fetchone()
            if row is None:
                continue
            number, flags = HEADER.unpack_from(row[0])
            values = np.frombuffer(row[0], dtype="<u2", offset=HEADER.size).reshape(1, -1).copy()
            if blanked(values, self._store.layout(number), seat):
                body = packed_row(number, values.tobytes(), is_live=bool(flags & LIVE))
                changed.append((body, key))
        database.executemany("UPDATE live SET v = ? WHERE k = ?", changed)
        return len(changed)

    # ---------------------------------------------------------------------------- day files

    def _purge_days(self) -> Iterator[Purged]:
        """Write each day file that holds something of it again, without it."""
        days = self._store.days
        for kind in KINDS if self._purge.seat is None else KINDS[:1]:
            for day in days.days(kind):
                if days.fault(kind, day) is not None:
                    # Set aside, and removed at the end.
                    mend(self._store, kind, day)
                    if not days.path(kind, day).exists():
                        continue
                # What the file holds, not what is listed: a crash may have left chunks unlisted.
                touched = {
                    number
                    for number, stream_id, first, last in days.held(kind, day)
                    if stream_id in self._covered
                    and self._covered[stream_id].missing(first, last) != [(first, last)]
                }
                if touched:
                    yield from self._purge_day(kind, day, touched)
                yield self._done
        for stream_id, spans in self._covered.items():
            with transaction(self._database):
                for first, last in spans:
                    self._purge_held(stream_id, first, last)

    def _purge_day(self, kind: Kind, day: str, touched: set[int]) -> Iterator[Purged]:
        days, database, bit = self._store.days, self._database, 1 << KINDS.index(kind)
        listed = [
            number
            for (number,) in database.execute(
                "SELECT id FROM sealed WHERE day = ? AND kinds & ? ORDER BY id", (day, bit)
            )
        ]
        if not days.path(kind, day).exists():
            return
        left: set[int] = set()
        # A file that has become empty goes; what a crash left in it unlisted goes in any case.
        change = partial(self._changed, kind, touched)
        for some in days.rewritten(kind, day, listed, change, days.path(kind, day)):
            left |= some
            yield self._done
        if not left:
            days.unlink(kind, day)
        self._done.files += 1
        gone = [(bit, number) for number in listed if number not in left]
        with transaction(database):
            database.executemany("UPDATE sealed SET kinds = kinds & ~? WHERE id = ?", gone)
            database.execute("DELETE FROM sealed WHERE kinds = 0")
        yield self._done

    def _changed(self, kind: Kind, touched: set[int], chunk: SealedChunk) -> SealedChunk | None:
        """What becomes of a chunk; counts the periods that it takes values from."""
        if chunk.id not in touched:
            return chunk
        try:
            seqs, is_live, values = decode_chunk(chunk.chunk, chunk.key(kind))
        except PayloadError:
            return None  # damaged: nobody can read it, and what it held is not to stay
        ranges = self._covered[chunk.stream_id]
        inside = np.array([seq in ranges for seq in seqs.tolist()], dtype=np.bool_)
        if not inside.any():
            return chunk
        if self._purge.seat is not None:
            part = values[inside]
            if not blanked(part, self._store.layout(chunk.layout), self._purge.seat):
                return chunk
            values = values.copy()
            values[inside] = part
        else:
            seqs, is_live, values = seqs[~inside], is_live[~inside], values[~inside]
        if kind == KINDS[0]:  # the others are of the same periods
            self._done.periods += int(inside.sum())
        if len(seqs) == 0:
            return None
        return replace(
            chunk,
            first=int(seqs[0]),
            last=int(seqs[-1]),
            chunk=encode_chunk(seqs, is_live, values, key=chunk.key(kind)),
        )

    def _purge_held(self, stream_id: int, first: int, last: int) -> None:
        """What is written down of sealed chunks is true again."""
        for number, begin, body in self._database.execute(
            "SELECT id, first, held FROM sealed WHERE stream = ? AND last >= ? AND first <= ?",
            (stream_id, first, last),
        ).fetchall():
            layout = int.from_bytes(body[:2], "little")
            held = unpacked(body, begin, self._store.layout)
            left = without(held, [(first, last)], self._purge.seat)
            fresh = packed(layout, self._store.layout(layout).seats, begin, left)
            self._database.execute("UPDATE sealed SET held = ? WHERE id = ?", (fresh, number))


def _rewrite(database: sqlite3.Connection) -> None:
    """Leave no copy behind: secure_delete wipes a row where it lies when it is deleted, but not
    where it lay before its page was split. tests/ingest/stores/sqlite/test_purged_pages.py shows it.
    """
    database.execute("VACUUM")


def _forget_runs(database: sqlite3.Connection, room: str) -> None:
    """What runs that are over said of themselves goes with their room."""
    over = "SELECT id FROM streams WHERE room = ? AND NOT is_up"
    database.execute(f"DELETE FROM births WHERE stream IN ({over})", (room,))  # noqa: S608
    database.execute(f"DELETE FROM deaths WHERE stream IN ({over})", (room,))  # noqa: S608
    database.execute(
        "DELETE FROM healths WHERE (node, run) IN "
        "(SELECT node, run FROM streams WHERE room = ? AND main IS NULL AND NOT is_up)",
        (room,),
    )
