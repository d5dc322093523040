"""The parts of a run: what a hub brings late travels beside the periods that closed in time.

A run's periods close when their second is over. A hub that stalled brings its readings when their
period has long been sent, and each (node, run, seq) is kept once, so they can't go into it any
more. Therefore a run has parts. The run number in a batch, a gap, an ack or a record holds the part
in the bits from 58 on, and the run in those below. Each part is handled like a run (each seq is
kept once, acknowledged, sealed and purged), so most code does not need to know about parts.

A line is a hub, 1 to 8 in the order of the birth, or the room's sound. Part 0 is what closed in
time. Part `line` holds a line's late values, or a gap for values that came and could not be used.
Part `16 + line` holds a gap for each period that closed without the line.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "MAX_HUBS",
    "RUN_BITS",
    "SOUND_LINE",
    "gap_run",
    "late_run",
    "line_of",
    "part_of",
    "run_of",
]

RUN_BITS: Final = 58
"""A run's number is random and below 2**58."""
MAX_HUBS: Final = 8
SOUND_LINE: Final = 9
_GAPS: Final = 16
_RUN: Final = (1 << RUN_BITS) - 1


def run_of(run: int) -> int:
    """The run that a part belongs to."""
    return run & _RUN


def part_of(run: int) -> int:
    """Which part of its run this is."""
    return run >> RUN_BITS


def line_of(run: int) -> int:
    """The line of a part; 0 for what closed in time."""
    return part_of(run) & ~_GAPS


def late_run(run: int, line: int) -> int:
    """The run number for a line's late values."""
    return run_of(run) | line << RUN_BITS


def gap_run(run: int, line: int) -> int:
    """The run number for the gaps of periods that closed without a line."""
    return run_of(run) | (_GAPS | line) << RUN_BITS
