"""`roomtone backup`: copy a server's data while it runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from contract.clock import SystemClock
from contract.one_line import say
from ingest.backup.copy import Backup
from ingest.config_option import add_config_option
from ingest.settings import ServerSettings
from school.postgres_backup import dump_advice

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_option(parser)
    parser.add_argument(
        "target", type=Path, help="a new directory, or a new file that ends in .tar"
    )


def run(args: argparse.Namespace) -> int:
    """Copy and check; returns 0 when the backup is complete and on the disk."""
    settings = ServerSettings.load(args.config)
    url = settings.school.database_url
    backup = Backup(
        data_dir=settings.data_dir, target=args.target, clock=SystemClock(), say=say,
        database_url=url,
    )  # fmt: skip
    manifest = backup.run()
    size = sum(note.size for note in manifest.files.values())
    say(f"{args.target}: {len(manifest.files)} files, {size / 1e6:.1f} MB, checked")
    if url is not None:
        say(dump_advice(url))
    return 0
