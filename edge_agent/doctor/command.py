"""`roomtone doctor` on a node: check it, and say what to do."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from contract.finding import report
from edge_agent.doctor.checks import look_over
from edge_agent.settings import EdgeSettings

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=Path, required=True, metavar="FILE",
        help="the node's settings; see edge.example.toml",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")


def run(args: argparse.Namespace) -> int:
    """Print each finding; returns 1 if something is wrong."""
    settings = EdgeSettings.load(args.config)
    return report(look_over(settings), sys.stdout, as_json=args.json)
