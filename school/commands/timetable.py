"""`roomtone lesson import`: the coming lessons of a timetable become those of its file."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from contract.clock import SECOND_NS, Clock
from contract.errors import UsageError
from contract.files.text_file import decode_text, read_bytes, read_text
from school.lessons.origins import Origin, Reschedule
from school.lessons.protocol import Timetable
from school.lessons.records import Lesson
from school.settings import LessonSettings
from school.timetable.calendar_file import read_calendar
from school.timetable.csv_file import read_csv, read_rooms
from school.timetable.difference_lines import counted, difference_lines, local_time
from school.timetable.entries import Reading, Rooms, as_room, single_spaced
from school.timetable.overlap import join_groups
from school.timetable.plan import Difference, plan_import

__all__ = ["add_import_options", "import_timetable"]

_CALENDARS: Final = {".ics", ".ical", ".icalendar"}
_TABLES: Final = {".csv", ".tsv", ".txt"}
_NOT_TEXT: Final = (
    (b"PK\x03\x04", "an Excel workbook or another ZIP archive; save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook; save it as CSV"),
    (b"%PDF", "a PDF document; export the timetable as CSV or iCalendar"),
)
# Lines are folded by bytes, so also within a character.
_FOLD: Final = re.compile(rb"\r?\n[ \t]")


def add_import_options(parser: argparse.ArgumentParser, days: Callable[[str], int]) -> None:
    """Say what the command takes; `days` checks a number of days."""
    parser.add_argument(
        "file",
        type=Path,
        help="a .csv or .ics file; docs/lessons.md has the columns. Or a .json "
        "file: docs/exports.md",
    )
    parser.add_argument(
        "--for", dest="owner", metavar="NAME",
        help="of a .json file: whose copy it is, by the name with which they sign in",
    )  # fmt: skip
    parser.add_argument("--room", help="of every event, where a calendar names none")
    parser.add_argument("--teacher", help="of every event, where a calendar names none")
    parser.add_argument(
        "--rooms", type=Path, metavar="MAP",
        help="a CSV file with the columns name and room: what the timetable calls a room, and "
        "what its kit calls it",
    )  # fmt: skip
    parser.add_argument(
        "--days", type=days, default=200,
        help="how far ahead a calendar's events are taken (default: 200)",
    )  # fmt: skip
    parser.add_argument(
        "--source", metavar="NAME",
        help="which timetable the file is a newer state of (default: the file's name, with --room "
        "and --teacher where given)",
    )  # fmt: skip
    parser.add_argument(
        "--skip-unknown", action="store_true",
        help="list and leave out what is no lesson, instead of refusing the file",
    )  # fmt: skip
    parser.add_argument(
        "--join-groups", action="store_true",
        help="groups of one teacher that have the same room, start and end are one lesson",
    )  # fmt: skip
    parser.add_argument(
        "--dry-run", action="store_true", help="print what would change, and change nothing"
    )


def import_timetable(
    args: argparse.Namespace,
    *,
    store: Timetable,
    settings: LessonSettings,
    clock: Clock,
    say: Callable[[str], None],
) -> None:
    """Make the store follow a file, all of it or nothing; raises UsageError for what is wrong."""
    is_calendar = args.file.suffix.lower() in _CALENDARS
    zone = settings.zone
    now_ns = clock.utc_ns()
    now = datetime.fromtimestamp(now_ns // SECOND_NS, UTC)
    until = now + timedelta(days=args.days)
    reading = _read(args, zone, now, until, is_calendar=is_calendar)
    for sentence in reading.left_out:
        say(f"left out: {sentence}")
    _refuse_nothing(reading, args, zone, now_ns)
    entries = join_groups(reading.entries) if args.join_groups else reading.entries
    source = _source(args)
    found: list[Difference] = []

    def decide(lessons: Sequence[Lesson], origins: Mapping[str, Origin]) -> Reschedule:
        difference = plan_import(
            entries,
            lessons,
            origins,
            source=source,
            zone=zone,
            now_ns=clock.utc_ns(),  # reading a large file takes a while
            until_ns=int(until.timestamp()) * SECOND_NS if is_calendar else None,
            longest_ns=settings.longest_ns,
        )
        found.append(difference)
        return difference.reschedule()

    if args.dry_run:
        decide(store.lessons(), store.origins())
    else:
        store.reschedule(decide)
    for line in difference_lines(found[-1], zone):
        say(line)
    say(counted(found[-1], source))
    if args.dry_run:
        say("Nothing was changed (--dry-run).")


def _read(
    args: argparse.Namespace, zone: ZoneInfo, now: datetime, until: datetime, *, is_calendar: bool
) -> Reading:
    path: Path = args.file
    if not is_calendar and path.suffix.lower() not in _TABLES:
        raise UsageError(f"{path}: a timetable is a .csv or an .ics file.")
    text = _text(path, is_calendar=is_calendar)
    rooms = Rooms()
    if args.rooms is not None:
        rooms = read_rooms(read_text(args.rooms), name=str(args.rooms))
    if not is_calendar:
        if args.room is not None or args.teacher is not None:
            raise UsageError(f"{path}: --room and --teacher are for calendars.")
        return read_csv(
            text, name=str(path), zone=zone, rooms=rooms, skips_unknown=args.skip_unknown
        )
    return read_calendar(
        text,
        name=str(path),
        zone=zone,
        first=now,
        last=until,
        room=None if args.room is None else as_room(args.room, "--room"),
        teacher=None if args.teacher is None else single_spaced(args.teacher),
        rooms=rooms,
        skips_unknown=args.skip_unknown,
    )


def _refuse_nothing(
    reading: Reading, args: argparse.Namespace, zone: ZoneInfo, now_ns: int
) -> None:
    """An import of nothing would remove all that is to come."""
    path: Path = args.file
    latest = max((entry.lesson.starts_utc_ns for entry in reading.entries), default=None)
    if latest is not None and latest > now_ns:
        return
    if reading.is_later:
        raise UsageError(f"{path}: its lessons are all later than the {args.days} days of --days.")
    if latest is not None:
        raise UsageError(
            f"{path}: it lies wholly in the past, its last lesson began "
            f"{local_time(latest, zone)}; export the coming lessons."
        )
    if reading.has_events and not reading.left_out:
        raise UsageError(f"{path}: it lies wholly in the past; export the coming lessons.")
    raise UsageError(f"{path}: no lesson is in it.")


def _source(args: argparse.Namespace) -> str:
    """The timetable's name. Calendars of one room or teacher each are often called the same."""
    if args.source is not None:
        name = single_spaced(args.source)
        if not name:
            raise UsageError("--source is empty; give the timetable a name.")
        return name
    return ", ".join(filter(None, (single_spaced(args.file.name), args.room, args.teacher)))


def _text(path: Path, *, is_calendar: bool) -> str:
    data = read_bytes(path)
    for start, what in _NOT_TEXT:
        if data.startswith(start):
            raise UsageError(f"{path}: {what}.")
    if is_calendar and b"\0" not in data:  # else it is UTF-16, which is never cut within
        data = _FOLD.sub(b"", data)
    text = decode_text(data, str(path))
    if text.lstrip().startswith("<"):
        raise UsageError(
            f"{path}: a web page (HTML), perhaps that of a sign-in; download the timetable itself."
        )
    return text
