"""Reads main.db and the day files, from any process, while ingest writes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from contract.errors import PayloadError, StoreError
from contract.files.sqlite_file import make_directory, open_database, store_errors
from contract.ranges import SeqRanges
from contract.wire.messages import Birth, CborMessage, Health
from contract.wire.parts import is_late_part
from contract.wire.payload import Layout
from ingest.stores.format.chunks import decode_chunk
from ingest.stores.format.day_files import DayFiles, SealedChunk
from ingest.stores.format.parts import by_line, gaps_of_all, merge_part_changes, with_late
from ingest.stores.format.pieces import Decoded, between, joined, live_pieces, with_both_kinds
from ingest.stores.format.schema import KEY_STEP, SCHEMA, VERSION, key_of, layout_of
from ingest.stores.migrations.main import MAIN_MIGRATIONS
from ingest.stores.migrations.migrate import left_to, migrator
from ingest.stores.notices import Notice
from ingest.stores.protocol import Which
from ingest.stores.records import Aside, Change, GapRecord, Periods, Stream
from ingest.stores.rows.nodes import notices_of
from ingest.stores.rows.streams import SOME_RUNS
from ingest.stores.rules.admission import STRETCH
from ingest.stores.rules.changes import coalesced, from_ledger, unpacked
from ingest.stores.rules.seal_schedule import KINDS, Kind
from ingest.stores.sqlite.clocks import ClockQuestions

__all__ = ["SqlitePeriodReader"]

_LOG: Final = logging.getLogger("store")
M = TypeVar("M", bound=CborMessage)

_STREAM: Final = (
    "SELECT id, site, room, node, run, part, boot, run_boot_ns, period_ns, main FROM streams "
)
# A live stretch is looked up key by key: a scan would pass over all the other rooms' rows.
_LIVE: Final = f"""
WITH RECURSIVE wanted(k) AS (
    SELECT ?1 UNION ALL SELECT k + {KEY_STEP} FROM wanted WHERE k < ?2)
SELECT live.k, live.v FROM wanted CROSS JOIN live ON live.k = wanted.k
"""  # noqa: S608


class SqlitePeriodReader(ClockQuestions):
    """`PeriodReader` over a data directory."""

    _is_writer = False

    def __init__(self, directory: Path) -> None:
        make_directory(directory)
        self.path = directory / "main.db"
        self.days = DayFiles(directory)
        self._connect()
        # One connection serves all threads of a program, one question at a time.
        self._lock = threading.RLock()
        self._layouts: dict[int, Layout] = {}
        self._mains: dict[int, tuple[int | None, int]] = {}
        self._reported_damaged: set[tuple[Path, int]] = set()

    def _connect(self) -> None:
        self._file = _identity(self.path)  # before it is opened: else the next look is too late
        bring_up = left_to("roomtone ingest", MAIN_MIGRATIONS)
        if self._is_writer:
            bring_up = migrator(MAIN_MIGRATIONS)
        self.database = open_database(self.path, SCHEMA, VERSION, bring_up=bring_up)
        if not self._is_writer:
            self.database.execute("PRAGMA query_only = ON")

    def streams(self, room: str | None = None) -> list[Stream]:
        if room is None:
            return self._streams("main IS NULL")
        return self._streams("main IS NULL AND room = ?", room)

    def parts(self, stream_id: int) -> list[Stream]:
        return self._streams("main = ?", stream_id)

    def every_stream(self, room: str) -> list[Stream]:
        """The runs of a room and their parts: what purging asks for."""
        return self._streams("room = ?", room)

    def stream(self, stream_id: int) -> Stream:
        with self._reading():
            return self._stream(stream_id)

    def kept(self, stream_id: int) -> SeqRanges:
        with self._snapshot():
            self._stream(stream_id)
            return self._kept(stream_id)

    def _kept(self, stream_id: int) -> SeqRanges:
        kept = SeqRanges(self._ranges("ledger", stream_id))
        for first, last in self._ranges("gaps", stream_id):
            kept.add(first, last)
        return kept

    def read(
        self, stream_id: int, first_seq: int, last_seq: int, *, own: bool = False
    ) -> list[Periods]:
        with self._snapshot():
            identity = self._stream(stream_id)
            main = self._read(identity, first_seq, last_seq)
            parts = [] if own else self.parts(stream_id)
            late = [
                periods
                for part in parts
                if is_late_part(part.part)
                for periods in self._read(part, first_seq, last_seq)
            ]
            known = self._kept(stream_id) if late else SeqRanges()
            return with_late(identity, main, late, known)

    def _read(self, stream: Stream, first_seq: int, last_seq: int) -> list[Periods]:
        pieces = self._sealed(stream, first_seq, last_seq)
        rows, start = self.live_rows(stream.id, first_seq, last_seq)
        return joined(pieces + live_pieces(stream, rows, start, self.layout))

    def gaps(self, stream_id: int, *, own: bool = False) -> list[GapRecord]:
        with self._snapshot():
            self._stream(stream_id)
            lines = by_line(
                (part.part, SeqRanges(self._ranges("ledger", part.id)), self._gaps(part.id))
                for part in ([] if own else self.parts(stream_id))
            )
            return gaps_of_all(stream_id, self._gaps(stream_id), lines)

    def birth(self, stream_id: int) -> Birth | None:
        with self._reading():
            row = self._one(
                "SELECT body FROM births WHERE stream = ? ORDER BY id DESC LIMIT 1", stream_id
            )
            return _decoded(Birth, row)

    def is_up(self, stream_id: int) -> bool:
        with self._reading():
            row = self._one("SELECT is_up FROM streams WHERE id = ?", stream_id)
            if row is None:
                raise self._unknown(stream_id)
            return bool(row[0])

    def health(self, stream_id: int) -> Health | None:
        with self._reading():
            row = self._one(
                "SELECT body FROM healths JOIN streams USING(node, run) WHERE id = ?", stream_id
            )
            return _decoded(Health, row)

    def aside(self, limit: int = 100, *, after: int = 0) -> list[Aside]:
        with self._reading():
            return self._aside("WHERE id > ? ORDER BY id LIMIT ?", after, limit)

    def runs(self, which: Which) -> list[Stream]:
        return self._streams(SOME_RUNS[which])

    def notices(self, room: str | None = None) -> list[Notice]:
        with self._reading():
            return notices_of(self.database, room)

    def count_aside(self) -> int:
        with self._reading():
            return int(self._one("SELECT count(*) FROM aside")[0])

    def version(self) -> int:
        with self._reading():
            # Another file's number may be the same by chance.
            _, inode = self._file or (0, 0)
            return int(self._one("PRAGMA data_version")[0]) + (inode << 32)

    def newest_cursor(self) -> int:
        with self._reading():
            return self._newest()

    def changes(self, cursor: int, *, own: bool = False) -> tuple[int, list[Change]]:
        with self._snapshot():
            newest = self._newest()
            if cursor == newest:
                return newest, []
            found = self._changes(cursor if 0 <= cursor < newest else 0)
            return newest, found if own else merge_part_changes(found, self._main_of)

    def _changes(self, since: int) -> list[Change]:
        if self._one("SELECT min(tick) FROM arrivals WHERE tick > ?", since)[0] == since + 1:
            ticks = self.database.execute(
                "SELECT changes FROM arrivals WHERE tick > ? ORDER BY tick", (since,)
            ).fetchall()
            return coalesced(c for (packed,) in ticks for c in unpacked(packed))
        mains = self.database.execute("SELECT id, main, part FROM streams")
        self._mains.update((stream_id, (main, part)) for stream_id, main, part in mains)
        data = self.database.execute("SELECT stream, first, last FROM ledger").fetchall()
        gaps = self.database.execute("SELECT stream, first, last FROM gaps").fetchall()
        return from_ledger(data, gaps)

    def _main_of(self, stream_id: int) -> tuple[int | None, int]:
        """The id of the run that a stream is a part of, if it is one, and which part."""
        known = self._mains.get(stream_id)
        if known is None:
            row = self._one("SELECT main, part FROM streams WHERE id = ?", stream_id)
            known = self._mains[stream_id] = row or (None, 0)
        return known

    def close(self) -> None:
        with self._lock:
            self.database.close()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._lock, store_errors(self.path):
            if not (self._is_writer or self.database.in_transaction):
                self._follow_file()
            yield

    def _follow_file(self) -> None:
        """A damaged file was set aside, or a backup restored: go on with what stands there now."""
        found = _identity(self.path)
        if found is not None and found != self._file:
            self.database.close()
            self._layouts.clear()
            self._mains.clear()
            self._connect()

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """Several questions about one state of the store, whatever is committed meanwhile."""
        with self._reading():
            self.database.execute("BEGIN")
            try:
                yield
            finally:
                # An I/O error may have ended the transaction already.
                if self.database.in_transaction:
                    self.database.execute("COMMIT")

    def _aside(self, which: str, *values: int) -> list[Aside]:
        rows = self.database.execute(
            f"SELECT id, received_utc_ns, topic, reason, payload FROM aside {which}",  # noqa: S608
            values,
        )
        return [_aside(row) for row in rows]

    def _streams(self, which: str, *values: object) -> list[Stream]:
        with self._reading():
            rows = self.database.execute(f"{_STREAM}WHERE {which} ORDER BY id", values)
            return [_stream(row) for row in rows]

    def _one(self, statement: str, *values: object) -> Any:
        return self.database.execute(statement, values).fetchone()

    def _newest(self) -> int:
        return int(self._one("SELECT coalesce(max(tick), 0) FROM arrivals")[0])

    def _stream(self, stream_id: int) -> Stream:
        row = self._one(_STREAM + "WHERE id = ?", stream_id)
        if row is None:
            raise self._unknown(stream_id)
        return _stream(row)

    def _unknown(self, stream_id: int) -> StoreError:
        return StoreError(f"{self.path} has no stream {stream_id}.")

    def _ranges(self, table: str, stream_id: int) -> list[tuple[int, int]]:
        return self.database.execute(
            f"SELECT first, last FROM {table} WHERE stream = ? ORDER BY first",  # noqa: S608
            (stream_id,),
        ).fetchall()

    def _gaps(self, stream_id: int, which: str = "ORDER BY first", *values: int) -> list[GapRecord]:
        rows = self.database.execute(
            f"SELECT first, last, seats, reason, kind FROM gaps WHERE stream = ? {which}",  # noqa: S608
            (stream_id, *values),
        )
        return [
            GapRecord(
                stream_id=stream_id, first_seq=first, last_seq=last, seats=tuple(seats), reason=reason,
                kind=kind,
            )
            for first, last, seats, reason, kind in rows
        ]  # fmt: skip

    def layout(self, number: int) -> Layout:
        """The layout of that number: what purging asks for."""
        known = self._layouts.get(number)
        if known is None:
            row = self._one("SELECT body FROM layouts WHERE id = ?", number)
            if row is None:
                raise StoreError(f"{self.path} is damaged: it has no layout {number}.")
            known = self._layouts[number] = layout_of(row[0])
        return known

    def live_stretches(self, stream_id: int, first: int, last: int) -> list[int]:
        """The stretches with rows that are not sealed, in order."""
        rows = self.database.execute(
            "SELECT stretch FROM stretches WHERE stream = ? AND stretch BETWEEN ? AND ? "
            "ORDER BY stretch",
            (stream_id, first // STRETCH, last // STRETCH),
        )
        return [stretch for (stretch,) in rows]

    def start(self, stream_id: int) -> int:
        """Where the keys of a stream start; 0 as long as it has had no values."""
        return int(self._one("SELECT coalesce(start, 0) FROM streams WHERE id = ?", stream_id)[0])

    def live_rows(
        self, stream_id: int, first: int, last: int
    ) -> tuple[list[tuple[int, bytes]], int]:
        """What is not sealed of first … last, row by row, and where the stream's keys start."""
        stretches = self.live_stretches(stream_id, first, last)
        start = self.start(stream_id) if stretches else 0
        found: list[tuple[int, bytes]] = []
        for begin, end in SeqRanges((s * STRETCH, (s + 1) * STRETCH - 1) for s in stretches):
            low = key_of(stream_id, start, max(begin, first))
            high = key_of(stream_id, start, min(end, last))
            found += self.database.execute(_LIVE, (low, high)).fetchall()
        return found, start

    def _sealed(self, stream: Stream, first: int, last: int) -> list[Periods]:
        rows = self.database.execute(
            "SELECT id, day, kinds FROM sealed WHERE stream = ? AND last >= ? AND first <= ?",
            (stream.id, first, last),
        ).fetchall()
        chunks: dict[Kind, dict[int, SealedChunk]] = {}
        for bit, kind in enumerate(KINDS):
            by_day: dict[str, list[int]] = {}
            for number, day, kinds in rows:
                if kinds >> bit & 1:
                    by_day.setdefault(day, []).append(number)
            chunks[kind] = {}
            for day, numbers in by_day.items():
                found = self.days.read(kind, day, numbers)
                found = {n: chunk for n, chunk in found.items() if chunk.stream_id == stream.id}
                for number in numbers:
                    if number not in found:
                        self._report_damaged(kind, day, number, "it can't be read")
                chunks[kind] |= found
        pieces = []
        for number, day, _ in rows:
            decoded: dict[Kind, Decoded] = {}
            layout = 0
            for kind, known in chunks.items():
                if (part := known.get(number)) is None:
                    continue
                try:
                    decoded[kind] = decode_chunk(part.chunk, part.key(kind))
                    layout = part.layout
                except PayloadError as error:
                    self._report_damaged(kind, day, number, error.what)
            if decoded:
                pieces.append(
                    between(with_both_kinds(stream, self.layout(layout), decoded), first, last)
                )
        return [piece for piece in pieces if len(piece.seqs)]

    def _report_damaged(self, kind: Kind, day: str, chunk: int, why: str) -> None:
        """Once in the log, and a note for ingest, which makes a gap of it."""
        path = self.days.path(kind, day)
        if (path, chunk) in self._reported_damaged:
            return
        self._reported_damaged.add((path, chunk))
        self.days.suspect(kind, day)
        if path.exists():  # else it has just been retired, or ingest finds out
            _LOG.error(
                "%s is damaged at chunk %d (%s): what it held reads as missing; restore the file "
                "from a backup.", path, chunk, why,
            )  # fmt: skip


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file this is, whatever it is called; None while there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _stream(row: tuple[Any, ...]) -> Stream:
    number, site, room, node, run, part, boot, run_boot_ns, period_ns, main = row
    return Stream(
        id=number, site=site, room=room, node=node, run=run, part=part, boot=boot,
        run_boot_ns=run_boot_ns, period_ns=period_ns, main_id=main,
    )  # fmt: skip


def _aside(row: tuple[Any, ...]) -> Aside:
    return Aside(id=row[0], received_utc_ns=row[1], topic=row[2], reason=row[3], payload=row[4])


def _decoded(kind: type[M], row: tuple[bytes] | None) -> M | None:
    """A stored message; None too where an earlier version kept what no message may be."""
    try:
        return None if row is None else kind.decode(row[0])
    except PayloadError:
        return None
