"""`roomtone lesson`: `school/commands/lesson.py` on this server's settings and store."""

from __future__ import annotations

import argparse
from contextlib import closing

from contract.clock import SystemClock
from contract.one_line import say
from ingest.config_option import add_config_option
from ingest.settings import ServerSettings
from school import open_school
from school.commands.bundle import BundleReader
from school.commands.lesson import Desk, add_actions
from school.video.files import VideoFiles
from school.video.keeping import VideoKeeper

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_option(parser, add_actions(parser))


def run(args: argparse.Namespace) -> int:
    settings = ServerSettings.load(args.config)
    files = VideoFiles.of(settings.video)
    with closing(open_school(settings.data_dir, settings.school.database_url)) as school:
        keeper = None
        if files is not None:
            keeper = VideoKeeper(
                store=school.videos, files=files, settings=settings.video,
                days=settings.retention.video_days, longest_ns=settings.lessons.longest_ns,
            )  # fmt: skip
        desk = Desk(
            store=school.lessons, settings=settings.lessons, clock=SystemClock(), say=say,
            videos=keeper, maps=school.clock_maps,
            bundles=BundleReader(people=school.people, imported=school.sharing.imported),
        )  # fmt: skip
        args.do(desk, args)
    return 0
