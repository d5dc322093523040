"""The options for a recording's unit, common to `replay` and `model evaluate --recording`."""

from __future__ import annotations

import argparse

from contract.quantities.acceleration import UNITS

__all__ = ["add_unit_arguments"]


def add_unit_arguments(parser: argparse._ActionsContainer, *, rate_where: str) -> None:
    """Add --unit, --scale and --rate-hz."""
    parser.add_argument(
        "--unit", choices=UNITS, default="g", help="unit of x, y and z (default: g)"
    )
    parser.add_argument(
        "--scale", type=float, metavar="N", help="with --unit counts: number of counts in 1 g"
    )
    parser.add_argument(
        "--rate-hz", type=float, metavar="HZ", help=f"samples per second {rate_where}, 20 to 400"
    )
