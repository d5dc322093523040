"""`roomtone replay`: plays recorded motion through all programs, as if sensors had sent it."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contract.clock import SECOND_NS
from contract.errors import UsageError
from contract.lesson import Zone
from contract.one_line import one_line
from roomtone.demo.chain import PlannedHub, PlannedLesson
from roomtone.demo.run import add_run_arguments, minutes, play
from roomtone.demo.unit_arguments import add_unit_arguments
from simulators.recordings.source import Recording, read_recording, seat_hubs

__all__ = ["add_arguments", "run"]

_LETTERS = "abcdefgh"
_SECOND = timedelta(seconds=1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--motion",
        type=Path,
        required=True,
        metavar="FILE",
        help="a Parquet file with the columns session, x, y, z, and sessions.csv next to it "
        "(docs/replay.md)",
    )
    parser.add_argument(
        "--from",
        dest="begin",
        type=_clock,
        metavar="HH:MM[:SS]",
        help="start time, by the recording's clock (default: start of the first session)",
    )
    parser.add_argument(
        "--to",
        dest="end",
        type=_clock,
        metavar="HH:MM[:SS]",
        help="end time (default: end of the last session)",
    )
    parser.add_argument(
        "--minutes", type=minutes, default=None, help="stop after this many minutes"
    )
    parser.add_argument(
        "--timezone",
        type=_timezone,
        default="America/Chicago",
        metavar="ZONE",
        help="time zone of the recording's clock (default: America/Chicago, for the published exam "
        "recordings)",
    )
    add_unit_arguments(parser, rate_where="for sessions without a rate in sessions.csv")
    add_run_arguments(parser, speed=60.0)


def run(arguments: argparse.Namespace) -> int:
    recording = read_recording(
        arguments.motion,
        timezone=arguments.timezone,
        unit=arguments.unit,
        scale=arguments.scale,
        rate_hz=arguments.rate_hz,
    )
    for note in recording.notes:
        print(f"recording  {one_line(note)}", file=sys.stderr, flush=True)
    starts, ends = _span(recording, arguments)
    zone: ZoneInfo = arguments.timezone
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
        title=f"{arguments.motion.stem}, {_shown(starts, zone)[:5]} to {_shown(ends, zone)[:5]}",
        hubs=tuple(planned),
        zones=tuple(Zone(name=hub.name, seats=hub.seats) for hub in planned),
        activities=(),
        starts_utc_ns=int(starts.timestamp()) * SECOND_NS,
        duration_s=int((ends - starts).total_seconds()),
        time_zone=zone.key,
    )
    return play(arguments, plan, episodes=None)


def _span(recording: Recording, arguments: argparse.Namespace) -> tuple[datetime, datetime]:
    """The requested start and end in UTC, in whole seconds."""
    starts = recording.at(arguments.begin) if arguments.begin else recording.starts
    starts = starts.replace(microsecond=0)
    ends = recording.at(arguments.end, after=starts) if arguments.end else recording.ends
    if arguments.minutes is not None:
        ends = min(ends, starts + timedelta(minutes=arguments.minutes))
    first, last = recording.starts, recording.ends
    is_span = first - _SECOND <= starts < last and ends - starts >= _SECOND
    zone = arguments.timezone
    if not is_span:
        asked, known = (
            (_shown(a, zone), _shown(b, zone)) for a, b in ((starts, ends), (first, last))
        )
        raise UsageError(
            f"--from {asked[0]} --to {asked[1]} is not a span of {arguments.motion}, "
            f"which runs from {known[0]} to {known[1]} ({zone.key})."
        )
    return starts, min(ends, last)


def _shown(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%H:%M:%S}"


def _clock(text: str) -> time:
    try:
        clock = time.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 09:00") from None
    if clock.tzinfo is not None:
        raise argparse.ArgumentTypeError(
            f"{text!r} has a time zone; give it with --timezone instead"
        )
    return clock.replace(microsecond=0)


def _timezone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time zone such as America/Chicago"
        ) from None
