"""`roomtone evaluation`: `school/commands/evaluation.py` on this server's store."""

from __future__ import annotations

import argparse
from contextlib import closing

from contract.clock import SystemClock
from contract.one_line import say
from ingest.config_option import add_config_option
from ingest.settings import ServerSettings
from school import open_school
from school.audit.actor import Actor
from school.commands.evaluation import add_actions

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_option(parser, add_actions(parser))


def run(args: argparse.Namespace) -> int:
    settings = ServerSettings.load(args.config)
    by = Actor(name="roomtone evaluation", utc_ns=SystemClock().utc_ns())
    with closing(open_school(settings.data_dir, settings.school.database_url)) as school:
        code: int = args.do(school.evaluation_plans, args, by, say)
    return code
