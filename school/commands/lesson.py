"""`roomtone lesson`: start, stop, import, list and remove lessons, and what a teacher declared."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Final

from contract.clock import SECOND_NS, Clock
from contract.dates import check_date
from contract.errors import UsageError
from contract.lesson import ACTIVITIES, Activity
from school.audit.actor import Actor
from school.commands.bundle import SUFFIX, BundleReader
from school.commands.timetable import add_import_options, import_timetable
from school.lessons.change import change_lesson
from school.lessons.origins import Origin, Reschedule
from school.lessons.protocol import Timetable
from school.lessons.records import Lesson
from school.settings import LessonSettings
from school.timetable.difference_lines import local_time
from school.timetable.entries import as_room, lesson_id, utc_ns
from school.video.keeping import NotTakenError, VideoKeeper
from school.video.maps import ClockMapStore, by_hand
from school.video.records import Video

__all__ = ["Desk", "add_actions"]

_ROOM: Final = "the room's name, as in its kit's settings"
_LESSON: Final = "the lesson's id; `roomtone lesson list` shows them"
_SPAN: Final = re.compile(r"(\d{1,3})(?::([0-5]\d))?")


class Desk:
    """What the commands do, on one store and with one clock."""

    def __init__(
        self,
        *,
        store: Timetable,
        maps: ClockMapStore,
        settings: LessonSettings,
        clock: Clock,
        say: Callable[[str], None],
        videos: VideoKeeper | None = None,
        bundles: BundleReader | None = None,
    ) -> None:
        self._store = store
        self._videos = videos
        self._bundles = bundles
        self._maps = maps
        self._settings = settings
        self._zone = settings.zone
        self._longest_ns = settings.longest_ns
        self._clock = clock
        self.say = say

    def start(self, args: argparse.Namespace) -> None:
        """Begin a lesson by hand."""
        room = as_room(args.room, "--room")
        if not args.teacher.strip():
            raise UsageError("--teacher is empty; a lesson belongs to one teacher.")
        starts = self._moment(args.at)
        starts_ns = utc_ns(starts)
        for lesson in self._store.lessons(room=room):
            # Two that nobody has ended can't follow each other.
            is_open_later = lesson.ends_utc_ns is None and starts_ns < lesson.starts_utc_ns
            if is_open_later or lesson.is_on(starts_ns, self._longest_ns):
                raise UsageError(
                    f"room {room} has the lesson {lesson.id} of {lesson.teacher} then; stop it "
                    f"first with `roomtone lesson stop --room {room}`."
                )
        lesson = Lesson(
            id=lesson_id(room, starts),
            room=room,
            teacher=args.teacher.strip(),
            title=args.title,
            starts_utc_ns=starts_ns,
            ends_utc_ns=None,
            source="button",
        )
        if not self._store.swap(None, lesson):
            raise UsageError(
                f"the lesson {lesson.id} is there already; start another one a second later."
            )
        self.say(lesson.id)

    def stop(self, args: argparse.Namespace) -> None:
        """End the lesson that is on."""
        room = as_room(args.room, "--room")
        ends_ns = utc_ns(self._moment(args.at))
        lessons = self._store.lessons(room=room, from_utc_ns=ends_ns - self._longest_ns)
        lesson = next((each for each in lessons if each.is_on(ends_ns, self._longest_ns)), None)
        if lesson is None:
            raise UsageError(
                f"no lesson is on in room {room} then; `roomtone lesson list --room {room}` "
                "shows its lessons."
            )
        if ends_ns <= lesson.starts_utc_ns:
            raise UsageError(f"the lesson {lesson.id} starts then; stop it later than that.")

        def stopped(lesson: Lesson) -> Lesson:
            # Whoever stopped it a moment earlier was right: no end is moved to later here.
            return replace(lesson, ends_utc_ns=min(lesson.ends_utc_ns or ends_ns, ends_ns))

        self._change(lesson.id, stopped)

    def import_file(self, args: argparse.Namespace) -> None:
        """Make the coming lessons of a timetable those of its file, or read a lesson back."""
        if self._bundles is not None and args.file.suffix.lower() == SUFFIX:
            self.say(self._bundles.read(args.file, args.owner, self._clock.utc_ns()))
            return
        import_timetable(
            args, store=self._store, settings=self._settings, clock=self._clock, say=self.say
        )

    def remove(self, args: argparse.Namespace) -> None:
        """Remove coming lessons, all of them or none."""
        now_ns = self._clock.utc_ns()

        sources: dict[str, str] = {}

        def decide(lessons: Sequence[Lesson], origins: Mapping[str, Origin]) -> Reschedule:
            sources.update({name: origin.source for name, origin in origins.items()})
            return Reschedule(removed=_coming(args.lesson, lessons, now_ns))

        for name in self._store.reschedule(decide).removed:
            again = (
                f"; an import of {sources[name]} that still has it brings it back"
                if name in sources
                else ""
            )
            self.say(f"{name} is removed{again}")

    def list_lessons(self, args: argparse.Namespace) -> None:
        """Say what there is, the latest first."""
        room = as_room(args.room, "--room") if args.room else None
        for lesson in self._store.lessons(room=room, limit=args.limit):
            over_ns = lesson.over_utc_ns(self._longest_ns)
            ends = local_time(over_ns, self._zone)[11:]
            if lesson.ends_utc_ns is None:
                is_over = over_ns <= self._clock.utc_ns()
                ends = f"{ends} (nobody ended it)" if is_over else "running"
            self.say(
                f"{lesson.id}  {local_time(lesson.starts_utc_ns, self._zone)}–{ends}  "
                f"room {lesson.room}  {lesson.teacher}  {lesson.title}".rstrip()
            )

    def activity(self, args: argparse.Namespace) -> None:
        """Note what a span of a lesson was."""
        lesson = self._lesson(args.lesson)
        start_s, end_s = _seconds(args.start, "--from"), _seconds(args.end, "--to")
        length_s = (lesson.over_utc_ns(self._longest_ns) - lesson.starts_utc_ns) / SECOND_NS
        if not start_s < end_s <= length_s:
            raise UsageError(
                f"--from {args.start} --to {args.end} is not a span of the lesson, which lasts "
                f"{length_s / 60:.0f} minutes; both are minutes since its start, such as 12 or "
                "12:30."
            )
        added = Activity(start_s=start_s, end_s=end_s, name=args.name)

        def with_activity(lesson: Lesson) -> Lesson:
            activities = sorted([*lesson.activities, added], key=lambda activity: activity.start_s)
            for one, two in pairwise(activities):
                if one.end_s > two.start_s:
                    raise UsageError(
                        f"{one.name} until {one.end_s / 60:g} min overlaps {two.name} from "
                        f"{two.start_s / 60:g} min; a lesson has one activity at a time."
                    )
            return replace(lesson, activities=tuple(activities))

        self._change(lesson.id, with_activity)

    def video(self, args: argparse.Namespace) -> None:
        """Lay a video beside a lesson."""
        lesson = self._lesson(args.lesson)
        if self._videos is None:
            raise UsageError(
                "this server keeps no videos; set video.directory and video.key_directory "
                "(docs/deploy.md), or open the video on the lesson's page."
            )
        by = Actor(name="roomtone lesson", utc_ns=self._clock.utc_ns())
        self._videos.files.prepare(by.utc_ns)

        def first(taken: Video) -> None:
            if args.offset is not None:
                self._maps.add(by_hand(lesson.id, args.offset, by.utc_ns, video=taken.id))

        try:
            self._videos.take_in(lesson, args.file, by, first=first)
        except NotTakenError as error:
            raise UsageError(f"{args.file}: {error}") from error
        self.say("It is kept encrypted; the dashboard checks it, and then the page plays it.")

    def _change(self, name: str, change: Callable[[Lesson], Lesson]) -> None:
        """Change what is there by now, touching nothing else, and say which lesson it was."""
        if change_lesson(self._store, name, change) is None:
            raise _unknown(name)
        self.say(name)

    def _lesson(self, name: str) -> Lesson:
        lesson = self._store.get(name)
        if lesson is None:
            raise _unknown(name)
        return lesson

    def _moment(self, text: str | None) -> datetime:
        if text is None:
            now = datetime.fromtimestamp(self._clock.utc_ns() // SECOND_NS, UTC)
            return now.astimezone(self._zone)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise UsageError(f"--at is {text!r}, expected such as 2026-09-30T09:45.") from None
        check_date(moment, f"--at {text}")
        return moment.replace(tzinfo=self._zone) if moment.tzinfo is None else moment


def add_actions(
    parser: argparse.ArgumentParser,
    # argparse has no public name for it.
) -> argparse._SubParsersAction[argparse.ArgumentParser]:
    """Say what the command takes; each action's `do` is called with a desk and the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    start = actions.add_parser("start", help="begin a lesson now, or at a time")
    start.add_argument("--room", required=True, help=_ROOM)
    start.add_argument("--teacher", required=True, help="whose lesson it is")
    start.add_argument("--title", default="", help='such as "Maths 7b"; may be left out')
    start.add_argument(
        "--at", metavar="TIME", help="such as 2026-09-30T09:45, in the school's zone"
    )
    start.set_defaults(do=Desk.start)

    stop = actions.add_parser("stop", help="end the lesson that is on in a room")
    stop.add_argument("--room", required=True, help=_ROOM)
    stop.add_argument("--at", metavar="TIME", help="such as 2026-09-30T10:30, in the school's zone")
    stop.set_defaults(do=Desk.stop)

    load = actions.add_parser(
        "import", help="take in a timetable, CSV or iCalendar, or a lesson that was taken as JSON"
    )
    add_import_options(load, _days)
    load.set_defaults(do=Desk.import_file)

    remove = actions.add_parser("remove", help="remove lessons that have not started")
    remove.add_argument("lesson", nargs="+", help=_LESSON)
    remove.set_defaults(do=Desk.remove)

    show = actions.add_parser("list", help="show lessons, the latest first")
    show.add_argument("--room", help="only this room's")
    show.add_argument("--limit", type=_days, default=50, help="at most this many (default: 50)")
    show.set_defaults(do=Desk.list_lessons)

    activity = actions.add_parser("activity", help="say what a span of a lesson was")
    activity.add_argument("lesson", help=_LESSON)
    activity.add_argument("name", choices=ACTIVITIES, help="what the class did")
    activity.add_argument(
        "--from", dest="start", required=True, metavar="MIN[:SEC]", help="since the lesson's start"
    )
    activity.add_argument(
        "--to", dest="end", required=True, metavar="MIN[:SEC]", help="since the lesson's start"
    )
    activity.set_defaults(do=Desk.activity)

    video = actions.add_parser(
        "video", help="take a video in, encrypted, and lay it beside a lesson"
    )
    video.add_argument("lesson", help=_LESSON)
    video.add_argument(
        "file", type=Path, help="an MP4, MOV or WebM file on this machine; it stays as it is"
    )
    video.add_argument(
        "--offset", type=float, metavar="SECONDS",
        help="where in the video the lesson starts; negative if the camera started later "
        "(default: 0)",
    )  # fmt: skip
    video.set_defaults(do=Desk.video)
    return actions


def _unknown(name: str) -> UsageError:
    return UsageError(f"there is no lesson {name!r}; `roomtone lesson list` shows them.")


def _coming(names: Sequence[str], lessons: Sequence[Lesson], now_ns: int) -> tuple[str, ...]:
    """Those named, if all of them are still to come; raises UsageError."""
    by_id = {lesson.id: lesson for lesson in lessons}
    for name in names:
        if name not in by_id:
            raise _unknown(name)
        if by_id[name].starts_utc_ns <= now_ns:
            raise UsageError(
                f"the lesson {name} has begun; `roomtone purge --lesson {name}` removes it with "
                "all that was sensed."
            )
    return tuple(dict.fromkeys(names))


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 3_660:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 3660")
    return int(text)


def _seconds(text: str, option: str) -> float:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise UsageError(
            f"{option} is {text!r}, expected minutes since the lesson's start, such as 12 or 12:30."
        )
    return int(match[1]) * 60.0 + int(match[2] or 0)
