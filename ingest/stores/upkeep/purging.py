"""Removes a room's, a seat's or a span's values for good, step by step, and keeps them away.

The ledger goes on saying that the seqs are kept, so a copy that is sent again, or that still
waits at a node, is acknowledged and not kept. Each step is short, so that keeping goes on in
between; only the last one, which writes main.db again without what its pages still held, takes
longer. A purge that was cut short is done again from the start, with the same result.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from contract.errors import PayloadError
from contract.files.sqlite_copy import remove_copies
from contract.files.sqlite_file import emptied_log, transaction
from contract.ranges import SeqRanges
from contract.wire.messages import Timebase
from contract.wire.payload import Layout
from ingest.stores.format.chunk_contents import packed, unpacked, without
from ingest.stores.format.chunks import decode_chunk, encode_chunk
from ingest.stores.format.day_files import DayFiles, SealedChunk
from ingest.stores.format.schema import HEADER, KEY_STEP, LIVE, key_of, packed_row
from ingest.stores.records import Damage, Purge, Purged, Stream
from ingest.stores.rules.active_purges import blanked, seqs_of_purge
from ingest.stores.rules.admission import STRETCH
from ingest.stores.rules.seal_schedule import KINDS, Kind
from ingest.stores.upkeep.repair import mend

__all__ = ["Admit", "purge_steps"]

_STRETCHES_A_STEP: Final = 4
_ASIDE: Final = "received_utc_ns >= ? AND instr(topic, ?) > 0"
Admit = Callable[[int, list[tuple[int, int]]], None]
"""Note ranges of a stream's seqs in the ledger as kept, inside the transaction that is open."""


class _Reader(Protocol):
    """What purging asks the store."""

    def every_stream(self, room: str) -> list[Stream]: ...
    def timebases(self, stream: Stream) -> list[Timebase]: ...
    def kept(self, stream_id: int) -> SeqRanges: ...
    def layout(self, number: int) -> Layout: ...
    def stream(self, stream_id: int) -> Stream: ...


def purge_steps(
    reader: _Reader,
    database: sqlite3.Connection,
    days: DayFiles,
    path: Path,
    purge: Purge,
    admit: Admit,
    found: list[Damage],
) -> Generator[Purged, None, None]:
    """Remove what a purge covers; yields after each step what is gone so far.

    `path` is that of main.db. `found` is given what turns out to be damaged.
    """
    done = Purged()
    with transaction(database):
        database.execute(
            "INSERT OR REPLACE INTO purges VALUES(?, ?, ?, ?, ?, 1)",
            (purge.id, purge.room, purge.seat, purge.from_utc_ns, purge.to_utc_ns),
        )
    covered: dict[int, SeqRanges] = {}
    for stream in reader.every_stream(purge.room):
        timebases = reader.timebases(stream)
        ranges = seqs_of_purge(purge, stream, timebases, reader.kept(stream.id))
        if not ranges:
            continue
        covered[stream.id] = SeqRanges(ranges)
        if purge.seat is None:
            with transaction(database):
                admit(stream.id, ranges)
        for first, last in ranges:
            yield from _purge_live(reader, database, purge, stream, (first, last), done)
        yield done
    yield from _purge_days(reader, database, days, purge, covered, done, found)
    with transaction(database):
        done.aside = database.execute(
            f"DELETE FROM aside WHERE {_ASIDE}",  # noqa: S608
            (purge.from_utc_ns, f"/{purge.room}/"),
        ).rowcount
        if purge.seat is None and purge.from_utc_ns == 0:
            _forget_runs(database, purge.room)
    yield done
    days.remove_set_aside()
    remove_copies(path)
    _rewrite(database)
    yield done
    while not emptied_log(database):
        done.is_waiting = True
        yield done
    done.is_waiting = False
    with transaction(database):
        database.execute("UPDATE purges SET is_due = 0 WHERE id = ?", (purge.id,))
    yield done


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


# -------------------------------------------------------------------------------- live rows


def _purge_live(
    reader: _Reader,
    database: sqlite3.Connection,
    purge: Purge,
    stream: Stream,
    span: tuple[int, int],
    done: Purged,
) -> Iterator[Purged]:
    first, last = span
    stretches = [
        stretch
        for (stretch,) in database.execute(
            "SELECT stretch FROM stretches WHERE stream = ? AND stretch BETWEEN ? AND ? "
            "ORDER BY stretch",
            (stream.id, first // STRETCH, last // STRETCH),
        )
    ]
    if not stretches:
        return
    (start,) = database.execute("SELECT start FROM streams WHERE id = ?", (stream.id,)).fetchone()
    for at in range(0, len(stretches), _STRETCHES_A_STEP):
        with transaction(database):
            for stretch in stretches[at : at + _STRETCHES_A_STEP]:
                low = max(first, stretch * STRETCH)
                high = min(last, (stretch + 1) * STRETCH - 1)
                keys = range(
                    key_of(stream.id, start, low), key_of(stream.id, start, high) + 1, KEY_STEP
                )
                done.periods += _purge_rows(reader, database, purge.seat, keys)
                if purge.seat is None and high - low + 1 == STRETCH:
                    database.execute(
                        "DELETE FROM stretches WHERE stream = ? AND stretch = ?",
                        (stream.id, stretch),
                    )
        yield done


def _purge_rows(
    reader: _Reader, database: sqlite3.Connection, seat: int | None, keys: range
) -> int:
    if seat is None:
        return database.executemany("DELETE FROM live WHERE k = ?", ((k,) for k in keys)).rowcount
    head = HEADER.itemsize
    changed = []
    for key in keys:
        row = database.execute("SELECT v FROM live WHERE k = ?", (key,)).fetchone()
        if row is None:
            continue
        number, flags = np.frombuffer(row[0][:head], dtype="<u2").tolist()
        layout = reader.layout(number)
        values = np.frombuffer(row[0], dtype="<u2", offset=head).reshape(1, -1).copy()
        if blanked(values, layout, seat):
            body = packed_row(number, values.tobytes(), is_live=bool(flags & LIVE))
            changed.append((body, key))
    database.executemany("UPDATE live SET v = ? WHERE k = ?", changed)
    return len(changed)


# -------------------------------------------------------------------------------- day files


def _purge_days(
    reader: _Reader,
    database: sqlite3.Connection,
    days: DayFiles,
    purge: Purge,
    covered: dict[int, SeqRanges],
    done: Purged,
    found: list[Damage],
) -> Iterator[Purged]:
    """Write each day file that holds something of it again, without it."""
    kinds: tuple[Kind, ...] = KINDS if purge.seat is None else ("seat",)
    for kind in kinds:
        for day in days.days(kind):
            if days.fault(kind, day) is not None:
                found += mend(
                    reader, database, days, kind, day
                )  # set aside, and removed at the end
                if not days.path(kind, day).exists():
                    continue
            # What the file holds, not what is listed: a crash may have left chunks unlisted.
            touched = {
                number
                for number, stream_id, first, last in days.held(kind, day)
                if stream_id in covered
                and covered[stream_id].missing(first, last) != [(first, last)]
            }
            if touched:
                change = _Change(
                    reader, purge.seat, kind, covered, touched, is_counted=kind == kinds[0]
                )
                yield from _purge_day(database, days, kind, day, change, done)
                done.periods += change.periods
            yield done
    for stream_id, spans in covered.items():
        with transaction(database):
            _purge_held(reader, database, stream_id, spans.spans(), purge.seat)


def _purge_held(
    reader: _Reader,
    database: sqlite3.Connection,
    stream_id: int,
    spans: list[tuple[int, int]],
    seat: int | None,
) -> None:
    """What is written down of sealed chunks is true again."""
    for first, last in spans:
        for number, begin, body in database.execute(
            "SELECT id, first, held FROM sealed WHERE stream = ? AND last >= ? AND first <= ?",
            (stream_id, first, last),
        ).fetchall():
            layout = int.from_bytes(body[:2], "little")
            held = without(unpacked(body, begin, reader.layout), [(first, last)], seat)
            fresh = packed(layout, reader.layout(layout).seats, begin, held)
            database.execute("UPDATE sealed SET held = ? WHERE id = ?", (fresh, number))


class _Change:
    """What becomes of a chunk; counts the periods that it takes values from."""

    def __init__(
        self,
        reader: _Reader,
        seat: int | None,
        kind: Kind,
        covered: dict[int, SeqRanges],
        numbers: set[int],
        *,
        is_counted: bool,
    ) -> None:
        self.periods = 0
        self._kind = kind
        self._reader = reader
        self._seat = seat
        self._covered = covered
        self._numbers = numbers
        self._is_counted = is_counted

    def __call__(self, chunk: SealedChunk) -> SealedChunk | None:
        if chunk.id not in self._numbers:
            return chunk
        try:
            seqs, is_live, values = decode_chunk(chunk.chunk, chunk.key(self._kind))
        except PayloadError:
            return None  # damaged: nobody can read it, and what it held is not to stay
        ranges = self._covered[chunk.stream_id]
        inside = np.array([seq in ranges for seq in seqs.tolist()], dtype=np.bool_)
        if not inside.any():
            return chunk
        if self._seat is not None:
            part = values[inside]
            if not blanked(part, self._reader.layout(chunk.layout), self._seat):
                return chunk
            values = values.copy()
            values[inside] = part
        else:
            seqs, is_live, values = seqs[~inside], is_live[~inside], values[~inside]
        self.periods += int(inside.sum()) if self._is_counted else 0
        if len(seqs) == 0:
            return None
        return replace(
            chunk,
            first=int(seqs[0]),
            last=int(seqs[-1]),
            chunk=encode_chunk(seqs, is_live, values, key=chunk.key(self._kind)),
        )


def _purge_day(
    database: sqlite3.Connection,
    days: DayFiles,
    kind: Kind,
    day: str,
    change: _Change,
    done: Purged,
) -> Iterator[Purged]:
    bit = 1 << KINDS.index(kind)
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
    rewriting = days.rewritten(kind, day, listed, change, days.path(kind, day))
    for some in rewriting:
        left |= some
        yield done
    if not left:
        days.unlink(kind, day)
    done.files += 1
    gone = [(bit, number) for number in listed if number not in left]
    with transaction(database):
        database.executemany("UPDATE sealed SET kinds = kinds & ~? WHERE id = ?", gone)
        database.execute("DELETE FROM sealed WHERE kinds = 0")
    yield done
