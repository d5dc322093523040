"""`roomtone roster`: `school/commands/roster.py` on this server's settings and store."""

from __future__ import annotations

import argparse
from contextlib import closing
from datetime import datetime

from contract.clock import SystemClock
from contract.one_line import say
from ingest.config_option import add_config_option
from ingest.settings import ServerSettings
from school import open_school
from school.audit.actor import Actor
from school.commands.roster import RosterDesk, add_actions

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's arguments."""
    add_config_option(parser, add_actions(parser))


def run(args: argparse.Namespace) -> int:
    """Run the action."""
    settings = ServerSettings.load(args.config)
    clock = SystemClock()
    with closing(open_school(settings.data_dir, settings.school.database_url)) as school:
        desk = RosterDesk(
            store=school.people.roster,
            rooms=school.rooms,
            by=Actor(name="roomtone roster", utc_ns=clock.utc_ns()),
            today=datetime.now(settings.lessons.zone).date(),
            say=say,
        )
        args.do(desk, args)
    return 0
