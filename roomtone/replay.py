"""`roomtone replay`: recorded motion through every program, as if the sensors had sent it."""

from __future__ import annotations

import argparse
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contract.clock import SECOND_NS
from contract.errors import UsageError
from contract.lesson import Zone
from roomtone.chain import PlannedHub, PlannedLesson
from roomtone.run import add_run_arguments, minutes, play
from simulators.recording import Recording, read_recording, seat_hubs

__all__ = ["add_arguments", "run"]

_LETTERS = "abcdefgh"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--motion",
        type=Path,
        required=True,
        metavar="FILE",
        help="a Parquet file with the columns session, x, y, z, and sessions.csv beside it "
        "(docs/replay.md)",
    )
    parser.add_argument(
        "--from",
        dest="begin",
        type=_clock,
        metavar="HH:MM[:SS]",
        help="where to begin, by the recording's clock (default: where the first session does)",
    )
    parser.add_argument(
        "--to",
        dest="end",
        type=_clock,
        metavar="HH:MM[:SS]",
        help="where to end (default: with the last session)",
    )
    parser.add_argument("--minutes", type=minutes, default=None, help="stop after so many")
    parser.add_argument(
        "--timezone",
        type=_timezone,
        default="America/Chicago",
        metavar="ZONE",
        help="where the recording's clock hung (default: America/Chicago, that of the published "
        "exam recordings)",
    )
    parser.add_argument(
        "--counts-per-g",
        type=_counts,
        default=64.0,
        metavar="N",
        help="for whole-number acceleration: counts that make 1 g (default: 64)",
    )
    add_run_arguments(parser, speed=60.0)


def run(arguments: argparse.Namespace) -> int:
    recording = read_recording(
        arguments.motion, timezone=arguments.timezone, counts_per_g=arguments.counts_per_g
    )
    starts, ends = _span(recording, arguments)
    hubs = seat_hubs(recording, starts=starts, ends=ends)
    if len(hubs) > len(_LETTERS):
        raise UsageError(
            f"{arguments.motion} needs {len(hubs)} hubs of one sample rate each; "
            f"a node reads {len(_LETTERS)}."
        )
    planned, next_seat = [], 1
    for letter, hub in zip(_LETTERS, hubs, strict=False):
        seats = tuple(range(next_seat, next_seat + hub.seats))
        next_seat += hub.seats
        planned.append(PlannedHub(name=f"table-{letter}", signal=hub, seats=seats))
    plan = PlannedLesson(
        room="replay",
        teacher="recorded",
        title=f"{arguments.motion.stem}, {starts:%H:%M} to {ends:%H:%M}",
        hubs=tuple(planned),
        zones=tuple(Zone(name=hub.name, seats=hub.seats) for hub in planned),
        activities=(),
        starts_utc_ns=int(starts.timestamp()) * SECOND_NS,
        duration_s=int((ends - starts).total_seconds()),
        time_zone=arguments.timezone.key,
    )
    return play(arguments, plan, episodes=None)


def _span(recording: Recording, arguments: argparse.Namespace) -> tuple[datetime, datetime]:
    """Whole seconds from the begin that was asked for to the end."""
    starts = recording.at(arguments.begin) if arguments.begin else recording.starts
    ends = recording.at(arguments.end) if arguments.end else recording.ends
    starts = starts.replace(microsecond=0)
    if arguments.minutes is not None:
        ends = min(ends, starts + timedelta(minutes=arguments.minutes))
    if not recording.starts - timedelta(seconds=1) <= starts < ends:
        raise UsageError(
            f"--from {starts:%H:%M:%S} --to {ends:%H:%M:%S} is not a span of {arguments.motion}, "
            f"which runs from {recording.starts:%H:%M:%S} to {recording.ends:%H:%M:%S} "
            f"({arguments.timezone.key})."
        )
    return starts, min(ends, recording.ends)


def _clock(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 09:00") from None


def _timezone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time zone such as America/Chicago"
        ) from None


def _counts(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value
