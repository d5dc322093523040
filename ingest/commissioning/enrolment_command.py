"""`roomtone enrolment`: the port where kits enrol and renew, and the end of revoked connections."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
from contextlib import suppress
from typing import Final

from contract.errors import RoomtoneError
from contract.service_manager import ServiceManager
from contract.settings import BrokerSettings
from ingest.authority.client import AuthorityClient
from ingest.authority.door import open_door
from ingest.authority.settings import AuthoritySettings
from ingest.commissioning.disconnecting import Disconnecting
from ingest.config_option import add_config_option
from ingest.settings import ServerSettings

__all__ = ["add_arguments", "run"]

log = logging.getLogger("enrolment")

_LOOK_S: Final = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's arguments."""
    add_config_option(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    settings = ServerSettings.load(args.config)
    asyncio.run(_serve(settings.authority, settings.broker))
    return 0


async def _serve(settings: AuthoritySettings, broker: BrokerSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    manager = ServiceManager.of_environment()

    def ready(port: int) -> None:
        log.info("enrolment: kits are expected at %s:%d", settings.listen, port)
        manager.ready()

    disconnecting = Disconnecting(AuthorityClient(settings.admin_socket), broker)
    async with asyncio.TaskGroup() as tasks:
        if broker.ca_file is None:
            log.warning("The broker has no TLS here, so revoked kits are not disconnected.")
        else:
            tasks.create_task(_look_for_revoked(disconnecting, stop), name="disconnecting")
        await open_door(settings, stop, ready)
        manager.stopping()
        stop.set()


async def _look_for_revoked(disconnecting: Disconnecting, stop: asyncio.Event) -> None:
    """Each second until `stop` is set. What fails is tried again, and said once."""
    said = ""
    while not stop.is_set():
        try:
            await asyncio.to_thread(disconnecting.step)
            said = ""
        except RoomtoneError as error:
            if str(error) != said:
                said = str(error)
                log.error("%s", said)  # noqa: TRY400 - the sentence says it all
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _LOOK_S)
