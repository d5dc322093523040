"""`roomtone release`: the releases on a kit."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Final

from contract.errors import RoomtoneError
from contract.one_line import say
from edge_agent.release.place import Place
from edge_agent.release.services import NoServices, Services, Systemd
from edge_agent.release.update import Kit, RealTime, install, judge, switch_back

__all__ = ["add_arguments", "run"]

PACKAGE: Final = Path("/usr/share/roomtone-edge/wheels")
"""Where the Debian package puts the wheels."""
_TAKEN_BACK: Final = 3
"""The package's script knows it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(wheels=PACKAGE, again=False)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="list the releases; exit code 3 if the last one was taken back")
    new = actions.add_parser("install", help="install the release of a package, and try it")
    new.add_argument(
        "--wheels", type=Path, default=PACKAGE, metavar="DIR",
        help=f"the folder with the package's wheels (default: {PACKAGE})",
    )  # fmt: skip
    new.add_argument("--again", action="store_true", help="also if it was taken back before")
    actions.add_parser("judge", help="continue a trial that a power cut ended (at boot)")
    actions.add_parser("back", help="run the other release that is here")
    actions.add_parser("remove", help="stop the agent, and take its units away")


def run(args: argparse.Namespace) -> int:
    """Do it; 3 if a release was taken back."""
    kit = Kit(place=Place(), services=_services(), time=RealTime(), say=say)
    match args.action:
        case "list":
            return _list(kit)
        case "install":
            return 0 if install(kit, args.wheels, again=args.again) else _TAKEN_BACK
        case "judge":
            return 0 if judge(kit) else _TAKEN_BACK
        case "back":
            say(f"This kit runs {switch_back(kit)}.")
        case _:
            kit.services.remove()
    return 0


def _list(kit: Kit) -> int:
    place = kit.place
    trial = place.trial()
    if place.current is None:
        raise RoomtoneError("No release is installed by a package; `roomtone` may be a checkout.")
    for name in place.names():
        marks = [
            *(("current",) if name == place.current else ()),
            *(("on trial",) if trial and name == trial.new else ()),
        ]
        say(f"{name}  {', '.join(marks)}".rstrip())
    failed = place.last_failure()
    if failed is not None:
        say(f"{failed[0]} was taken back: {failed[1]}")
    return 0 if failed is None else _TAKEN_BACK


def _services() -> Services:
    is_there = Path("/run/systemd/system").is_dir() and os.geteuid() == 0
    return Systemd() if is_there else NoServices()
