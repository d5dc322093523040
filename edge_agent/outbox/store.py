"""The outbox: periods that ingest has not acknowledged, on disk and with a size limit.

It has append-only segments of about five minutes, with one fdatasync for each append (see
segment_file.py). A segment is deleted once all of its records are acknowledged, so acknowledgements
need no write: after a restart what is left is sent again, and ingest keeps what it does not have.
At the limit the oldest segment is deleted, and gap records replace it. outbox_format.py defines the
bytes.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from contract.errors import PayloadError, StoreError
from contract.ranges import SeqRanges
from contract.wire.messages import Ack, Timebase
from contract.wire.parts import IN_TIME
from contract.wire.payload import Gap, GapReason, decode, encode
from edge_agent.outbox.backlog import Parcel, gaps_of_damage, head_of, join
from edge_agent.outbox.format import MAGIC, DamagedBytes, Head, Record, pack, scan, unpack_body
from edge_agent.outbox.index import OutboxIndex, Segment, Stored
from edge_agent.outbox.segment_file import SegmentFile

__all__ = ["MAX_A_WRITE", "Outbox"]

log = logging.getLogger(__name__)

_SEGMENT_PERIODS: Final = 300
_SEGMENT_BYTES: Final = 256 << 10
MAX_A_WRITE: Final = 10
"""Records in one append, so that a write stays below _SEGMENT_BYTES."""
_UNREADABLE: Final = (errno.EIO, errno.ENOENT, errno.ESTALE)


class Outbox:
    """One directory of one agent. Every method that touches the disk may raise StoreError."""

    def __init__(
        self,
        *,
        directory: Path,
        max_bytes: int,
        node: str,
        timebase: Callable[[], bytes],
        write: Callable[[int, bytes], int] = os.write,
        sync: Callable[[int], None] = os.fdatasync,
    ) -> None:
        self.index = OutboxIndex()
        self.given_up: Counter[int] = Counter()
        """Run → seat-seconds that a recorded gap has replaced."""
        self.damaged = 0
        """Records, or stretches of bytes, that could not be read."""
        self.bytes_written = 0
        self._directory = directory
        self._limit = max_bytes - _SEGMENT_BYTES
        self.node = node
        self._timebase = timebase
        self._write_fd = write
        self._sync = sync
        self._segments: list[Segment] = []
        self._lock_fd: int | None = None
        self._current: tuple[Segment, SegmentFile] | None = None
        self._reading: tuple[Segment, int] | None = None
        self._next_number = 0
        self._owed: list[Parcel] = []
        self._is_settled = False

    @property
    def is_open(self) -> bool:
        return self._lock_fd is not None

    @property
    def bytes_used(self) -> int:
        return sum(segment.size for segment in self._segments)

    def open(self) -> None:
        """Make the directory if needed, lock it, and index what earlier runs left."""
        with self._disk_errors(), ExitStack() as unless_open:
            self._directory.mkdir(parents=True, exist_ok=True)
            fd = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
            unless_open.callback(os.close, fd)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StoreError(
                    f"The outbox {self._directory} is in use by another agent: stop it, or name "
                    "another [outbox] dir."
                ) from error
            paths = sorted(self._directory.glob("*.outbox"))
            self._next_number = max((_number(path) for path in paths), default=0) + 1
            self.index, self._segments, self._owed = OutboxIndex(), [], []
            scanned = [self._load(path) for path in paths]
            unless_open.pop_all()
        self._lock_fd = fd
        for records in scanned:
            gaps = gaps_of_damage(records, node=self.node, known=self.known)
            self._owed += [_of_gap(gap) for gap in gaps]
        self._settle()

    def append_gaps(self, gaps: Sequence[Gap]) -> None:
        """Keep gaps for what an earlier run lost."""
        for at in range(0, len(gaps), MAX_A_WRITE):
            self.append([_of_gap(gap) for gap in gaps[at : at + MAX_A_WRITE]])

    def known(self, run: int, part: int = IN_TIME) -> SeqRanges:
        """The seqs of a part of a run that wait here, with or without values."""
        return SeqRanges(
            (entry.head.first_seq, entry.head.last_seq) for entry in self.index.entries(run, part)
        )

    def append(self, parcels: Sequence[Parcel]) -> None:
        """Keep up to MAX_A_WRITE parcels: either all of them are on disk afterwards, or none."""
        if not self.is_open:
            self.open()
        self._settle()
        self._append_some(parcels)

    def read(self, entry: Stored) -> bytes | None:
        """The payload of a record; None if it is damaged (see `replace_damaged`)."""
        try:
            if self._reading is None or self._reading[0] is not entry.segment:
                self._stop_reading()
                self._reading = (entry.segment, os.open(entry.segment.path, os.O_RDONLY))
            body = os.pread(self._reading[1], entry.record.length, entry.record.offset)
        except OSError as error:
            if error.errno in _UNREADABLE:
                return None
            raise self._error(error) from error
        return unpack_body(body, entry.record.crc)

    def replace_damaged(self, entry: Stored) -> None:
        self.damaged += 1
        log.error(
            "A record of %s is damaged: run %d, seqs %d to %d",
            entry.segment.path, entry.head.run, entry.head.first_seq, entry.head.last_seq,
        )  # fmt: skip
        self.append_gaps(self._gaps(entry, "damaged"))
        self._given_up([entry])

    def acknowledge(self, ack: Ack) -> int:
        """Forget what ingest has kept; returns how many waiting seat-seconds that was."""
        seat_seconds, emptied = self.index.acknowledge(ack)
        for segment in emptied:
            self._unlink(segment)
        return seat_seconds

    def earlier_timebases(self, run: int) -> list[bytes]:
        """The latest timebase of each other run that still waits here."""
        latest: dict[int, tuple[bool, bytes]] = {}
        for segment in self._segments:
            with suppress(PayloadError):
                timebase = Timebase.decode(segment.timebase)
                is_better = timebase.synchronised or not latest.get(timebase.run, (False,))[0]
                if timebase.run != run and is_better:
                    latest[timebase.run] = (timebase.synchronised, segment.timebase)
        return [payload for _, payload in latest.values()]

    def close(self) -> None:
        """Unlock the directory; its files stay."""
        self._stop_reading()
        self._end_segment()
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    def _settle(self) -> None:
        """Write the gaps for damaged records; after that their files may be deleted."""
        if self._is_settled:
            return
        while self._owed:
            self._append_some(self._owed[:MAX_A_WRITE])
            del self._owed[:MAX_A_WRITE]
        for segment in [segment for segment in self._segments if not segment.left]:
            self._unlink(segment)
        self._is_settled = True

    def _append_some(self, parcels: Sequence[Parcel]) -> None:
        records = [(parcel, *_packed(parcel)) for parcel in parcels]
        victims = self._victims(sum(len(data) for _, data, _ in records))
        entries = [entry for segment in victims for entry in segment.entries if entry.left]
        gaps = (gap for entry in entries for gap in self._gaps(entry, "outbox_full"))
        in_order = sorted(gaps, key=lambda gap: (gap.run, gap.part, gap.first_seq))
        joined = join(_of_gap(gap) for gap in in_order)
        records += [(parcel, *_packed(parcel)) for parcel in joined]
        if self._current is not None and self._current[0] in victims:
            self._end_segment()
        segment, start = self._write(b"".join(data for _, data, _ in records))
        for parcel, data, record in records:
            self.index.add(
                Stored(
                    segment=segment, record=replace(record, offset=start + record.offset),
                    unpublished=parcel.unpublished, closed_ns=parcel.closed_ns,
                    sent_ns=parcel.sent_ns,
                )
            )  # fmt: skip
            segment.periods += parcel.message.n if parcel.counts else 0
            start += len(data)
        if entries:
            log.error(
                "The outbox %s is full: %s went, and a gap says so.",
                self._directory, ", ".join(segment.path.name for segment in victims),
            )  # fmt: skip
        self._given_up(entries)

    def _victims(self, need: int) -> list[Segment]:
        """The oldest segments that must be deleted to make room for `need` bytes."""
        over = self.bytes_used + need - self._limit
        victims: list[Segment] = []
        for segment in self._segments:
            if over <= 0:
                break
            victims.append(segment)
            over -= segment.size
        return victims

    def _gaps(self, entry: Stored, reason: GapReason) -> list[Gap]:
        """The gaps that replace what still waits of an entry."""
        if entry.is_gap:
            payload = self.read(entry)
            with suppress(PayloadError):
                gap = decode(payload or b"")
                if isinstance(gap, Gap):
                    return [gap]
        return [
            entry.head.gap(first, last, node=self.node, reason=reason)
            for first, last in entry.ranges()
        ]

    def _given_up(self, entries: Iterable[Stored]) -> None:
        gone = list(entries)
        for entry in gone:
            self.given_up[entry.head.run] += entry.seat_seconds()
        for segment in self.index.give_up(gone):
            self._unlink(segment)

    def _write(self, data: bytes) -> tuple[Segment, int]:
        """Append durably to the current or a new segment; returns where the bytes are."""
        segment, file = self._ready_segment()
        try:
            with self._disk_errors():
                start = file.append(data)
        finally:
            segment.size = file.on_disk
            if not file.is_sound:
                self._end_segment()  # a reader skips its torn end
        self.bytes_written += len(data)
        return segment, start

    def _ready_segment(self) -> tuple[Segment, SegmentFile]:
        if self._current is not None:
            segment, file = self._current
            if file.used < _SEGMENT_BYTES and segment.periods < _SEGMENT_PERIODS:
                return self._current
            self._end_segment()
        timebase = self._timebase()
        head, _ = pack(Head(kind="timebase", run=Timebase.decode(timebase).run), timebase)
        path = self._directory / f"{self._next_number:010d}.outbox"
        with self._disk_errors():
            file = SegmentFile.create(path, MAGIC + head, write=self._write_fd, sync=self._sync)
        self._next_number += 1
        segment = Segment(path=path, size=file.on_disk, timebase=timebase)
        self.bytes_written += file.used
        self._segments.append(segment)
        self._current = segment, file
        return self._current

    def _end_segment(self) -> None:
        if self._current is not None:
            segment, file = self._current
            file.close()
            segment.size = file.on_disk
            self._current = None

    def _stop_reading(self) -> None:
        if self._reading is not None:
            os.close(self._reading[1])
            self._reading = None

    def _unlink(self, segment: Segment) -> None:
        if self._current is not None and self._current[0] is segment:
            self._end_segment()
        if self._reading is not None and self._reading[0] is segment:
            self._stop_reading()
        self._segments.remove(segment)
        try:
            segment.path.unlink(missing_ok=True)
        except OSError as error:
            # After a restart it is sent once more, and ingest drops what it has.
            log.warning("%s", self._error(error))

    def _load(self, path: Path) -> list[Record | DamagedBytes]:
        try:
            data = path.read_bytes()
            records = list(scan(data))
        except OSError as error:
            if error.errno not in _UNREADABLE:
                raise  # perhaps it can be read at the next try
            log.error("%s", self._error(error))  # noqa: TRY400 - one sentence
            data, records = b"", [DamagedBytes(offset=0, length=0, head=None)]
        segment = Segment(path=path, size=len(data))
        self._segments.append(segment)
        for record in records:
            if isinstance(record, DamagedBytes):
                self.damaged += 1
                log.error(
                    "%s: %d bytes from byte %d on are damaged.", path, record.length, record.offset
                )
                continue
            if record.head.kind == "timebase":
                body = data[record.offset : record.offset + record.length]
                segment.timebase = unpack_body(body, record.crc) or b""
            else:
                self.index.add(Stored(segment=segment, record=record))
        return records

    @contextmanager
    def _disk_errors(self) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except OSError as error:
            raise self._error(error) from error

    def _error(self, error: OSError) -> StoreError:
        return StoreError(
            f"The outbox {self._directory} can't be used ({error.strerror or error}): give it "
            "room, or name another [outbox] dir."
        )


def _number(path: Path) -> int:
    return int(path.stem) if path.stem.isdecimal() else 0


def _of_gap(gap: Gap) -> Parcel:
    return Parcel(message=gap, counts=b"", unpublished=0, closed_ns=0)


def _packed(parcel: Parcel) -> tuple[bytes, Record]:
    return pack(head_of(parcel), encode(parcel.message))
