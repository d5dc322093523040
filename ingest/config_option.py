"""The option `--config` of the server's commands, before or after an action's name."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

__all__ = ["add_config_option"]

_DEFAULT: Final = Path("server.toml")
_HELP: Final = "the server's settings; see server.example.toml (default: server.toml)"


def add_config_option(
    parser: argparse.ArgumentParser,
    # argparse has no public name for it.
    actions: argparse._SubParsersAction[argparse.ArgumentParser] | None = None,
) -> None:
    """Add `--config FILE`, before and after the action's name."""
    parser.add_argument("--config", type=Path, default=_DEFAULT, metavar="FILE", help=_HELP)
    for action in () if actions is None else actions.choices.values():
        # Suppressed, so that a missing option here does not override one before the action.
        action.add_argument(
            "--config", type=Path, default=argparse.SUPPRESS, metavar="FILE", help=_HELP
        )
