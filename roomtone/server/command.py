"""`roomtone server`: set a school's server up."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from contract.errors import UsageError
from contract.one_line import say
from roomtone.server.broker import broker_files
from roomtone.server.install import install, own_program, this_prefix
from roomtone.server.machine import Machine, SystemPrograms
from roomtone.server.next_steps import next_steps
from roomtone.server.plan import LOCAL_NETWORKS, Https, ServerPlan, own_name, own_time_zone

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_install(actions.add_parser(
        "install", help="make a server of this computer: packages, settings, broker, time, pages, units",
        description="Make a server of this computer. It may be run again: what is as it should be "
        "stays untouched.",
    ))  # fmt: skip


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
