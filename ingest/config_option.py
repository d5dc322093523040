"""The option `--config` of the server's commands, before or after an action's name.

Without it a command takes `server.toml` of the current folder, and where there is none, the one of
an installed server.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

__all__ = ["INSTALLED", "add_config_option", "default_config"]

INSTALLED: Final = Path("/etc/roomtone/server.toml")
"""Where `roomtone server install` writes the settings."""
_DEFAULT: Final = Path("server.toml")
_HELP: Final = (
    f"the server's settings; see server.example.toml (default: server.toml, else {INSTALLED})"
)


def default_config() -> Path:
    """The settings that a command takes without `--config`."""
    return INSTALLED if INSTALLED.exists() and not _DEFAULT.exists() else _DEFAULT


def add_config_option(
    parser: argparse.ArgumentParser,
    # argparse has no public name for it.
    actions: argparse._SubParsersAction[argparse.ArgumentParser] | None = None,
) -> None:
    """Add `--config FILE`, before and after the action's name."""
    parser.add_argument("--config", type=Path, default=default_config(), metavar="FILE", help=_HELP)
    for action in () if actions is None else actions.choices.values():
        # Suppressed, so that a missing option here does not override one before the action.
        action.add_argument(
            "--config", type=Path, default=argparse.SUPPRESS, metavar="FILE", help=_HELP
        )
