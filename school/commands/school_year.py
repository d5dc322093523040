"""`roomtone school-year`: say what is left of a school year, and end it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from contract.clock import SECOND_NS, Clock
from contract.errors import UsageError
from school.audit.actor import Actor
from school.lessons.origins import Origin, Reschedule
from school.lessons.protocol import Timetable
from school.lessons.records import Lesson
from school.year.store import YearEnd, YearStore

__all__ = ["YearDesk", "add_options"]

_COMMAND: Final = "roomtone school-year"
_SHOWN: Final = 20


def add_options(parser: argparse.ArgumentParser) -> None:
    """Define the command's arguments."""
    parser.add_argument(
        "--ended", required=True, metavar="DAY", help="the year's last day, such as 2027-07-23"
    )
    parser.add_argument(
        "--end-timetable", action="append", default=[], metavar="NAME",
        help="also remove the lessons of this timetable that have not started; without it they are listed",
    )  # fmt: skip
    parser.add_argument(
        "--end-opt-outs", action="store_true",
        help="also sense all seats again that have opted out; only once the new year's are known",
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="only say what would end")
    parser.add_argument("--yes", action="store_true", help="end it without asking")


@dataclass(frozen=True, slots=True, kw_only=True)
class YearDesk:
    """What the command works on."""

    years: YearStore
    timetable: Timetable
    zone: ZoneInfo
    clock: Clock
    say: Callable[[str], None]
    is_confirmed: Callable[[], bool]
    """Asks the person; raises UsageError where nobody can be asked."""

    def run(self, args: argparse.Namespace) -> int:
        """Say what is left, and end it if that is wanted; returns 1 if it was not."""
        ended_ns = self._after(args.ended)
        now_ns = self.clock.utc_ns()
        found = self.years.found(ended_ns, now_ns)
        timetables: list[str] = args.end_timetable
        _require_known(timetables, found)
        self._show(found, timetables, with_opt_outs=args.end_opt_outs)
        if args.dry_run:
            return 0
        wants = found.changes or timetables or (args.end_opt_outs and found.opted_out)
        if not wants:
            self.say("Nothing is left to end.")
            return 0
        if not args.yes and not self.is_confirmed():
            self.say("Nothing was changed.")
            return 1
        by = Actor(name=_COMMAND, utc_ns=now_ns)
        done = self.years.end(ended_ns, by, with_opt_outs=args.end_opt_outs)
        removed = self._remove_planned(timetables, now_ns) if timetables else 0
        self.say(
            f"Ended: {len(done.shares)} shares, {len(done.offers)} offers, {len(done.cycles)} cycles; "
            f"removed: {removed} planned lessons. The audit log has each."
        )
        return 0

    def _after(self, text: str) -> int:
        """The first moment after the last day; raises UsageError while the year goes on."""
        try:
            last = date.fromisoformat(text)
        except ValueError:
            raise UsageError(f"--ended is {text!r}, expected a day such as 2027-07-23.") from None
        after = datetime.combine(last, datetime.min.time(), self.zone) + timedelta(days=1)
        after_ns = round(after.timestamp()) * SECOND_NS
        if after_ns > self.clock.utc_ns():
            raise UsageError(f"--ended is {text}, which is not over yet: end the year after it.")
        return after_ns

    def _show(self, found: YearEnd, timetables: Collection[str], *, with_opt_outs: bool) -> None:
        say = self.say
        say(f"Shares of the year's lessons that still hold: {len(found.shares)}; they end")
        say(f"Offers of the year's lessons that nobody accepted: {len(found.offers)}; they end")
        say(
            f"Cycles that are open or proposed: {len(found.cycles)}; they are closed or withdrawn, and "
            "their coaches do not see them any more"
        )
        for source, count in found.planned:
            what = (
                "removed"
                if source in timetables
                else f"kept; --end-timetable {source} removes them"
            )
            say(f"Lessons that the timetable {source} still plans: {count}; {what}")
        seats = [f"{room}:{seat}" for room, seat in found.opted_out]
        more = f" and {len(seats) - _SHOWN} more" if len(seats) > _SHOWN else ""
        fate = (
            "sensed again" if with_opt_outs
            else "they stay. Other children sit there next year: ask their families, then use "
            "`roomtone seat`"
        )  # fmt: skip
        if seats:
            say(f"Seats that have opted out: {', '.join(seats[:_SHOWN])}{more}; {fate}")

    def _remove_planned(self, timetables: Collection[str], now_ns: int) -> int:
        def decide(lessons: list[Lesson], origins: dict[str, Origin]) -> Reschedule:
            return Reschedule(
                removed=tuple(
                    lesson.id
                    for lesson in lessons
                    if lesson.starts_utc_ns > now_ns
                    and (origin := origins.get(lesson.id)) is not None
                    and origin.source in timetables
                )
            )

        return len(self.timetable.reschedule(decide).removed)


def _require_known(timetables: Collection[str], found: YearEnd) -> None:
    names = [source for source, _ in found.planned]
    unknown = [each for each in timetables if each not in names]
    if unknown:
        raise UsageError(
            f"No lesson is planned by the timetable {unknown[0]!r}; those that plan some: "
            f"{', '.join(names) or 'none'}."
        )
