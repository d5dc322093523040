"""`roomtone doctor`: checks a node or a server, depending on the settings file."""

from __future__ import annotations

import argparse
import tomllib
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

from contract.errors import RoomtoneError
from contract.files.text_file import read_text

__all__ = ["add_arguments", "run"]

_INSTALLED: Final = (Path("/etc/roomtone/server.toml"), Path("/etc/roomtone/edge.toml"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        default=(installed := next((path for path in _INSTALLED if path.exists()), None)),
        required=installed is None,
        metavar="FILE",
        help="an edge.toml or a server.toml; the tables in the file show which (default: the one in "
        "/etc/roomtone)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")


def run(arguments: argparse.Namespace) -> int:
    """Print each finding and what to do about it; 1 if something is wrong."""
    code: int = _doctor(is_node=_names_hubs(arguments.config)).run(arguments)
    return code


def _names_hubs(config: Path) -> bool:
    try:
        return "hub" in tomllib.loads(read_text(config))
    except (ValueError, RecursionError):  # UsageError is a ValueError, like tomllib's errors
        return False  # loading the server's settings reports what is wrong with the file


def _doctor(*, is_node: bool) -> ModuleType:
    # Only the needed one: a Pi has no server packages, and a server has no serial library.
    name = "edge_agent.doctor.command" if is_node else "ingest.doctor.command"
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        extra = "edge" if is_node else "server"
        raise RoomtoneError(
            f"`roomtone doctor` needs the package {error.name} for these settings; install "
            f"roomtone[{extra}]."
        ) from error
