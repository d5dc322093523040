"""`roomtone video`: `school/commands/video.py` on this server's settings."""

from __future__ import annotations

import argparse

from contract.clock import SystemClock
from contract.errors import UsageError
from contract.one_line import say
from ingest.config_option import add_config_option
from ingest.settings import ServerSettings
from school.commands.video import VideoDesk, add_actions
from school.video.files import VideoFiles

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's arguments."""
    add_config_option(parser, add_actions(parser))


def run(args: argparse.Namespace) -> int:
    """Run the action."""
    settings = ServerSettings.load(args.config)
    files = VideoFiles.of(settings.video)
    if files is None:
        raise UsageError(
            "this server keeps no videos; set video.directory and video.key_directory, as docs/deploy.md "
            "says."
        )
    clock = SystemClock()
    files.prepare(clock.utc_ns())
    desk = VideoDesk(
        files=files, settings=settings.video, zone=settings.lessons.zone, clock=clock, say=say
    )
    args.do(desk, args)
    return 0
