"""Faults of the Pi's clock: slow at boot, wrong and sure of itself, stepped in a lesson."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from contract.clock import SECOND_NS
from contract.messages import Command
from contract.topics import Topic
from ingest.stores.records import Stream
from ingest.stores.rules.dating import UNDATED, utc_of
from roomtone.faults.case import Case
from roomtone.faults.children import until
from roomtone.faults.messages import speaker
from roomtone.faults.room import Plan, Room
from roomtone.faults.server import SITE, Server
from roomtone.faults.wrong_clock import write_word

__all__ = ["clock_jump", "clock_past", "clock_slow_synchronised"]

_TWO_YEARS_S: Final = -2 * 365 * 86_400
_HOUR_S: Final = 3_600
_SLOW_S: Final = -400 * 86_400
_REAL_SAMPLE_S: Final = (4.0, 6.0)
_SAMPLE_S: Final = (1.2, 1.8)
_LOOK_S: Final = 1.2
_DATED_WITHIN_NS: Final = 50_000_000


def clock_past(case: Case) -> None:
    """The Pi boots two years ago and says so; a button starts the lesson; then its clock is set."""
    with _wrong_room(case) as room:
        word = room.folder / "clock"
        write_word(word, off_s=_TWO_YEARS_S, is_synchronised=False)
        room.edge.start()
        room.wait_for_hubs()
        _press(room, "start")
        time.sleep(case.draw("strikes_after_s", *_SAMPLE_S))
        undated, _ = _dates(room)
        if not len(undated) or not (undated == UNDATED).all():
            raise case.fizzled("readings of a clock that is not set were given a date")
        case.hit(f"{len(undated)} periods undated while the clock was two years slow")
        write_word(word, off_s=0, is_synchronised=True)
        case.over()
        until(
            lambda: bool((_dates(room)[0] != UNDATED).all()), what="dates for what was undated",
            timeout_s=20, running=[room.edge],
        )  # fmt: skip
        case.recovered()
        time.sleep(case.draw("goes_on_s", *_SAMPLE_S))
        room.wait_until_caught_up()
        _press(room, "stop")
        room.drain_and_stop()
        case.judge(room)
        off_ns = _ahead(room)
        wrong = int((np.abs(off_ns) > _DATED_WITHIN_NS).sum())
        if wrong:
            case.errors.append(f"{wrong} of {len(off_ns)} periods have a wrong date")


def clock_jump(case: Case) -> None:
    """UTC is stepped by an hour in the middle of a lesson, and stays there."""
    with _wrong_room(case) as room:
        word = room.folder / "clock"
        write_word(word, off_s=0, is_synchronised=True)
        room.edge.start()
        room.wait_for_hubs()
        _press(room, "start")
        time.sleep(case.draw("strikes_after_s", *_SAMPLE_S))
        jumped_s = room.now_s
        write_word(word, off_s=_HOUR_S, is_synchronised=True)
        case.over()
        until(
            lambda: bool(_ahead(room).any()), what="dates by the new clock",
            timeout_s=90, running=[room.edge],
        )  # fmt: skip
        case.recovered()
        time.sleep(case.draw("goes_on_s", *_SAMPLE_S))
        room.wait_until_caught_up()
        _press(room, "stop")
        room.drain_and_stop()
        case.judge(room)
        ahead = _ahead(room) // SECOND_NS
        moved = int((ahead > _HOUR_S / 2).sum())
        if not 0 < moved < len(ahead):
            raise case.fizzled(f"{moved} of {len(ahead)} periods are dated by the new clock")
        case.hit(f"{moved} of {len(ahead)} periods are dated an hour later")
        # The edge looks at its clock each second of real time.
        stream, seqs = _sampled_seqs(room)
        since_s = stream.run_boot_ns // SECOND_NS + seqs - jumped_s
        late = int(((since_s >= 0) != (ahead > _HOUR_S / 2)).sum())
        if late > _LOOK_S * room.plan.speed:
            case.errors.append(f"{late} periods around the jump are dated by the wrong offset")


def clock_slow_synchronised(case: Case) -> None:
    """The Pi is 400 days slow and says that it is right; it is set, and then goes an hour ahead.

    The room runs in real time, for the server compares the kit's clock with its own.
    """
    server = Server(case.folder / "server", ingest={"max_clock_error_s": 300})
    plan = Plan(seed=case.seed, speed=1.0)
    with server, _wrong_room(case, plan, server) as room:
        word = room.folder / "clock"
        write_word(word, off_s=_SLOW_S, is_synchronised=True)
        room.edge.start()
        room.wait_for_hubs()
        _press(room, "start")
        time.sleep(case.draw("strikes_after_s", *_REAL_SAMPLE_S))
        until(
            lambda: server.ingest.said("400 days slow") > 0, what="ingest's word about the clock",
            timeout_s=30, running=[room.edge, server.ingest],
        )  # fmt: skip
        undated, _ = _dates(room)
        if not len(undated) or not (undated == UNDATED).all():
            raise case.fizzled("readings of a clock that is 400 days slow were given a date")
        case.hit(f"{len(undated)} periods kept and not dated while the clock was 400 days slow")
        write_word(word, off_s=0, is_synchronised=True)
        until(
            lambda: bool((_dates(room)[0] != UNDATED).all()), what="dates for what was undated",
            timeout_s=30, running=[room.edge],
        )  # fmt: skip
        time.sleep(case.draw("goes_on_s", *_REAL_SAMPLE_S))
        before = len(_dates(room)[0])
        write_word(word, off_s=_HOUR_S, is_synchronised=True)
        case.over()
        until(
            lambda: server.ingest.said("60 minutes fast") > 0, what="ingest's word about the step",
            timeout_s=30, running=[room.edge, server.ingest],
        )  # fmt: skip
        case.recovered()
        room.wait_until_caught_up()
        _press(room, "stop")
        room.drain_and_stop()
        case.judge(room)
        off_ns = _ahead(room)
        case.hit(f"{len(off_ns) - before} periods sampled while it was an hour ahead")
        wrong = int((np.abs(off_ns) > _DATED_WITHIN_NS).sum())
        if wrong:
            case.errors.append(f"{wrong} of {len(off_ns)} periods have a wrong date")


@contextmanager
def _wrong_room(
    case: Case, plan: Plan | None = None, server: Server | None = None
) -> Iterator[Room]:
    """A room whose edge reads its clock's fault from a file."""
    with case.room(plan or Plan(seed=case.seed), server=server) as room:
        room.edge.command = [
            sys.executable, "-P", "-m", "roomtone.faults.wrong_clock", "--config", str(room.config),
            *room.clock_option(), "--clock-fault", str(room.folder / "clock"),
        ]  # fmt: skip
        yield room


def _press(room: Room, command: Literal["start", "stop"]) -> None:
    """Press the button, and note between which seconds the edge obeyed."""
    topic = str(Topic(SITE, room.name, room.node, "command"))
    word = "Sampling begins" if command == "start" else "Sampling ends"
    before, pressed_s = room.edge.said(word), room.now_s
    with speaker(room) as client:
        client.publish(topic, Command(id=f"{room.name}-{command}", command=command).encode(), qos=1)
        until(
            lambda: room.edge.said(word) > before, what=f"the edge's answer to {command}",
            timeout_s=10, running=[room.edge],
        )  # fmt: skip
    if command == "start":
        room.starts_s = pressed_s
    else:
        room.pressed_s, room.ends_s = pressed_s, room.now_s


def _sampled_seqs(room: Room) -> tuple[Stream, NDArray[np.int64]]:
    stream = room.reader.streams(room.name)[-1]
    seqs = [periods.seqs for periods in room.reader.read(stream.id, 0, 1 << 36)]
    return stream, np.concatenate(seqs) if seqs else np.empty(0, np.int64)


def _dates(room: Room) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """UTC of every kept period as any reader of the store gets it, and as it truly was."""
    stream, seqs = _sampled_seqs(room)
    dated = utc_of(stream, seqs, room.reader.timebases(stream))
    boot_ns = stream.run_boot_ns + seqs * stream.period_ns
    return dated, room.clock.boot_zero_utc_ns() + boot_ns


def _ahead(room: Room) -> NDArray[np.int64]:
    """How far the dates are ahead of the truth, in ns."""
    dated, truth = _dates(room)
    return dated - truth
