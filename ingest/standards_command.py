"""`roomtone standards`: `school/commands/standards.py` on this server's store."""

from __future__ import annotations

import argparse
from contextlib import closing

from contract.one_line import say
from ingest.config_option import add_config_option
from ingest.settings import ServerSettings
from school import open_school
from school.commands.standards import add_actions

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_option(parser, add_actions(parser))


def run(args: argparse.Namespace) -> int:
    settings = ServerSettings.load(args.config)
    with closing(open_school(settings.data_dir, settings.school.database_url)) as school:
        args.do(school.sharing.standards, args, say)
    return 0
