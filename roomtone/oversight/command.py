"""`roomtone oversight`: writes what a privacy committee asks for, from the running system."""

from __future__ import annotations

import argparse
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from contract.clock import SystemClock
from contract.errors import UsageError
from contract.one_line import say
from ingest.config_option import add_config_option
from ingest.settings import ServerSettings
from roomtone.oversight.pack import SUMS, pack_of, write_pack
from roomtone.oversight.situation import Situation
from school.audit.actor import Actor
from school.database import open_school_database

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's arguments."""
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR",
        help="a new folder for the pack, where the owner of the data may write",
    )  # fmt: skip
    add_config_option(parser)


def run(args: argparse.Namespace) -> int:
    """Write the pack; returns 1 if the audit log or the record of purges is not as it was written."""
    settings = ServerSettings.load(args.config)
    url = settings.school.database_url
    if url is None and not (settings.data_dir / "school.db").exists():
        # Opening it would make an empty one, of which nothing could be said.
        raise UsageError(f"{settings.data_dir} has no school.db; check `data_dir`.")
    with closing(open_school_database(settings.data_dir, url)) as database:
        now = Situation.of(settings, database, utc_ns=SystemClock().utc_ns(), version=_version())
        pack = pack_of(now)
        by = Actor(name="roomtone oversight", utc_ns=now.utc_ns)
        names = write_pack(pack, now, args.out, by)
    say(f"{args.out}: {len(names)} files and {SUMS}; open {args.out / 'index.html'} first.")
    if pack.is_whole:
        say("It has no names, no lessons and no readings. Read it before you hand it out.")
        return 0
    say(
        "The audit log or the record of purges is not as it was written: the pack says what is wrong."
    )
    return 1


def _version() -> str:
    try:
        return version("roomtone")
    except PackageNotFoundError:
        return "of a folder without its version"
