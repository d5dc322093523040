"""`--config` for the commands that have actions: before the action or behind it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

__all__ = ["DEFAULT_CONFIG", "add_config_option"]

DEFAULT_CONFIG: Final = Path("server.toml")
_HELP: Final = "the server's settings; see server.example.toml (default: server.toml)"


def add_config_option(
    parser: argparse.ArgumentParser,
    actions: argparse._SubParsersAction[argparse.ArgumentParser],  # argparse has no public name
) -> None:
    """Let `--config FILE` stand on either side of the action's name."""
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG, metavar="FILE", help=_HELP)
    for action in actions.choices.values():
        # Suppressed, so that a missing option here does not undo one that was given before.
        action.add_argument(
            "--config", type=Path, default=argparse.SUPPRESS, metavar="FILE", help=_HELP
        )
