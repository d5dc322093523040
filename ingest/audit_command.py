"""`roomtone audit`: `school/commands/audit.py` on this server's settings and database."""

from __future__ import annotations

import argparse
from contextlib import closing

from contract.clock import SystemClock
from contract.errors import UsageError
from contract.one_line import say
from ingest.config_option import add_config_option
from ingest.settings import ServerSettings
from school.commands.audit import AuditDesk, add_actions
from school.database import open_school_database

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's arguments."""
    add_config_option(parser, add_actions(parser))


def run(args: argparse.Namespace) -> int:
    """Run the action; `verify` returns 1 if the log is not as it was written."""
    settings = ServerSettings.load(args.config)
    url = settings.school.database_url
    if url is None and not (settings.data_dir / "school.db").exists():
        # Opening it would make an empty one, and that is whole.
        raise UsageError(f"{settings.data_dir} has no school.db; check `data_dir`.")
    with closing(open_school_database(settings.data_dir, url)) as database:
        desk = AuditDesk(
            database=database, directory=settings.data_dir, zone=settings.lessons.zone,
            clock=SystemClock(), say=say,
        )  # fmt: skip
        code: int = args.do(desk, args)
    return code
