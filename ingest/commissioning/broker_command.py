"""`roomtone broker`: write Mosquitto's configuration, and give it what the authority has new."""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

from contract.errors import LinkError
from contract.one_line import say
from ingest.authority.client import AuthorityClient
from ingest.commissioning.broker_files import BrokerFiles, Written
from ingest.commissioning.mosquitto import WITH_AUTHORITY, mosquitto_conf
from ingest.config_option import add_config_option
from ingest.settings import ServerSettings

__all__ = ["add_arguments", "run"]

_MOSQUITTO: Final = Path("/etc/mosquitto")
_SERVICE_CONF: Final = Path("/etc/systemd/system/mosquitto.service.d/roomtone.conf")
_PROGRAMS: Final = Path("/etc/roomtone")
_SERVER_PORT: Final = 8884


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    config = actions.add_parser("config", help="write everything that Mosquitto needs")
    config.add_argument(
        "--name", action="append", default=[], metavar="NAME",
        help="a name or address by which kits reach this server; may be given several times "
        "(default: `authority.address` and this computer's name)",
    )  # fmt: skip
    config.add_argument(
        "--print", action="store_true", help="print the configuration, and write nothing"
    )
    config.set_defaults(do=_config)
    apply = actions.add_parser(
        "apply",
        help="give Mosquitto the authority's newest lists; systemd runs this when they change",
    )
    apply.set_defaults(do=_apply)
    for action in (config, apply):
        action.add_argument(
            "--dir", type=Path, default=_MOSQUITTO, metavar="DIR",
            help="Mosquitto's directory (default: %(default)s)",
        )  # fmt: skip
        action.add_argument(
            "--programs", type=Path, default=_PROGRAMS, metavar="DIR",
            help="where the server's programs have their certificate (default: %(default)s)",
        )  # fmt: skip
        action.add_argument(
            "--no-reload", action="store_true", help="leave a running Mosquitto as it is"
        )
    add_config_option(parser, actions)


def run(args: argparse.Namespace) -> int:
    """Run the action."""
    args.do(ServerSettings.load(args.config), args)
    return 0


def _files(settings: ServerSettings, args: argparse.Namespace) -> BrokerFiles:
    client = AuthorityClient(settings.authority.admin_socket)
    is_installed = args.dir == _MOSQUITTO and os.geteuid() == 0
    return BrokerFiles(
        client, directory=args.dir, programs=args.programs, give_keys=is_installed,
        kits=_kits_listener(settings), server=_server_listener(settings),
    )  # fmt: skip


def _kits_listener(settings: ServerSettings) -> str:
    return str(settings.authority.broker_port)


def _server_listener(settings: ServerSettings) -> str:
    """Where the server's programs look for the broker; settings from before TLS name the plain port."""
    port = settings.broker.port if settings.broker.ca_file is not None else _SERVER_PORT
    return f"{port} 127.0.0.1"


def _config(settings: ServerSettings, args: argparse.Namespace) -> None:
    if args.print:
        sys.stdout.write(
            mosquitto_conf(
                WITH_AUTHORITY, kits=_kits_listener(settings), server=_server_listener(settings)
            )
        )
        return
    own = (settings.authority.address, socket.gethostname())
    names = args.name or [name for name in own if name]
    written = _files(settings, args).configure([*names, "localhost"])
    _report(written, args)
    port = settings.authority.broker_port
    say(f"kits reach the broker as {', '.join(names)}, port {port}")


def _apply(settings: ServerSettings, args: argparse.Namespace) -> None:
    _report(_files(settings, args).apply(), args)


def _report(written: Written, args: argparse.Namespace) -> None:
    for sentence in written.sentences:
        say(sentence)
    verb = "restart" if written.needs_restart else "reload" if written.needs_reload else None
    if verb is None:
        say("the broker has everything already")
        return
    systemctl = shutil.which("systemctl")
    has_systemd = systemctl is not None and Path("/run/systemd/system").is_dir()
    if args.no_reload or not has_systemd or os.geteuid() != 0:
        say(f"then: sudo systemctl {verb} mosquitto")
        return
    assert systemctl is not None
    steps: list[tuple[str, ...]] = [
        ("try-reload-or-restart" if verb == "reload" else verb, "mosquitto")
    ]
    if verb == "restart":
        steps.insert(0, ("daemon-reload",))
    for step in steps:
        done = subprocess.run(  # noqa: S603 - fixed words
            (systemctl, *step), check=False, capture_output=True, text=True
        )
        if done.returncode:
            said = done.stderr.strip() or "see `journalctl -u mosquitto`"
            raise LinkError(f"systemctl {' '.join(step)} failed: {said}")
    say(f"mosquitto: {verb} is done")
