"""Faults of disks: full ones, and files that lost their end or some of their bits."""

from __future__ import annotations

import errno
import os
import random
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from contract.payload import MOST_PERIODS
from roomtone.faults.case import Case
from roomtone.faults.children import FaultError, until
from roomtone.faults.room import SPILL_S, Plan
from roomtone.faults.server import Server

__all__ = ["bit_flipped", "disk_full", "truncated"]

_EDGE_BYTES: Final = 3 << 20
_SERVER_BYTES: Final = 24 << 20
_CHUNK: Final = 1 << 16
_FULL_S: Final = 2.0
_BACKLOG_S: Final = 3.0
_FLIPS: Final = 3


def disk_full(case: Case) -> None:
    """No byte is left on the disk of the edge's outbox, or of the server's store."""
    if case.where == "edge":
        _edge_full(case)
    else:
        _server_full(case)


def truncated(case: Case) -> None:
    """A file lost its end while nobody ran."""

    def cut(path: Path) -> str:
        size = path.stat().st_size
        # Into the outbox's last record, as a write that a power cut tore.
        os.truncate(path, size - size // 20)
        return f"{size // 20} of {size} bytes cut off {path.name}"

    if case.where == "store":
        _damage_store(case, cut)
    else:
        _damage_outbox(case, cut)


def bit_flipped(case: Case) -> None:
    """Some bits of a file flipped while nobody ran."""
    draw = random.Random(case.seed)

    def flip(path: Path) -> str:
        data = bytearray(path.read_bytes())
        for _ in range(_FLIPS):
            # Between the first and the last record, whose neighbours tell what was there.
            data[draw.randrange(len(data) // 10, len(data) * 8 // 10)] ^= 1 << draw.randrange(8)
        path.write_bytes(data)
        return f"{_FLIPS} bits of {len(data)} bytes flipped in {path.name}"

    def flip_values(path: Path) -> str:
        data = bytearray(path.read_bytes())
        with closing(sqlite3.connect(path)) as database:
            rows = [row for (row,) in database.execute("SELECT v FROM live")]
        for row in draw.sample(rows, _FLIPS):
            at = data.index(row) + draw.randrange(len(row))
            data[at] ^= 1 << draw.randrange(8)
        path.write_bytes(data)
        return f"a bit flipped in {_FLIPS} of {len(rows)} rows of {path.name}"

    if case.where == "store":
        _damage_store(case, flip_values)
    else:
        _damage_outbox(case, flip)


def _edge_full(case: Case) -> None:
    with small_disk(case.folder / "disk", _EDGE_BYTES) as disk:
        plan = Plan(seed=case.seed, outbox=disk / "outbox", most_outbox_bytes=2 << 20)
        with case.lesson(plan) as room:
            ballast = _fill(disk)
            room.server.edge_net.be("cut")
            until(
                lambda: room.edge.said("can't be used") > 0, what="the edge's word on its disk",
                timeout_s=SPILL_S + 10, running=[room.edge],
            )  # fmt: skip
            time.sleep(_FULL_S)
            held = room.now_s - room.newest_s()
            case.hit(f"the edge said that its outbox can't be used; {held} periods in memory")
            ballast.unlink()
            room.server.edge_net.be("fine")
            case.over()
            case.recover(room)


def _server_full(case: Case) -> None:
    with small_disk(case.folder / "disk", _SERVER_BYTES) as disk:
        server = Server(case.folder / "server", data=disk / "data")
        with server, case.lesson(server=server) as room:
            ballast = _fill(disk)
            until(
                lambda: server.ingest.said("Nothing is acknowledged") > 0,
                what="ingest's word on its disk", timeout_s=20, running=[server.ingest, room.edge],
            )  # fmt: skip
            time.sleep(_FULL_S)
            behind = room.now_s - room.newest_s()
            case.hit(f"ingest said that it can't keep; {behind} periods behind")
            ballast.unlink()
            case.over()
            case.recover(room)
            if not server.score.is_running:
                case.errors.append(f"score did not survive: {server.score.last_words()}")


def _damage_outbox(case: Case, damage: Callable[[Path], str]) -> None:
    with case.room(Plan(seed=case.seed)) as room:
        room.begin()
        room.end_lesson(lead_s=2.0 + _BACKLOG_S)
        room.sample_for(1.0)
        room.server.edge_net.be("cut")
        room.wait_for_end()
        time.sleep(SPILL_S + 0.3)
        room.edge.stop()
        files = sorted(room.outbox.glob("*.outbox"))
        if not files:
            raise case.fizzled("the outbox is empty")
        told = damage(files[0])
        room.server.edge_net.be("fine")
        case.over()
        room.edge.start()
        case.has_books = False
        room.drain_and_stop()
        case.recovered()
        if not room.edge.said("damaged"):
            raise case.fizzled("the edge found nothing damaged")
        case.hit(f"{told}; the edge said so")
        case.judge(room)
        most = _FLIPS * MOST_PERIODS
        if not 0 < case.found.gap_s <= most:
            case.errors.append(
                f"{case.found.gap_s} s are gone, of {most} that the damage can reach"
            )


def _damage_store(case: Case, damage: Callable[[Path], str]) -> None:
    """The room goes on while ingest is away, its file is damaged, and ingest comes back."""
    server = Server(case.folder / "server")
    with server, case.lesson(server=server) as room:
        server.score.stop()
        server.ingest.stop()
        room.reopen()
        told = damage(server.data / "main.db")
        ups = server.ingest.said("connected to the broker")
        server.ingest.start()
        case.over()
        until(
            lambda: server.ingest.said("connected to the broker") > ups, what="ingest",
            timeout_s=20, running=[server.ingest],
        )  # fmt: skip
        # Whoever reads has to open the file that now stands in the damaged one's place.
        server.score.start()
        case.recover(room)
        if not list(server.data.glob("main.db-damaged-*")):
            raise case.fizzled("ingest found nothing damaged")
        if not server.ingest.said("are gone"):
            case.errors.append("ingest did not say what is gone")
        case.hit(f"{told}; ingest set it aside and said what is gone")
    if not case.found.gap_reasons["damaged"]:
        case.errors.append("no gap says what is gone")


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A tmpfs of so many bytes; FaultError where this user may not mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "roomtone-fault", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        raise FaultError(
            f"disk_full needs a small disk, and mounting one failed ({mounted.stderr.strip()}): "
            "run this as root."
        )
    try:
        yield folder
    finally:
        # Lazily: a program that is still ending may have a file open.
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


def _fill(disk: Path) -> Path:
    """Take every free byte; returns the file to remove."""
    path = disk / "ballast"
    with path.open("wb", buffering=0) as file:
        for chunk in (_CHUNK, 1):
            while True:
                try:
                    if file.write(b"\xaa" * chunk) < chunk:
                        break
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    break
    free = os.statvfs(disk).f_bavail
    if free:
        raise FaultError(f"the disk could not be filled: {free} blocks are left")
    return path
