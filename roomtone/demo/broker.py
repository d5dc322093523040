"""A broker for the demo and for tests: Mosquitto if installed, else one in Python.

Both listen only on loopback and store nothing. The one in Python (amqtt) needs no installation,
speaks only MQTT 3.1.1, and is good enough for a demo, not for a school.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import secrets
import shutil
import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["broker_command", "free_port", "main", "mosquitto_path"]

_FIRST_PORT: Final = 20_000
_LAST_PORT: Final = 32_767
_SBIN: Final = "/usr/local/sbin:/usr/sbin:/sbin"


def mosquitto_path() -> str | None:
    """The path of Mosquitto; Debian installs it outside an ordinary user's PATH.

    The environment variable ROOMTONE_MOSQUITTO names another one, or `none`.
    """
    named = os.environ.get("ROOMTONE_MOSQUITTO")
    if named is not None:
        return None if named == "none" else named
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=_SBIN)


def free_port() -> int:
    """A TCP port that is free at the moment.

    It is below the ports that Linux uses for outgoing connections (32768 and above), so that none
    of them takes it before we listen on it.
    """
    while True:
        port = _FIRST_PORT + secrets.randbelow(_LAST_PORT - _FIRST_PORT + 1)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def broker_command(*, python: str, port: int, folder: Path) -> tuple[str, list[str]]:
    """The name of the broker and the command that runs it on this port."""
    mosquitto = mosquitto_path()
    if mosquitto is None:
        return "amqtt", [python, "-P", "-m", "roomtone.demo.broker", "--port", str(port)]
    conf = folder / "mosquitto.conf"
    conf.write_text(
        f"listener {port} 127.0.0.1\n"
        "allow_anonymous true\n"
        "persistence false\n"
        "max_inflight_messages 2000\n"  # the limits of deploy/mosquitto/mosquitto.conf
        "max_inflight_bytes 8388608\n"
        "max_queued_messages 1000\n"
        "max_queued_bytes 16777216\n"
        "max_packet_size 70000\n"
        "log_type error\n"
        "log_type warning\n",
        encoding="utf-8",
    )
    return "Mosquitto", [mosquitto, "-c", str(conf)]


async def _serve(port: int) -> None:
    from amqtt.broker import Broker  # noqa: PLC0415  only this process needs it

    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {
                "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
            },
        }
    )
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await broker.start()
    await stop.wait()
    await broker.shutdown()


def main() -> None:
    """Run the broker in Python until a signal stops it."""
    parser = argparse.ArgumentParser(description=_serve.__doc__)
    parser.add_argument("--port", type=int, required=True)
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(_serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
