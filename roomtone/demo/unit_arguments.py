"""What a recording's numbers mean, as `replay` and `model evaluate --recording` both take it."""

from __future__ import annotations

import argparse

from contract.acceleration import UNITS

__all__ = ["add_unit_arguments"]


def add_unit_arguments(parser: argparse._ActionsContainer, *, rate_where: str) -> None:
    """Add --unit, --scale and --rate-hz."""
    parser.add_argument(
        "--unit", choices=UNITS, default="g", help="what x, y and z are in (default: g)"
    )
    parser.add_argument(
        "--scale", type=float, metavar="N", help="with --unit counts: how many counts are 1 g"
    )
    parser.add_argument(
        "--rate-hz", type=float, metavar="HZ", help=f"samples a second {rate_where}, 20 to 400"
    )
