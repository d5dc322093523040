"""`roomtone server`: set a school's server up, back it up, and prove that a backup can be restored."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from contract.clock import SystemClock
from contract.errors import UsageError
from contract.one_line import say
from ingest.backup.nightly import Nightly, repository_of
from ingest.config_option import INSTALLED, add_config_option
from ingest.settings import ServerSettings
from roomtone.as_owner import become, owner_of
from roomtone.server.backup_place import set_up_backups
from roomtone.server.broker import broker_files
from roomtone.server.install import install, own_program, this_prefix
from roomtone.server.machine import Machine, SystemPrograms
from roomtone.server.next_steps import next_steps
from roomtone.server.plan import (
    LOCAL_NETWORKS,
    SETTINGS,
    USER,
    Https,
    ServerPlan,
    own_name,
    own_time_zone,
)
from roomtone.server.rehearsal import Rehearsal
from roomtone.server.restoring import ServerRestore, fetch
from roomtone.server.services import Services
from roomtone.server.upgrading import command as upgrade_command
from roomtone.server.upgrading.upgrade import remove_old_copies

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_install(actions.add_parser(
        "install", help="make a server of this computer: packages, settings, broker, time, pages, units",
        description="Make a server of this computer. It may be run again: what is as it should be "
        "stays untouched.",
    ))  # fmt: skip
    _add_backup(actions.add_parser(
        "backup", help="copy the data off this computer, encrypted; with --to each night from now on",
        description="Copy the data off this computer, encrypted, while the programs run. The timer "
        "roomtone-backup does it each night.",
    ))  # fmt: skip
    rehearse = actions.add_parser(
        "rehearse", help="restore the last backup into a folder of its own, check it, and remove it",
        description="Restore the last backup aside and look it over, as a proof that it can be "
        "restored. Nothing of the server changes.",
    )  # fmt: skip
    add_config_option(rehearse)
    rehearse.set_defaults(do=_rehearse)
    _add_restore(actions)
    upgrade_command.add_actions(actions)


def _add_restore(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    restore = actions.add_parser(
        "restore", help="put the data back from a backup that went off this computer",
        description="Stop the programs, put the last backup's data in place of this server's, and start "
        "them again. The data that was there stays beside it.",
    )  # fmt: skip
    restore.add_argument("--from", dest="place", metavar="PLACE", help="as for `backup --to`")
    restore.add_argument(
        "--key", type=Path, metavar="FILE", help="the backups' key, from where you kept it"
    )
    restore.add_argument("--snapshot", metavar="ID", help="an earlier one (default: the last)")
    restore.set_defaults(do=_restore)
    fetched = actions.add_parser(
        "fetch", help="copy a backup into an empty data directory; `restore` does it",
        description="Copy a backup into an empty data directory.",
    )  # fmt: skip
    fetched.add_argument("--snapshot", metavar="ID")
    fetched.add_argument("--purges", type=Path, metavar="FILE")
    add_config_option(fetched)
    fetched.set_defaults(do=_fetch)


def _add_backup(parser: argparse.ArgumentParser) -> None:
    add_config_option(parser)
    parser.add_argument(
        "--to", metavar="PLACE",
        help="where backups go: a folder on another disk, or such as "
        "sftp:backup@nas.school.example:/roomtone; writes the settings and starts the timers",
    )  # fmt: skip
    parser.add_argument(
        "--only-newest", action="store_true",
        help="afterwards remove all earlier ones, such as after a purge",
    )  # fmt: skip
    parser.set_defaults(do=_backup)


def _add_install(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--site", required=True, help="the school's name in topics, such as our-school"
    )
    parser.add_argument(
        "--name", default=None, metavar="HOST",
        help="this server's name in the school's DNS (default: what this computer is called)",
    )  # fmt: skip
    parser.add_argument(
        "--time-zone", default=None, metavar="ZONE",
        help="the school's, such as Europe/Berlin (default: this computer's)",
    )  # fmt: skip
    parser.add_argument(
        "--https", choices=("none", "files", "caddy-public", "caddy-internal"), default=None,
        help="how other computers reach the pages: by the dashboard with --certificate and --key, "
        "by Caddy with a public certificate that it gets itself, or with one of its own authority "
        "(default: files with --certificate, else none)",
    )  # fmt: skip
    parser.add_argument(
        "--certificate", type=Path, metavar="FILE",
        help="the pages' certificate, in PEM, followed by those between it and its authority",
    )  # fmt: skip
    parser.add_argument("--key", type=Path, metavar="FILE", help="the key of --certificate")
    parser.add_argument(
        "--time-for", action="append", metavar="NETWORK",
        help="a network whose kits may ask for the time (default: all private ones)",
    )  # fmt: skip
    parser.add_argument(
        "--administrator", metavar="ADDRESS",
        help="e-mail address of the first administrator, who gets a link to choose a password",
    )  # fmt: skip
    parser.add_argument(
        "--dry-run", action="store_true", help="only print what would be done, also without root"
    )
    parser.add_argument(
        "--root", type=Path, default=Path("/"), metavar="FOLDER",
        help="write below this folder instead, and run no command",
    )  # fmt: skip
    parser.set_defaults(do=_install)


def run(args: argparse.Namespace) -> int:
    """Run the action."""
    code: int = args.do(args)
    return code


def _install(args: argparse.Namespace) -> int:
    root: Path = args.root.absolute()
    if root != Path("/") and not root.is_dir():
        raise UsageError(f"--root is {root}, which is no folder; make it, or name another.")
    machine = Machine(
        root=root, programs=SystemPrograms(), say=say, is_dry=args.dry_run,
        has_programs=root == Path("/"),
    )  # fmt: skip
    if machine.has_programs and not machine.is_dry and os.geteuid() != 0:
        raise UsageError(
            "This needs root: type `sudo roomtone server install` with the same options, or add "
            "--dry-run to see what it would do."
        )
    https: Https = args.https or ("files" if args.certificate else "none")
    plan = ServerPlan(
        site=args.site, name=args.name or own_name(), time_zone=args.time_zone or own_time_zone(),
        https=https, certificate=args.certificate, private_key=args.key,
        time_for=tuple(args.time_for or LOCAL_NETWORKS),
    )  # fmt: skip
    program = own_program(this_prefix(), root)
    install(plan, machine, broker_files, program)
    next_steps(plan, machine, program, args.administrator)
    return 0


def _backup(args: argparse.Namespace) -> int:
    config: Path = args.config
    if args.to is not None:
        if config != INSTALLED or os.geteuid() != 0:
            raise UsageError(
                f"--to is for root and for {INSTALLED}: type `sudo roomtone server backup --to PLACE`, "
                "or write `repository` into [backup] of your settings."
            )
        machine = Machine(root=Path("/"), programs=SystemPrograms(), say=say)
        program = own_program(this_prefix(), machine.root)
        set_up_backups(args.to, machine, Services(machine, program))
    _as_owner(config)
    settings = ServerSettings.load(config)
    if args.to is not None and not (repository := repository_of(settings)).exists():
        repository.create()
        say(f"{args.to} is ready for backups")
    nightly = Nightly(settings=settings, config=config, clock=SystemClock(), say=say)
    notes = nightly.run(only_newest=args.only_newest)
    say(f"backed up as {notes.snapshot[:8]}, {notes.n_bytes / 1e6:.1f} MB before it was packed")
    old = remove_old_copies(
        settings.data_dir.absolute(), keep_days=settings.backup.keep_days,
        now_utc_ns=SystemClock().utc_ns(),
    )  # fmt: skip
    for path in old:
        say(f"{path}, from an upgrade or a restore, was removed")
    if not notes.rehearsed_utc_ns:
        say("No restore was ever rehearsed: `sudo roomtone server rehearse` does that.")
    return 0


def _restore(args: argparse.Namespace) -> int:
    if os.geteuid() != 0:
        raise UsageError("This needs root: type it with `sudo`.")
    machine = Machine(root=Path("/"), programs=SystemPrograms(), say=say)
    program = own_program(this_prefix(), machine.root)
    services = Services(machine, program)
    settings = ServerSettings.load(machine.path(SETTINGS))
    if args.key is not None:
        if machine.path(str(settings.backup.key_file)).exists():
            raise UsageError(f"{settings.backup.key_file} is there already; move it away first.")
        machine.copy(args.key, str(settings.backup.key_file), mode=0o600, owner=USER)
    if args.place is not None:
        settings = set_up_backups(args.place, machine, services)
    change = ServerRestore(settings=settings, machine=machine, services=services, program=program)
    aside = change.run(args.snapshot)
    say("The data is that of the backup, and the programs run.")
    if aside is not None:
        say(f"What was there is in {aside}: remove it when you do not need it any more.")
    return 0


def _fetch(args: argparse.Namespace) -> int:
    _as_owner(args.config)
    settings = ServerSettings.load(args.config)
    fetch(settings, args.snapshot, args.purges, SystemClock(), say)
    return 0


def _rehearse(args: argparse.Namespace) -> int:
    _as_owner(args.config)
    settings = ServerSettings.load(args.config)
    notes = Rehearsal(settings=settings, clock=SystemClock(), say=say).run()
    if notes.faults:
        say(f"The restore does not work: {len(notes.faults)} wrong, see above.")
        return 1
    say("The restore works.")
    return 0


def _as_owner(config: Path) -> None:
    """Go on as the owner of the data, if root started this."""
    if os.geteuid() == 0 and (owner := owner_of(config)):
        say(f"as {become(owner)}, who owns the data")
