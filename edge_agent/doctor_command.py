"""`roomtone doctor` on a node: look it over, and say what to do."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

from edge_agent.doctor import look_over
from edge_agent.settings import EdgeSettings

__all__ = ["add_arguments", "report", "run"]

_WORDS: Final = {"fine": "ok", "note": "NOTE", "wrong": "WRONG"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument(
        "--config", type=Path, required=True, metavar="FILE",
        help="the node's settings; see edge.example.toml",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")


def run(args: argparse.Namespace) -> int:
    """Say each finding; 1 if something is wrong."""
    return report(EdgeSettings.load(args.config), as_json=args.json)


def report(settings: EdgeSettings, *, as_json: bool) -> int:
    """Write the findings to standard output as they come; 1 if one of them is wrong."""
    found = []
    for finding in look_over(settings):
        found.append(finding)
        if not as_json:
            advice = f"\n       → {finding.advice}" if finding.advice else ""
            word = _WORDS[finding.state]
            sys.stdout.write(f"{word:<6} {finding.about}: {finding.said}{advice}\n")
            sys.stdout.flush()
    is_wrong = any(finding.state == "wrong" for finding in found)
    if as_json:
        told = {"is_well": not is_wrong, "findings": [asdict(finding) for finding in found]}
        sys.stdout.write(json.dumps(told) + "\n")
    return int(is_wrong)
