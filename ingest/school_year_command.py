"""`roomtone school-year`: `school/commands/school_year.py` on this server's settings and database."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from typing import Final

from contract.clock import SECOND_NS, SystemClock
from contract.errors import UsageError
from contract.one_line import say
from ingest.backup.notes import read_notes
from ingest.config_option import add_config_option
from ingest.settings import ServerSettings
from school.commands.school_year import YearDesk, add_options
from school.database import open_school_database
from school.lessons.store import SqlLessonStore
from school.year.store import YearStore

__all__ = ["add_arguments", "run"]

_DAY_NS: Final = 86_400 * SECOND_NS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_options(parser)
    add_config_option(parser)


def run(args: argparse.Namespace) -> int:
    """Say what is left of the year, and end it; then what a person has to do."""
    settings = ServerSettings.load(args.config)
    clock = SystemClock()
    url = settings.school.database_url
    if url is None and not (settings.data_dir / "school.db").exists():
        raise UsageError(f"{settings.data_dir} has no school.db; check `data_dir`.")
    if clock.utc_ns() - read_notes(settings.data_dir).made_utc_ns > _DAY_NS:
        say("There is no backup of the last day: `sudo roomtone server backup` makes one.")
    with closing(open_school_database(settings.data_dir, url)) as database:
        code = YearDesk(
            years=YearStore(database), timetable=SqlLessonStore(database),
            zone=settings.lessons.zone, clock=clock, say=say, is_confirmed=_is_confirmed,
        ).run(args)  # fmt: skip
    if code == 0 and not args.dry_run:
        say("What is left for people: docs/school-year.md has the list.")
    return code


def _is_confirmed() -> bool:
    if not sys.stdin.isatty():
        raise UsageError(
            "this is no terminal, so nobody can confirm; repeat the command with --yes or --dry-run."
        )
    sys.stdout.write("End it? Type yes: ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() == "yes"
