"""`roomtone purge`: remove data of a room, a seat, a lesson or a span for good."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from contract.clock import SECOND_NS, Clock, SystemClock
from contract.dates import LAST_YEAR, check_date
from contract.errors import UsageError
from contract.one_line import say
from ingest.clocks.words import when_exactly
from ingest.config_option import add_config_option
from ingest.purge.leaving import LeavingRun
from ingest.purge.log import PurgeLog, PurgeRecord
from ingest.purge.plan import PurgePlan, PurgePlanner
from ingest.purge.requests import PersonLeft, PurgeFolder, PurgeRequest
from ingest.purge.run import PurgeRun
from ingest.replicas.part import ReplicasPart
from ingest.settings import ServerSettings
from ingest.stores import open_shard_periods
from ingest.stores.format.day_files import SET_ASIDE
from school import open_lesson_store
from school.timetable.entries import as_room
from school.video.files import VideoFiles

__all__ = ["add_arguments", "run"]

_MAX_SHOWN: Final = 10
_HIGHEST_SEAT: Final = 255


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_option(parser)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--room", metavar="ROOM", help="all of a room, or a span of it")
    what.add_argument("--seat", metavar="ROOM:N", help="one seat of a room")
    what.add_argument("--lesson", metavar="ID", help="a lesson, with what was kept during it")
    what.add_argument("--verify", action="store_true", help="check the record of earlier purges")
    what.add_argument(
        "--resume",
        action="store_true",
        help="finish purges that were interrupted, and start no other",
    )
    parser.add_argument("--from", dest="start", metavar="ISO", help="only from this time on")
    parser.add_argument("--to", dest="end", metavar="ISO", help="only up to this time (now)")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(args: argparse.Namespace) -> int:
    """Ask, remove and record; returns 1 if the person says no."""
    settings = ServerSettings.load(args.config)
    clock = SystemClock()
    if args.verify:
        return _verify(settings.data_dir)
    if not settings.data_dir.is_dir():
        raise UsageError(f"{settings.data_dir} is no data directory; check `data_dir`.")
    folder = PurgeFolder(settings.data_dir)
    running = PurgeRun(
        data_dir=settings.data_dir, clock=clock, say=say,
        database_url=settings.school.database_url, videos=VideoFiles.of(settings.video),
        shards=settings.shards,
        replicas=ReplicasPart(
            data_dir=settings.data_dir, replicas=settings.replicas, settings=settings.replicate,
            clock=clock,
        ),
    )  # fmt: skip
    if args.resume:
        with folder.alone():
            while waiting := folder.waiting():
                for request in waiting:
                    _show(running.run(request))
            LeavingRun(
                data_dir=settings.data_dir, clock=clock, say=say, purges=running,
                longest_ns=settings.lessons.longest_ns,
                database_url=settings.school.database_url, shards=settings.shards,
            ).settle()  # fmt: skip
        _say_aside(folder)
        return 0
    plan = _plan(args, settings, clock)
    for line in _description(plan):
        say(line)
    for path in sorted(settings.data_dir.rglob(f"*{SET_ASIDE}*")):
        say(f"  {path}, the whole file: it is damaged, so no part of it can be removed alone")
    if not args.yes and not _is_confirmed():
        say("Nothing was removed.")
        return 1
    with folder.alone():
        while waiting := folder.waiting():
            for request in waiting:
                say(f"finishing the purge {request.id}, which was interrupted ...")
                _show(running.run(request))
        try:
            _show(running.run(plan.request))
        except KeyboardInterrupt:
            say("Interrupted: `roomtone purge --resume` finishes it and records it.")
            raise
    for lesson in plan.lessons:
        if lesson.video is not None:
            say(f"The video {lesson.video} does not belong to Roomtone: remove it yourself.")
    say("Earlier backups still have what was removed: see docs/retention.md.")
    return 0


def _plan(args: argparse.Namespace, settings: ServerSettings, clock: Clock) -> PurgePlan:
    now_ns = clock.utc_ns()
    room, seat = args.room, None
    if args.seat is not None:
        room, seat = _seat(args.seat)
    if room is not None:
        room = as_room(room, "--seat" if seat is not None else "--room")
    if args.lesson is not None and (args.start or args.end):
        raise UsageError("--from and --to go with --room or --seat; a lesson has its own span.")
    start = _time(args.start, "--from", settings.lessons.zone) if args.start else 0
    end = _time(args.end, "--to", settings.lessons.zone) if args.end else now_ns
    if start >= now_ns:
        raise UsageError("--from is in the future; there is no data from that time.")
    if end <= start:
        raise UsageError("--to is not later than --from.")
    with (
        closing(open_shard_periods(settings.data_dir, settings.shards)) as reader,
        closing(open_lesson_store(settings.data_dir, settings.school.database_url)) as lessons,
    ):
        planner = PurgePlanner(
            reader=reader, lessons=lessons, now_utc_ns=now_ns,
            longest_ns=settings.lessons.longest_ns,
        )  # fmt: skip
        return planner.plan(room, start, end, seat=seat, lesson_id=args.lesson)


def _seat(text: str) -> tuple[str, int]:
    room, _, number = text.rpartition(":")
    if not room or not number.isdecimal() or not 1 <= int(number) <= _HIGHEST_SEAT:
        raise UsageError(f"--seat is {text!r}; expected ROOM:N, as room-12:4.")
    return room, int(number)


def _time(text: str, name: str, zone: ZoneInfo) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{name} is {text!r}; expected a date and time as 2026-03-02T10:00."
        ) from error
    if moment.year > LAST_YEAR:  # it is in the future, and may be too late to be converted
        moment = datetime(LAST_YEAR, 12, 31, tzinfo=UTC)
    check_date(moment, f"{name} {text}")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return round(moment.timestamp()) * SECOND_NS


def _description(plan: PurgePlan) -> list[str]:
    request = plan.request
    lines = [f"This removes for good: {_scope(request)}"]
    kits = f" of {', '.join(plan.nodes)}" if plan.nodes else ""
    part = "the values of that seat in up to " if request.seat is not None else ""
    lines.append(f"  {part}{plan.periods} recorded seconds{kits}, and copies that arrive later")
    lines.append("  messages of that room that were kept aside since then")
    if request.scored:
        lines.append(f"  epochs and alerts of {_lessons(len(request.scored))}, within that time")
    if request.again:
        lines.append(f"  ({_lessons(len(request.again))} will be scored again without it)")
    lines += [
        f"  lesson {lesson.id}, {lesson.title!r} of {lesson.teacher}, with its moments and video"
        for lesson in plan.lessons[:_MAX_SHOWN]
    ]
    if len(plan.lessons) > _MAX_SHOWN:
        lines.append(f"  and {_lessons(len(plan.lessons) - _MAX_SHOWN)} more")
    if request.moments and not plan.lessons:
        lines.append(f"  {len(request.moments)} of the moments that people marked")
    if plan.is_undated:
        lines.append(
            "Some periods of that room have no date and stay. `--room` without a span removes "
            "them. If they get a date in this span later, they are removed then."
        )
    return lines


def _lessons(n: int) -> str:
    return "1 lesson" if n == 1 else f"{n} lessons"


def _what(request: PurgeRequest | PersonLeft) -> str:
    if isinstance(request, PersonLeft):
        return f"the name of person {request.id}, who left {when_exactly(request.left_utc_ns)}"
    return _scope(request)


def _scope(request: PurgeRequest) -> str:
    what = f"room {request.room}"
    if request.seat is not None:
        what = f"seat {request.seat} of {what}"
    if request.lesson is not None:
        what = f"lesson {request.lesson} and {what}"
    start = "the beginning" if request.from_utc_ns == 0 else when_exactly(request.from_utc_ns)
    return f"{what}, from {start} to {when_exactly(request.to_utc_ns)}"


def _is_confirmed() -> bool:
    if not sys.stdin.isatty():
        raise UsageError(
            "this is no terminal, so nobody can confirm; repeat the command with --yes."
        )
    sys.stdout.write("Remove it? Type yes: ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() == "yes"


def _show(record: PurgeRecord) -> None:
    gone = ", ".join(f"{n} {what}" for what, n in record.removed.items())
    say(f"Removed: {gone}.")
    say(f"Record {record.number} of purge-log.jsonl, {record.hash}: keep this line elsewhere.")


def _verify(data_dir: Path) -> int:
    records = PurgeLog(data_dir).verified()
    for record in records:
        say(f"{record.number}  {when_exactly(record.done_utc_ns)}  {_what(record.request)}")
    newest = f"; the newest is {records[-1].hash}" if records else ""
    count = "1 record" if len(records) == 1 else f"{len(records)} records"
    say(f"{count}, all unchanged{newest}")
    folder = PurgeFolder(data_dir)
    for request in folder.waiting():
        say(f"interrupted; finish it with --resume: {_scope(request)}")
    _say_aside(folder)
    return 0


def _say_aside(folder: PurgeFolder) -> None:
    for name, why in folder.aside.listed():
        say(
            f"put aside in purges/aside, and not done: {name} ({why}); if it was a purge of yours, "
            "ask for it again, and remove it there."
        )
