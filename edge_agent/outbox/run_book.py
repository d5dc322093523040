"""The run book: a small file that says, after a crash, how far the run before may have come.

A run that is killed or loses its power loses what it had sampled and neither delivered nor spilled.
From this file the next start knows the run, and puts a gap with the reason `died` into the outbox
for each of its seqs that is not there. Ingest keeps what it has of them, and the gap covers the
rest. The same helps if the outbox is damaged so badly that it no longer shows the range of seqs.

The file is written in place, in two slots in turn, so a torn write does no harm, and a full disk
does not matter. Docs: docs/edge.md.
"""

from __future__ import annotations

import logging
import os
import struct
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from contract.errors import PayloadError, StoreError
from contract.ranges import SeqRanges
from contract.wire.messages import CborMessage, Count, Seat
from contract.wire.payload import Gap, GapReason
from edge_agent.outbox.store import Outbox

__all__ = ["AHEAD", "MAX_RUNS", "RunBook", "RunNote", "read_notes"]

log = logging.getLogger(__name__)

AHEAD: Final = 60
"""Periods that may be sampled before the file is written again."""
MAX_RUNS: Final = 24
_SLOT: Final = 8192
_PAGE: Final = 4096
_MAGIC: Final = b"RTRUNS01"
_HEAD: Final = struct.Struct("<8sQII")
_CRC_MASK: Final = 0xFFFFFFFF


class RunNote(CborMessage):
    """What is known about a run. It sampled no seq from `until_seq` on."""

    run: Count
    boot: Annotated[str, Field(max_length=100)]
    run_boot_ns: Count
    period_ns: Annotated[int, Field(ge=1, lt=1 << 63)]
    seats: Annotated[tuple[Seat, ...], Field(max_length=64)]
    until_seq: Annotated[int, Field(ge=0, le=1 << 40)] = 0
    is_ended: bool = False
    """It stopped cleanly, or a gap covers what its crash lost."""
    waits_until: Annotated[int, Field(ge=0, le=1 << 40)] = 0
    """The outbox held seqs below this when the run stopped; 0: none, or unknown."""


class _BookPage(CborMessage):
    """The content of a slot: the runs, latest last."""

    runs: Annotated[tuple[RunNote, ...], Field(max_length=MAX_RUNS)]


class RunBook:
    """The notes on the runs of one outbox. Lock the outbox before `begin`."""

    def __init__(
        self,
        *,
        path: Path,
        run: RunNote,
        write: Callable[[int, bytes, int], int] = os.pwrite,
        sync: Callable[[int], None] = os.fdatasync,
    ) -> None:
        self.bytes_written = 0
        self.earlier_runs: frozenset[int] = frozenset()
        """The runs in the book when this run began."""
        self._path = path
        self._run = run
        self._pwrite = write
        self._sync = sync
        self._earlier: tuple[RunNote, ...] = ()
        self._fd: int | None = None
        self._number = 0
        """The number of the latest page."""
        self._is_error_logged = False

    @property
    def is_begun(self) -> bool:
        """This run is in the file, and the gaps of earlier runs are in the outbox."""
        return self._fd is not None

    def begin(self, outbox: Outbox) -> None:
        """Record the gaps of earlier runs, then note this one; may raise StoreError."""
        try:
            self._number, notes = _latest(self._path)
        except OSError as error:
            raise self._error(error) from error
        earlier = [note for note in notes if note.run != self._run.run]
        self.earlier_runs = frozenset(note.run for note in earlier)
        settled = []
        for note in earlier:
            known = outbox.known(note.run)
            held = _until(known)
            end = max(self._end_of(note), held)
            over = _ended(note, end)
            if not note.is_ended or outbox.damaged or held < note.waits_until:
                known = _settle(over, known, outbox, was_ended=note.is_ended)
            if known:
                settled.append(over)
        self._earlier = tuple(settled[-MAX_RUNS + 1 :])
        try:
            with ExitStack() as unless_written:
                fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
                unless_written.callback(os.close, fd)
                if os.fstat(fd).st_size < 2 * _SLOT:
                    # Fill the file, so that no later write needs room on the disk. Page by page,
                    # because the kernel writes back as a unit what was written as a unit.
                    for at in range(0, 2 * _SLOT, _PAGE):
                        self._put(fd, bytes(_PAGE), at)
                self._write_page(fd)
                unless_written.pop_all()
        except OSError as error:
            raise self._error(error) from error
        self._fd = fd

    def reach(self, seq: int, *, spare: int = 0) -> None:
        """Note that this seq is about to be sampled. One write covers many seqs. Never raises.

        It writes now unless `spare` periods after this seq are noted already.
        """
        if self._fd is None or seq + spare < self._run.until_seq:
            return
        self._run = self._run.model_copy(update={"until_seq": seq + AHEAD})
        self._note_down(self._fd)

    def end(self, outbox: Outbox, *, until_seq: int) -> None:
        """Note a clean stop: nothing of this run is left in memory."""
        if self._fd is not None:
            waits_until = _until(outbox.known(self._run.run))
            self._run = _ended(self._run, until_seq, waits_until)
            self._note_down(self._fd)

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _end_of(self, note: RunNote) -> int:
        """Where a run's seqs end: at the start of this run, if both are of one boot."""
        if note.is_ended or note.boot != self._run.boot:
            return note.until_seq
        return max(0, (self._run.run_boot_ns - note.run_boot_ns) // note.period_ns)

    def _note_down(self, fd: int) -> None:
        try:
            self._write_page(fd)
        except OSError as error:
            if not self._is_error_logged:
                self._is_error_logged = True
                log.error("%s", self._error(error))  # noqa: TRY400 - one sentence

    def _write_page(self, fd: int) -> None:
        body = _BookPage(runs=(*self._earlier, self._run)).encode()
        number = self._number + 1
        head = _HEAD.pack(_MAGIC, number, len(body), zlib.crc32(body, number & _CRC_MASK))
        self._put(fd, head + body, number % 2 * _SLOT)
        self._number = number

    def _put(self, fd: int, data: bytes, at: int) -> None:
        done = 0
        while done < len(data):
            done += self._pwrite(fd, data[done:], at + done)
        self._sync(fd)
        self.bytes_written += len(data)

    def _error(self, error: OSError) -> StoreError:
        return StoreError(
            f"The run book {self._path} can't be used ({error.strerror or error}): after a power "
            "cut now no gap would show what was lost; give it room, or name another [outbox] dir."
        )


def _ended(note: RunNote, until_seq: int, waits_until: int = 0) -> RunNote:
    return note.model_copy(
        update={"until_seq": until_seq, "is_ended": True, "waits_until": waits_until}
    )


def _until(known: SeqRanges) -> int:
    """One more than the highest seq."""
    return max((last for _, last in known), default=-1) + 1


def read_notes(path: Path) -> tuple[RunNote, ...]:
    """The runs in a book, latest last; none if it can't be read."""
    try:
        return _latest(path)[1]
    except OSError:
        return ()


def _latest(path: Path) -> tuple[int, tuple[RunNote, ...]]:
    """The number and the runs of the newer good slot; none without a file. Raises OSError."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        data = b""
    best: tuple[int, tuple[RunNote, ...]] = (0, ())
    for at in (0, _SLOT):
        slot = data[at : at + _SLOT]
        if len(slot) < _HEAD.size:
            continue
        magic, number, length, crc = _HEAD.unpack_from(slot)
        body = slot[_HEAD.size : _HEAD.size + length]
        if magic != _MAGIC or number <= best[0] or zlib.crc32(body, number & _CRC_MASK) != crc:
            continue
        try:
            best = (number, _BookPage.decode(body).runs)
        except PayloadError as error:
            log.warning("The run book is not usable: %s", error)
    return best


def _settle(note: RunNote, known: SeqRanges, outbox: Outbox, *, was_ended: bool) -> SeqRanges:
    """Put gaps into the outbox for a run's seqs that are not in it; returns the seqs then in it."""
    gaps: list[Gap] = []
    for first, last in known.missing(0, note.until_seq - 1):
        is_death = not was_ended and (first >= _until(known) or not outbox.damaged)
        reason: GapReason = "died" if is_death else "damaged"
        gaps.append(
            Gap(
                node=outbox.node, run=note.run, first_seq=first, n=last - first + 1,
                boot_ns=note.run_boot_ns + first * note.period_ns, period_ns=note.period_ns,
                synchronised=False, seats=note.seats, reason=reason,
            )
        )  # fmt: skip
    outbox.append_gaps(gaps)
    for gap in gaps:
        log.warning(
            "What run %d sampled of its seqs %d to %d and ingest does not have is lost (%s): a "
            "gap says so.", note.run, gap.first_seq, gap.last_seq, gap.reason,
        )  # fmt: skip
        known.add(gap.first_seq, gap.last_seq)
    return known
