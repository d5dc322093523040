"""Options that several of the model's commands share."""

from __future__ import annotations

import argparse
from pathlib import Path

from pydantic import SecretStr

from ingest.settings import ServerSettings

__all__ = ["add_json_option", "add_school_option", "database_url"]


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """Add the option of a command whose result is a table."""
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object instead of a table"
    )


def add_school_option(parser: argparse.ArgumentParser) -> None:
    """Add the option for where the school's data is: only one in PostgreSQL needs it."""
    parser.add_argument(
        "--config", type=Path, default=None, metavar="FILE",
        help="the server's settings, if school.database_url is set there (default: read school.db "
        "of the data directory)",
    )  # fmt: skip


def database_url(args: argparse.Namespace) -> SecretStr | None:
    """Where the school's data is; None: in school.db."""
    return None if args.config is None else ServerSettings.load(args.config).school.database_url
