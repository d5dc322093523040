"""A damaged day file: readable data stays, the rest becomes a gap, and sealing continues."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from ingest.stores.format.day_files import DayFiles
from roomtone.audit.kept_runs import kept_runs
from roomtone.faults.case import Case
from roomtone.faults.children import until
from roomtone.faults.room import FaultRoom, RoomPlan
from roomtone.faults.server import Server

__all__ = ["SEALED_CHUNKS", "damage_day_file"]

SEALED_CHUNKS: Final = 4
"""Number of chunks in the file when it is damaged."""
_PAST_S: Final = 3_600
"""The lesson is played an hour in the past, so that its data is sealed within two seconds."""


def damage_day_file(case: Case, damage: Callable[[Path], str], *, is_running: bool) -> None:
    """Damage the seats' file of the day, while ingest runs or while it is stopped.

    In the first case a reader finds the damage, in the second the check at the start.
    """
    server = Server(case.folder / "server", ingest={"seal_after_s": 60, "seal_each_s": 1})
    plan = RoomPlan(seed=case.seed, past_s=_PAST_S)
    with server, case.lesson(plan, server=server) as room:
        _wait_for_chunks(room, SEALED_CHUNKS)
        room.earlier = kept_runs(room.reader, room.name)
        path = _day_file(server)
        if is_running:
            done = damage(path)
            case.over()
            kept_runs(room.reader, room.name)
        else:
            server.ingest.stop()
            room.earlier = kept_runs(room.reader, room.name)
            done = damage(path)
            server.ingest.start()
            case.over()
        until(
            lambda: _damaged_s(room) > 0, what="the gap that records what is lost", timeout_s=20,
            running=[server.ingest, room.edge],
        )  # fmt: skip
        sealed = _chunks(server)
        _wait_for_chunks(room, sealed + 2)
        case.recover(room)
        if not server.ingest.times_logged("is a gap from now on"):
            case.errors.append("ingest did not report what is lost")
        case.took_effect(
            f"{done}; {_damaged_s(room)} s are a gap of the seats, and sealing continued"
        )
        if list(path.parent.glob("*-damaged-*")):
            case.took_effect("the damaged file was set aside")


def _wait_for_chunks(room: FaultRoom, n: int) -> None:
    until(
        lambda: _chunks(room.server) >= n, what=f"{n} sealed chunks", timeout_s=30,
        running=[room.server.ingest, room.edge],
    )  # fmt: skip


def _chunks(server: Server) -> int:
    """Number of listed chunks of the seats."""
    with closing(sqlite3.connect(server.data / "main.db", timeout=10)) as database:
        found: int = database.execute("SELECT count(*) FROM sealed WHERE kinds & 1").fetchone()[0]
    return found


def _day_file(server: Server) -> Path:
    days = DayFiles(server.data)
    return days.path("seat", days.days("seat")[0])


def _damaged_s(room: FaultRoom) -> int:
    return sum(
        gap.last_seq - gap.first_seq + 1
        for stream in room.reader.streams(room.name)
        for gap in room.reader.gaps(stream.id)
        if gap.reason == "damaged" and gap.kind == "seat"
    )
