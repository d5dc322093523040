"""`roomtone server upgrade` and `rollback`, and what releases ask of each other."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from contract.clock import SystemClock
from contract.errors import UsageError
from contract.one_line import say
from ingest.config_option import add_config_option
from ingest.settings import ServerSettings
from roomtone.server.install import install_services, own_program, this_prefix
from roomtone.server.machine import Machine, SystemPrograms
from roomtone.server.services import AUTHORITY, Services
from roomtone.server.upgrading.releases import Releases
from roomtone.server.upgrading.schemas import bring_up, schemas_of
from roomtone.server.upgrading.upgrade import Upgrade
from roomtone.server.upgrading.wellness import ProgramWellness

__all__ = ["add_actions"]


def add_actions(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Define the actions; `do` is called with the arguments."""
    upgrade = actions.add_parser(
        "upgrade", help="bring this server to a release that was installed beside the one that runs",
        description="Stop the programs, copy the data, bring it up, and start the new release; what "
        "does not come up well is taken back at once.",
    )  # fmt: skip
    upgrade.add_argument("--to", metavar="RELEASE", help="its folder's name (default: the newest)")
    upgrade.add_argument(
        "--database-is-saved", action="store_true",
        help="the school's data is in PostgreSQL, and you have just copied it with pg_dump",
    )  # fmt: skip
    upgrade.set_defaults(do=_upgrade)
    rollback = actions.add_parser(
        "rollback", help="take the last upgrade back",
        description="Start the release from before the last upgrade again.",
    )  # fmt: skip
    rollback.add_argument(
        "--restore", action="store_true",
        help="also put the data back as it was then, where the earlier release can't read it",
    )  # fmt: skip
    rollback.set_defaults(do=_rollback)
    actions.add_parser(
        "units", help="write this release's units; an upgrade does it",
        description="Write this release's units and enable them.",
    ).set_defaults(do=_units)  # fmt: skip
    migrate = actions.add_parser(
        "migrate", help="bring the data to this release's tables; an upgrade does it",
        description="Bring the data to this release's tables, as its programs do when they start.",
    )  # fmt: skip
    add_config_option(migrate)
    migrate.set_defaults(do=_migrate)


def _upgrade(args: argparse.Namespace) -> int:
    machine = _machine()
    releases = Releases(machine)
    current = releases.require_current()
    name = releases.require(args.to) if args.to else releases.names()[-1]
    if name == current:
        raise UsageError(
            f"The newest release, {name}, runs already: get a newer one with `git pull` and `sudo make "
            "install-server` in the project's folder."
        )
    if this_prefix() != Path(releases.place, "releases", name):
        # The new release knows what it changes.
        program = releases.program(name)
        more = ("--database-is-saved",) if args.database_is_saved else ()
        os.execv(program, (program, "server", "upgrade", "--to", name, *more))  # noqa: S606
    _change(machine, releases).forward(name, is_database_saved=args.database_is_saved)
    return 0


def _rollback(args: argparse.Namespace) -> int:
    machine = _machine()
    _change(machine, Releases(machine)).back(restore=args.restore)
    return 0


def _units(_: argparse.Namespace) -> int:
    machine = _machine()
    services = Services(machine, own_program(this_prefix(), machine.root))
    install_services(machine, services)
    if AUTHORITY[0] in services.names:
        services.install_authority()
    return 0


def _migrate(args: argparse.Namespace) -> int:
    settings = ServerSettings.load(args.config)
    bring_up(settings)
    for name, version in schemas_of(settings).items():
        say(f"{name}: version {version}")
    return 0


def _machine() -> Machine:
    if os.geteuid() != 0:
        raise UsageError("This needs root: type it with `sudo`.")
    return Machine(root=Path("/"), programs=SystemPrograms(), say=say)


def _change(machine: Machine, releases: Releases) -> Upgrade:
    clock = SystemClock()
    return Upgrade(
        machine=machine, releases=releases, services=Services(machine, releases.linked_program),
        schemas=schemas_of, wellness=ProgramWellness(clock=clock, pause=time.sleep), clock=clock,
    )  # fmt: skip
