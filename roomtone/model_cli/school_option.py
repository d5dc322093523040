"""`--config` of the model's commands: only a school whose data is in PostgreSQL needs it."""

from __future__ import annotations

import argparse
from pathlib import Path

from pydantic import SecretStr

from ingest.settings import ServerSettings

__all__ = ["add_school_option", "database_url"]


def add_school_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the settings of the server, for where the school's data is."""
    parser.add_argument(
        "--config", type=Path, default=None, metavar="FILE",
        help="the server's settings, if school.database_url is set there (default: read school.db "
        "of the data directory)",
    )  # fmt: skip


def database_url(args: argparse.Namespace) -> SecretStr | None:
    """Where the school's data is; None: in school.db."""
    return None if args.config is None else ServerSettings.load(args.config).school.database_url
