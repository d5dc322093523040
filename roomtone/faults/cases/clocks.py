"""Faults of the Pi's clock: slow at boot, wrong but marked as right, stepped in a lesson."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from contract.clock import SECOND_NS
from contract.topics import Topic
from contract.wire.messages import Command
from ingest.stores.records import Stream
from ingest.stores.rules.dating import UNDATED, utc_of
from roomtone.demo.settings_files import clock_option
from roomtone.faults.case import Case
from roomtone.faults.cases.messages import speaker
from roomtone.faults.children import until
from roomtone.faults.room import FaultRoom, RoomPlan
from roomtone.faults.server import SITE, Server
from roomtone.faults.wrong_clock import write_clock_fault

__all__ = ["clock_jump", "clock_past", "clock_slow_synchronised"]

_TWO_YEARS_S: Final = -2 * 365 * 86_400
_HOUR_S: Final = 3_600
_SLOW_S: Final = -400 * 86_400
_REAL_SAMPLE_S: Final = (4.0, 6.0)
_SAMPLE_S: Final = (1.2, 1.8)
_LOOK_S: Final = 1.2
_DATED_WITHIN_NS: Final = 50_000_000


def clock_past(case: Case) -> None:
    """The Pi's clock is unset and two years slow; a button starts the lesson; then the clock is set."""
    with _wrong_room(case, _TWO_YEARS_S, is_synchronised=False) as room:
        time.sleep(case.draw("strikes_after_s", *_SAMPLE_S))
        undated = _undated(case, room, "was not set")
        case.took_effect(f"{undated} periods undated while the clock was two years slow")
        _set_clock(room, off_s=0)
        case.over()
        _wait_for_dates(room)
        case.recovered()
        time.sleep(case.draw("goes_on_s", *_SAMPLE_S))
        _finish(case, room)
        _check_dates(case, room)


def clock_jump(case: Case) -> None:
    """UTC is stepped by an hour in the middle of a lesson, and stays wrong."""
    with _wrong_room(case, 0) as room:
        time.sleep(case.draw("strikes_after_s", *_SAMPLE_S))
        jumped_s = room.now_s
        _set_clock(room, off_s=_HOUR_S)
        case.over()
        room.until(lambda: bool(_ahead(room).any()), what="dates by the new clock", timeout_s=90)
        case.recovered()
        time.sleep(case.draw("goes_on_s", *_SAMPLE_S))
        _finish(case, room)
        ahead = _ahead(room) // SECOND_NS
        moved = int((ahead > _HOUR_S / 2).sum())
        if not 0 < moved < len(ahead):
            raise case.no_effect(f"{moved} of {len(ahead)} periods are dated by the new clock")
        case.took_effect(f"{moved} of {len(ahead)} periods are dated an hour later")
        # The edge reads its clock once per second of real time.
        stream, seqs = _sampled_seqs(room)
        since_s = stream.run_boot_ns // SECOND_NS + seqs - jumped_s
        late = int(((since_s >= 0) != (ahead > _HOUR_S / 2)).sum())
        if late > _LOOK_S * room.plan.speed:
            case.errors.append(f"{late} periods around the jump are dated by the wrong offset")


def clock_slow_synchronised(case: Case) -> None:
    """The Pi's clock is 400 days slow but claims to be right; it is set, then steps an hour ahead.

    The room runs in real time, because the server compares the kit's clock with its own.
    """
    server = Server(case.folder / "server", ingest={"max_clock_error_s": 300})
    plan = RoomPlan(seed=case.seed, speed=1.0)
    with server, _wrong_room(case, _SLOW_S, plan=plan, server=server) as room:
        time.sleep(case.draw("strikes_after_s", *_REAL_SAMPLE_S))
        until(
            lambda: server.ingest.times_logged("400 days slow") > 0, what="ingest's message about the clock",
            timeout_s=30, running=[room.edge, server.ingest],
        )  # fmt: skip
        undated = _undated(case, room, "was 400 days slow")
        case.took_effect(f"{undated} periods kept and not dated while the clock was 400 days slow")
        _set_clock(room, off_s=0)
        _wait_for_dates(room)
        time.sleep(case.draw("goes_on_s", *_REAL_SAMPLE_S))
        before = len(_dates(room)[0])
        with server.ingest.logs_again(
            "60 minutes fast", what="ingest's message about the step", timeout_s=30,
            beside=[room.edge],
        ):  # fmt: skip
            _set_clock(room, off_s=_HOUR_S)
            case.over()
        case.recovered()
        _finish(case, room)
        kept = _check_dates(case, room)
        case.took_effect(f"{kept - before} periods sampled while it was an hour ahead")


@contextmanager
def _wrong_room(
    case: Case,
    off_s: int,
    *,
    is_synchronised: bool = True,
    plan: RoomPlan | None = None,
    server: Server | None = None,
) -> Iterator[FaultRoom]:
    """A room whose clock is wrong from the start, and in which a button has begun a lesson."""
    with case.room(plan, server=server) as room:
        room.edge.command = [
            sys.executable, "-P", "-m", "roomtone.faults.wrong_clock", "--config", str(room.config),
            *clock_option(room.clock), "--clock-fault", str(room.folder / "clock"),
        ]  # fmt: skip
        _set_clock(room, off_s=off_s, is_synchronised=is_synchronised)
        room.edge.start()
        room.wait_for_hubs()
        _press(room, "start")
        yield room


def _set_clock(room: FaultRoom, *, off_s: int, is_synchronised: bool = True) -> None:
    write_clock_fault(room.folder / "clock", off_s=off_s, is_synchronised=is_synchronised)


def _finish(case: Case, room: FaultRoom) -> None:
    """End the lesson with the button, and judge the room."""
    room.wait_until_caught_up()
    _press(room, "stop")
    room.drain_and_stop()
    case.judge(room)


def _undated(case: Case, room: FaultRoom, state: str) -> int:
    """The number of kept periods, of which none may have a date as long as the clock is wrong."""
    dates, _ = _dates(room)
    if not len(dates) or not (dates == UNDATED).all():
        raise case.no_effect(f"readings were dated although the clock {state}")
    return len(dates)


def _wait_for_dates(room: FaultRoom) -> None:
    room.until(
        lambda: bool((_dates(room)[0] != UNDATED).all()),
        what="dates for what was undated",
        timeout_s=30,
    )


def _check_dates(case: Case, room: FaultRoom) -> int:
    """Check that every kept period is dated right; returns their number."""
    off_ns = _ahead(room)
    wrong = int((np.abs(off_ns) > _DATED_WITHIN_NS).sum())
    if wrong:
        case.errors.append(f"{wrong} of {len(off_ns)} periods have a wrong date")
    return len(off_ns)


def _press(room: FaultRoom, command: Literal["start", "stop"]) -> None:
    """Press the button, and record the seconds between which the edge obeyed."""
    topic = str(Topic(SITE, room.name, room.node, "command"))
    message = "Sampling begins" if command == "start" else "Sampling ends"
    pressed_s, what = room.now_s, f"the edge's answer to {command}"
    with speaker(room) as client, room.edge.logs_again(message, what=what, timeout_s=10):
        client.publish(topic, Command(id=f"{room.name}-{command}", command=command).encode(), qos=1)
    if command == "start":
        room.starts_s = pressed_s
    else:
        room.pressed_s, room.ends_s = pressed_s, room.now_s


def _sampled_seqs(room: FaultRoom) -> tuple[Stream, NDArray[np.int64]]:
    stream = room.reader.streams(room.name)[-1]
    seqs = [periods.seqs for periods in room.reader.read(stream.id, 0, 1 << 36)]
    return stream, np.concatenate(seqs) if seqs else np.empty(0, np.int64)


def _dates(room: FaultRoom) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The UTC of every kept period as readers of the store get it, and the true UTC."""
    stream, seqs = _sampled_seqs(room)
    dated = utc_of(stream, seqs, room.reader.timebases(stream))
    boot_ns = stream.run_boot_ns + seqs * stream.period_ns
    return dated, room.clock.boot_zero_utc_ns() + boot_ns


def _ahead(room: FaultRoom) -> NDArray[np.int64]:
    """Error of the dates (date minus truth), in ns."""
    dated, truth = _dates(room)
    return dated - truth
