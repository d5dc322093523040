"""`roomtone audit`: whether the audit log is whole, and its entries in plain words."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from contract.clock import SECOND_NS, Clock
from contract.errors import UsageError
from school.audit.heads import HEADS
from school.audit.names import actors_named
from school.audit.reading import events_of_actors, events_of_lesson, latest
from school.audit.verify import Verdict, Verification
from school.database import SchoolDatabase

__all__ = ["AuditDesk", "add_actions"]

_LAST: Final = 50
_MAX_LAST: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditDesk:
    """What the commands work on."""

    database: SchoolDatabase
    directory: Path
    """The data directory, with the key and the heads."""
    zone: ZoneInfo
    clock: Clock
    say: Callable[[str], None]

    def verify(self, args: argparse.Namespace) -> int:
        """Walk the chain; returns 1 if something is wrong."""
        heads: Path | None = args.heads
        if heads is not None and not heads.is_file():
            raise UsageError(f"--heads is {heads}, which is no file; give a copy of {HEADS}.")
        verdict = Verification(
            database=self.database, directory=self.directory, clock=self.clock, say=self.say,
            heads=heads,
        ).run()  # fmt: skip
        if not verdict.n_faults:
            for line in self._whole(verdict, heads):
                self.say(line)
            return 0
        for fault in verdict.faults:
            self.say(fault)
        more = verdict.n_faults - len(verdict.faults)
        also = f", {more} of them not shown" if more else ""
        count = "1 thing" if verdict.n_faults == 1 else f"{verdict.n_faults} things"
        self.say(f"The audit log is not as it was written: {count} wrong{also}.")
        return 1

    def list_entries(self, args: argparse.Namespace) -> int:
        """Say the last entries, of a lesson or a person if one is named, the newest last."""
        with self.database.reading() as connection:
            if args.person is not None:
                actors = actors_named(connection, args.person)
                if not actors:
                    raise UsageError(
                        f"the audit log knows nobody named {args.person!r}; it has the names that "
                        "people had last, and none of those who have left."
                    )
                entries = events_of_actors(connection, actors, args.last, lesson=args.lesson)
            elif args.lesson is not None:
                entries = events_of_lesson(connection, args.lesson, limit=args.last)
            else:
                entries = latest(connection, args.last)
        for entry in reversed(entries):
            self.say(f"{entry.number}  {self._local(entry.at_utc_ns)}  {entry.sentence}")
        return 0

    def _whole(self, verdict: Verdict, heads: Path | None) -> list[str]:
        lines = []
        if verdict.entries:
            count = "1 entry" if verdict.entries == 1 else f"{verdict.entries} entries"
            first, last = self._local(verdict.first_utc_ns), self._local(verdict.last_utc_ns)
            lines.append(f"The audit log is all whole: {count} from {first} to {last}.")
        else:
            lines.append("The audit log is all whole: it has no entry.")
        if verdict.removed:
            lines.append(
                f"Retention removed the entries up to {verdict.removed}, and signed where it ended."
            )
        if verdict.heads:
            count = "1 head" if verdict.heads == 1 else f"{verdict.heads} heads"
            advice = f"{HEADS}: copy that file elsewhere now and then."
            lines.append(f"It fits {count} in {advice if heads is None else f'{heads}.'}")
        elif verdict.entries:
            lines.append(
                f"There is no head in {HEADS} yet, so it is not known whether the newest entries "
                "are all there: `roomtone score` notes one each hour."
            )
        return lines

    def _local(self, utc_ns: int) -> str:
        moment = datetime.fromtimestamp(utc_ns // SECOND_NS, UTC).astimezone(self.zone)
        return f"{moment:%Y-%m-%d %H:%M:%S}"


def add_actions(
    parser: argparse.ArgumentParser,
    # argparse has no public name for it.
) -> argparse._SubParsersAction[argparse.ArgumentParser]:
    """Say what the command takes; `do` is called with a desk and the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    verify = actions.add_parser("verify", help="check that no entry was changed or removed")
    verify.add_argument(
        "--heads", type=Path, metavar="FILE",
        help=f"a copy of {HEADS} that was kept elsewhere, in place of the one on this server",
    )  # fmt: skip
    verify.set_defaults(do=AuditDesk.verify)
    show = actions.add_parser("list", help="who did what, the newest last")
    show.add_argument("--lesson", metavar="ID", help="only what touches this lesson")
    show.add_argument("--person", metavar="NAME", help="only what this person did, or underwent")
    show.add_argument(
        "--last", type=_count, default=_LAST, metavar="N",
        help=f"how many entries at most (default: {_LAST})",
    )  # fmt: skip
    show.set_defaults(do=AuditDesk.list_entries)
    return actions


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MAX_LAST:
        raise argparse.ArgumentTypeError(f"expected 1 to {_MAX_LAST}")
    return int(text)
