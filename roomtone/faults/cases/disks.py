"""Faults of disks: full disks, truncated files, flipped bits."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from contract.wire.payload import MAX_PERIODS
from edge_agent.outbox.format import Record, scan
from roomtone.audit.kept_runs import kept_runs
from roomtone.faults.case import Case
from roomtone.faults.cases.sealed import SEALED_CHUNKS, damage_day_file
from roomtone.faults.children import FaultError
from roomtone.faults.room import SPILL_S, RoomPlan
from roomtone.faults.server import Server

__all__ = ["bit_flipped", "disk_full", "truncated"]

_EDGE_BYTES: Final = 3 << 20
_SERVER_BYTES: Final = 24 << 20
_CHUNK: Final = 1 << 16
_FULL_S: Final = (1.5, 2.5)
_BACKLOG_S: Final = 3.0
_FLIPS: Final = 3
_TAIL: Final = 256


def disk_full(case: Case) -> None:
    """The disk of the edge's outbox, or of the server's store, is full."""
    if case.where == "edge":
        _edge_full(case)
    else:
        _server_full(case)


def truncated(case: Case) -> None:
    """A file loses its end while its program does not run."""

    def tear(path: Path) -> str:
        """Cut in the last record of the lesson, like a write interrupted by a power cut."""
        size, share = path.stat().st_size, case.draw("share_left_of_record", 0.1, 0.9)
        offset, length = _bodies(path)[-1]
        os.truncate(path, offset + int(length * share))
        return f"{size - path.stat().st_size} of {size} bytes cut off {path.name}"

    def cut(path: Path) -> str:
        size, share = path.stat().st_size, case.draw("share_cut_off", 0.03, 0.08)
        gone = max(1, round(size * share))
        os.truncate(path, size - gone)
        return f"{gone} of {size} bytes cut off {path.name}"

    if case.where == "day_file":
        damage_day_file(case, cut, is_running=False)
    elif case.where == "store":
        _damage_store(case, cut)
    else:
        _damage_outbox(case, tear)


def bit_flipped(case: Case) -> None:
    """Some bits of a file flip while its program does not run."""
    draws = [
        (case.draw(f"flip_{i}_at", 0.0, 0.999), case.pick(f"flip_{i}_bit", 8))
        for i in range(_FLIPS)
    ]

    def flip(path: Path) -> str:
        data, bodies = bytearray(path.read_bytes()), _bodies(path)
        for i, (at, bit) in enumerate(draws):
            # Each in a different third, and in a record with neighbours, which show what was
            # there.
            offset, length = bodies[1:-1][int((i + at) * (len(bodies) - 2) / _FLIPS)]
            data[offset + int(at * length)] ^= 1 << bit
        path.write_bytes(data)
        return f"{_FLIPS} bits of {len(data)} bytes flipped in {path.name}"

    def flip_values(path: Path) -> str:
        data = bytearray(path.read_bytes())
        with closing(sqlite3.connect(path)) as database:
            rows = [row for (row,) in database.execute("SELECT v FROM live ORDER BY k")]
        for i, (at, bit) in enumerate(draws):
            # Each in a different third, so that three rows are damaged.
            row = rows[int((i + at) * len(rows) / _FLIPS)]
            data[data.index(row) + int(at * len(row))] ^= 1 << bit
        path.write_bytes(data)
        return f"a bit flipped in {_FLIPS} of {len(rows)} rows of {path.name}"

    def flip_chunk(path: Path) -> str:
        with closing(sqlite3.connect(path)) as database:
            chunks = database.execute("SELECT id, chunk FROM chunks ORDER BY id").fetchall()
        number, chunk = chunks[case.pick("chunk", SEALED_CHUNKS)]
        # The end of a chunk is contiguous, on a page that is not written to any more.
        part = chunk[-_TAIL:]
        place = path.read_bytes().index(part)
        with path.open(
            "r+b", buffering=0
        ) as file:  # in place, because ingest writes to the file too
            for at, bit in draws:
                offset = place + int(at * len(part))
                (byte,) = os.pread(file.fileno(), 1, offset)
                os.pwrite(file.fileno(), bytes([byte ^ 1 << bit]), offset)
        return f"{_FLIPS} bits flipped in chunk {number} of {len(chunks)} of {path.name}"

    if case.where == "day_file":
        damage_day_file(case, flip_chunk, is_running=True)
    elif case.where == "store":
        _damage_store(case, flip_values)
    else:
        _damage_outbox(case, flip)


def _bodies(path: Path) -> list[tuple[int, int]]:
    """The records with values in an outbox's file: (offset, length)."""
    return [
        (found.offset, found.length)
        for found in scan(path.read_bytes())
        if isinstance(found, Record) and any(found.head.counts)
    ]


def _edge_full(case: Case) -> None:
    with small_disk(case.folder / "disk", _EDGE_BYTES) as disk:
        plan = RoomPlan(seed=case.seed, outbox=disk / "outbox", max_outbox_bytes=2 << 20)
        with case.lesson(plan) as room:
            with room.edge.logs_again("can't be used", what="the edge's message about its disk"):
                ballast = _fill(disk)
                room.server.edge_net.set_state("cut")
            time.sleep(case.draw("full_s", *_FULL_S))
            held = room.now_s - room.newest_s()
            case.took_effect(
                f"the edge reported that its outbox can't be used; {held} periods in memory"
            )
            ballast.unlink()
            room.server.edge_net.set_state("fine")
            case.over()
            case.recover(room)


def _server_full(case: Case) -> None:
    with small_disk(case.folder / "disk", _SERVER_BYTES) as disk:
        server = Server(case.folder / "server", data=disk / "data")
        with server, case.lesson(server=server) as room:
            with server.ingest.logs_again(
                "Nothing is acknowledged", what="ingest's message about its disk",
                beside=[room.edge],
            ):  # fmt: skip
                ballast = _fill(disk)
            time.sleep(case.draw("full_s", *_FULL_S))
            behind = room.now_s - room.newest_s()
            case.took_effect(f"ingest reported that it can't store; {behind} periods behind")
            ballast.unlink()
            case.over()
            case.recover(room)
            if not server.score.is_running:
                case.errors.append(f"score did not survive: {server.score.last_log_line()}")


def _damage_outbox(case: Case, damage: Callable[[Path], str]) -> None:
    with case.room(RoomPlan(seed=case.seed)) as room:
        room.begin()
        room.end_lesson(lead_s=2.0 + _BACKLOG_S)
        room.sample_for(case.draw("strikes_after_s", 0.7, 1.3))
        room.server.edge_net.set_state("cut")
        room.wait_for_end()
        time.sleep(SPILL_S + 0.3)
        room.edge.stop()
        if not room.waiting:
            raise case.no_effect("the outbox is empty")
        done = damage(room.waiting[0])
        room.server.edge_net.set_state("fine")
        case.over()
        room.edge.start()
        case.has_counters = False
        room.drain_and_stop()
        case.recovered()
        if not room.edge.times_logged("damaged"):
            raise case.no_effect("the edge found no damage")
        case.took_effect(f"{done}; the edge reported it")
        case.judge(room)
        max_gap_s = _FLIPS * MAX_PERIODS
        if not 0 < case.found.gap_s <= max_gap_s:
            case.errors.append(
                f"{case.found.gap_s} s are lost; the damage can affect at most {max_gap_s} s"
            )


def _damage_store(case: Case, damage: Callable[[Path], str]) -> None:
    """Stop ingest, damage its file while the room continues, and start ingest again."""
    server = Server(case.folder / "server")
    with server, case.lesson(server=server) as room:
        server.score.stop()
        server.ingest.stop()
        room.reopen()
        room.earlier = kept_runs(room.reader, room.name)
        room.reopen()
        done = damage(server.data / "main.db")
        with server.ingest.logs_again("connected to the broker", what="ingest"):
            server.ingest.start()
            case.over()
        # Readers have to open the file that has replaced the damaged one.
        server.score.start()
        case.recover(room)
        if not list(server.data.glob("main.db-damaged-*")):
            raise case.no_effect("ingest found no damage")
        if not server.ingest.times_logged("are gone"):
            case.errors.append("ingest did not report what is lost")
        case.took_effect(f"{done}; ingest set the file aside and reported what is lost")
    if not case.found.gap_reasons["damaged"]:
        case.errors.append("no gap records what is lost")


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A tmpfs of `size` bytes; raises FaultError if this user may not mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "roomtone-fault", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        why = (mounted.stderr.splitlines() or ["no reason given"])[0].rpartition(": ")[2]
        raise FaultError(
            f"disk_full needs a small disk, which this user may not mount ({why.rstrip('.')}): run "
            "it as root, or select other faults with --only"
        )
    try:
        yield folder
    finally:
        # Lazily, because a program that is still exiting may have a file open.
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


def _fill(disk: Path) -> Path:
    """Fill the disk completely; returns the file to delete afterwards."""
    path = disk / "ballast"
    with path.open("wb", buffering=0) as file:
        for chunk in (_CHUNK, 1):
            try:
                while file.write(b"\xaa" * chunk) == chunk:
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
    free = os.statvfs(disk).f_bavail
    if free:
        raise FaultError(f"the disk could not be filled: {free} blocks are left")
    return path
