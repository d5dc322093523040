"""A damaged day file: what can be read goes on, the rest is a gap, and sealing goes on as well."""

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
from roomtone.faults.room import Plan, Room
from roomtone.faults.server import Server

__all__ = ["SEALED_CHUNKS", "damage_day_file"]

SEALED_CHUNKS: Final = 4
"""So many are in the file when it is damaged."""
_PAST_S: Final = 3_600
"""The lesson is played as of an hour ago, so that what comes is sealed within a second or two."""


def damage_day_file(case: Case, damage: Callable[[Path], str], *, is_running: bool) -> None:
    """Damage the seats' file of the day: behind the back of an ingest that runs, or while it is
    away. A reader finds it in the first case, the check at the start in the second.
    """
    server = Server(case.folder / "server", ingest={"seal_after_s": 60, "seal_each_s": 1})
    plan = Plan(seed=case.seed, past_s=_PAST_S)
    with server, case.lesson(plan, server=server) as room:
        _wait_for_chunks(room, SEALED_CHUNKS)
        room.earlier = kept_runs(room.reader, room.name)
        path = _day_file(server)
        if is_running:
            told = damage(path)
            case.over()
            kept_runs(room.reader, room.name)
        else:
            server.ingest.stop()
            room.earlier = kept_runs(room.reader, room.name)
            told = damage(path)
            server.ingest.start()
            case.over()
        until(
            lambda: _damaged_s(room) > 0, what="the gap that says what is gone", timeout_s=20,
            running=[server.ingest, room.edge],
        )  # fmt: skip
        sealed = _chunks(server)
        _wait_for_chunks(room, sealed + 2)
        case.recover(room)
        if not server.ingest.said("is a gap from now on"):
            case.errors.append("ingest did not say what is gone")
        case.hit(f"{told}; {_damaged_s(room)} s are a gap of the seats, and sealing went on")
        if list(path.parent.glob("*-damaged-*")):
            case.hit("the damaged file was set aside")


def _wait_for_chunks(room: Room, n: int) -> None:
    until(
        lambda: _chunks(room.server) >= n, what=f"{n} sealed chunks", timeout_s=30,
        running=[room.server.ingest, room.edge],
    )  # fmt: skip


def _chunks(server: Server) -> int:
    """How many chunks of the seats are listed."""
    with closing(sqlite3.connect(server.data / "main.db", timeout=10)) as database:
        found: int = database.execute("SELECT count(*) FROM sealed WHERE kinds & 1").fetchone()[0]
    return found


def _day_file(server: Server) -> Path:
    days = DayFiles(server.data)
    return days.path("seat", days.days("seat")[0])


def _damaged_s(room: Room) -> int:
    return sum(
        gap.last_seq - gap.first_seq + 1
        for stream in room.reader.streams(room.name)
        for gap in room.reader.gaps(stream.id)
        if gap.reason == "damaged" and gap.kind == "seat"
    )
