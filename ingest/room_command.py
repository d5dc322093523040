"""`roomtone room`: `school/commands/room.py` on this server's settings and store."""

from __future__ import annotations

import argparse
from contextlib import closing

from contract.clock import SystemClock
from contract.one_line import say
from ingest.config_option import add_config_option
from ingest.settings import ServerSettings
from school import open_school
from school.commands.room import RoomDesk, add_actions

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_option(parser, add_actions(parser))


def run(args: argparse.Namespace) -> int:
    settings = ServerSettings.load(args.config)
    with closing(open_school(settings.data_dir, settings.school.database_url)) as school:
        desk = RoomDesk(store=school.rooms, site=settings.site, clock=SystemClock(), say=say)
        args.do(desk, args)
    return 0
