"""`roomtone enrolment`: the port where kits enrol and renew their certificates."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal

from ingest.authority.door import open_door
from ingest.authority.settings import AuthoritySettings
from ingest.config_option import add_config_option
from ingest.settings import ServerSettings

__all__ = ["add_arguments", "run"]

log = logging.getLogger("enrolment")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's arguments."""
    add_config_option(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    asyncio.run(_serve(ServerSettings.load(args.config).authority))
    return 0


async def _serve(settings: AuthoritySettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await open_door(
        settings, stop,
        lambda port: log.info("enrolment: kits are expected at %s:%d", settings.listen, port),
    )  # fmt: skip
