"""Plays a lesson through the chain: the common part of `demo` and `replay`, and their check.

The check prints one JSON object as the last line on standard output; all messages for people go to
standard error then.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import math
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Final

from contract.clock import SECOND_NS
from contract.one_line import one_line
from ingest.stores.records import AlertRecord
from models.serving.scores import ROOM
from roomtone.audit.tally import tally
from roomtone.demo.chain import Chain, PlannedLesson
from roomtone.demo.film import Film
from roomtone.demo.new_folder import new_folder
from roomtone.demo.page_port import USUAL_PORT, choose_port
from roomtone.demo.programs import ProgramError
from school.people.demo import DEMO_PEOPLE
from simulators.truth import Episode

__all__ = ["add_run_arguments", "demo_folder", "interrupted_by", "minutes", "play", "seed"]

_HIGHEST_SPEED: Final = 200.0
EPOCH_S: Final = 5
_log = logging.getLogger("roomtone")


def add_run_arguments(parser: argparse.ArgumentParser, *, speed: float) -> None:
    """The options that demo and replay share."""
    parser.add_argument(
        "--speed",
        type=_speed,
        default=speed,
        metavar="N",
        help="speed of the simulated room relative to real time; network, spill and retry timers "
        f"run in real time (default: {speed:g})",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="play, count, fetch the pages and exit; the last line on standard output is one JSON "
        "object; the exit code is 0 only if nothing was lost, doubled or in a gap and the lesson "
        "page has the timeline",
    )
    parser.add_argument(
        "--port",
        type=_port,
        help=f"TCP port of the pages (default: {USUAL_PORT}, or another if it is taken)",
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="keep data and logs in this new folder (default: a temporary one, deleted at the end)",
    )


def play(
    arguments: argparse.Namespace,
    plan: PlannedLesson,
    *,
    episodes: tuple[Episode, ...] | None,
    filmed: Sequence[str] | None = None,
) -> int:
    """Run the chain over a planned lesson; `episodes` is the truth, None if unknown.

    `filmed` are the options of `roomtone simulate` for the lesson's video; a check makes none.
    """
    is_check: bool = arguments.check
    progress = _Progress(plan, is_line=sys.stderr.isatty())

    def report(line: str) -> None:
        progress.clear()
        print(one_line(line), file=sys.stderr if is_check else sys.stdout, flush=True)

    def choose() -> int:
        return choose_port(arguments.port, report)

    if arguments.port is not None:
        choose()  # refused before anything starts
    with demo_folder(arguments.keep) as folder, interrupted_by(signal.SIGTERM, signal.SIGHUP):
        chain = Chain(plan, folder=folder, speed=arguments.speed, choose_port=choose, report=report)

        film = None if filmed is None or is_check else Film(filmed, folder, report)

        def report_addresses() -> None:
            for name in DEMO_PEOPLE:
                report(f"{f'as {name}':<10} {chain.sign_in_page(name)}")

        try:
            with chain:
                chain.start()
                chain.begin()
                if film is not None:
                    film.start()
                report_addresses()
                chain.play(progress)
                report("lesson     is over; waiting for the last readings")
                chain.stop_edge()
                if is_check:
                    return _report(chain, episodes)
                if film is not None:
                    film.take_in(chain.lesson, chain.config)
                report_addresses()
                report("           Ctrl-C stops everything")
                threading.Event().wait()
        except KeyboardInterrupt:
            report("stopped")
            return 1 if is_check else 0
        finally:
            if film is not None:
                film.stop()
    return 0


def _report(chain: Chain, episodes: tuple[Episode, ...] | None) -> int:
    plan = chain.plan
    pages = ["/", f"/rooms/{plan.room}/live", f"/lessons/{chain.lesson}"]
    fetched = [chain.fetch(page) for page in pages]
    timeline = json.loads(chain.fetch(f"/api/lessons/{chain.lesson}/timeline?level_s={EPOCH_S}"))
    with contextlib.closing(chain.reader()) as reader:
        counts = tally(reader, room=plan.room)
    epochs, alerts = chain.scores()
    due = chain.due_seat_seconds()
    scored = sum(math.isfinite(epoch.zones[0].movement_db) for epoch in epochs)
    drawn = sum(value is not None for value in timeline["movement"]["mean"])
    room_alerts = [alert for alert in alerts if alert.zone == ROOM]
    report = asdict(counts) | {
        "due": due,
        "epochs": len(epochs),
        "alerts_raised": len(alerts),
        "alerts_true": _count_true(alerts, episodes or (), plan),
        "pages_fetched": len(fetched) + 1,
        "room_alerts_raised": len(room_alerts),
    }
    for alert in room_alerts:
        at = _clock((alert.raised_utc_ns - plan.starts_utc_ns) / SECOND_NS)
        _log.info("check: a room alert at %s: %s", at, " ".join(alert.because))
    faults = []
    if not counts.is_whole:
        faults.append("not all sampled data is kept exactly once")
    if counts.sampled != due:
        faults.append(f"the hubs sent {due} seat-seconds and the edge sampled {counts.sampled}")
    if len(epochs) < plan.duration_s // EPOCH_S - 2:
        faults.append(f"only {len(epochs)} epochs of {plan.duration_s} s were scored")
    if drawn != scored:
        faults.append(f"the lesson page has {drawn} of {scored} epochs with a movement")
    for fault in faults:
        _log.error("check: %s", fault)
    print(json.dumps(report), flush=True)
    return 1 if faults else 0


def _count_true(
    alerts: list[AlertRecord], episodes: tuple[Episode, ...], plan: PlannedLesson
) -> int:
    """Number of alerts that were open during an episode."""

    def seconds(utc_ns: int | None) -> float:
        if utc_ns is None:
            return float(plan.duration_s)
        return (utc_ns - plan.starts_utc_ns) / SECOND_NS

    return sum(
        any(
            seconds(alert.raised_utc_ns) <= episode.end_s
            and seconds(alert.cleared_utc_ns) >= episode.start_s
            for episode in episodes
        )
        for alert in alerts
    )


class _Progress:
    """Shows progress: one updated line on a terminal, otherwise a few lines."""

    def __init__(self, plan: PlannedLesson, *, is_line: bool) -> None:
        self._plan = plan
        self._is_line = is_line
        self._shown = -1

    def __call__(self, lesson_s: float, periods: int) -> None:
        step = int(10 * lesson_s / self._plan.duration_s)
        at, total = _clock(lesson_s), _clock(self._plan.duration_s)
        text = f"lesson     {at} of {total}, {periods} periods kept"
        if self._is_line:
            print(f"\r{text}", end="", file=sys.stderr, flush=True)
        elif step != self._shown and lesson_s >= 0:
            print(text, file=sys.stderr, flush=True)
        self._shown = step

    def clear(self) -> None:
        if self._is_line and self._shown >= 0:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def _clock(seconds: float) -> str:
    whole = max(int(seconds), 0)
    return f"{whole // 60:d}:{whole % 60:02d}"


@contextlib.contextmanager
def demo_folder(keep: Path | None) -> Iterator[Path]:
    """The folder of all data and logs: the one to keep, or one that is deleted at the end."""
    if keep is not None:
        yield new_folder(keep)
        return
    folder = Path(tempfile.mkdtemp(prefix="roomtone-"))
    try:
        yield folder
    except ProgramError:
        # The logs show what went wrong.
        _log.error("data and logs are left in %s", folder)
        raise
    else:
        shutil.rmtree(folder)


@contextlib.contextmanager
def interrupted_by(*numbers: signal.Signals) -> Iterator[None]:
    """Handle these signals like Ctrl-C, so that they stop the programs too."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _speed(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= _HIGHEST_SPEED:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0, up to 200")
    return value


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")
    return int(text)


def seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def minutes(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 24 * 60:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of minutes above 0")
    return value
