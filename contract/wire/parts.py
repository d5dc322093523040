"""The parts of a run: what a hub brings late travels beside the periods that closed in time.

A run's periods close when their second is over. A hub that stalled brings its readings when their
period has long been sent, and each (node, run, seq) is kept once, so they can't go into it any
more. Therefore a run has parts, and a batch, a gap, an ack and a record name the part that they
belong to. Each part is handled like a run: each of its seqs is kept once, acknowledged, sealed and
purged.

A line is a hub, 1 to 8 in the order of the birth, or the room's sound. Part 0 is what closed in
time. Part `line` holds a line's late values, or a gap for values that came and could not be used.
Part `16 + line` holds a gap for each period that closed without the line.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "IN_TIME",
    "MAX_HUBS",
    "MAX_PART",
    "RUN_BITS",
    "SOUND_LINE",
    "gap_part",
    "is_late_part",
    "late_part",
    "line_of",
    "packed_run",
    "unpacked_run",
]

RUN_BITS: Final = 58
"""A run's number is random and below 2**58."""
MAX_HUBS: Final = 8
SOUND_LINE: Final = 9
IN_TIME: Final = 0
"""The part of what closed in time."""
MAX_PART: Final = 31
_GAPS: Final = 16
_RUN: Final = (1 << RUN_BITS) - 1


def late_part(line: int) -> int:
    """The part for a line's late values."""
    return line


def gap_part(line: int) -> int:
    """The part for the gaps of periods that closed without a line."""
    return _GAPS | line


def line_of(part: int) -> int:
    """The line of a part; 0 for what closed in time."""
    return part & ~_GAPS


def is_late_part(part: int) -> bool:
    """Whether a part can hold late values."""
    return IN_TIME < part < _GAPS


def packed_run(run: int, part: int) -> int:
    """Run and part as one number.

    An ack, a record of the outbox and a row of a day file still name a part in this way. Kits and
    files of earlier versions have no field for it, and would take a part for its run.
    """
    return run | part << RUN_BITS


def unpacked_run(number: int) -> tuple[int, int]:
    """Run and part of such a number."""
    return number & _RUN, number >> RUN_BITS
