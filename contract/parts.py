"""The parts of a run: what a hub brings late, and that it is late, stand beside what closed in time.

A run's periods close when their second is over. A hub that stalled brings its readings of a second
when that has long been sent, and they can't go into it any more, for each (node, run, seq) is kept
once. So a run has parts, and the run number that stands in a batch, a gap, an ack or a record says
which: from bit 58 on it is the part, below that the run. Whatever holds for a run, that each
of its seqs is kept once, acknowledged, sealed and purged, then holds for each part of it, and
nothing on the way has to know of parts.

A line is a hub, 1 to 8 as the birth lists them, or the room's sound. Part 0 is what closed in time;
part `line` holds what came late of it, or a gap for what came and is gone; part `16 + line` holds the
gaps that are told of a line as soon as a period closes without it.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "MAX_HUBS",
    "RUN_BITS",
    "SOUND_LINE",
    "lack_run",
    "late_run",
    "line_of",
    "part_of",
    "run_of",
]

RUN_BITS: Final = 58
"""A run is drawn below 2**58."""
MAX_HUBS: Final = 8
SOUND_LINE: Final = 9
_LACK: Final = 16
_RUN: Final = (1 << RUN_BITS) - 1


def run_of(run: int) -> int:
    """The run that a part belongs to."""
    return run & _RUN


def part_of(run: int) -> int:
    """Which part of its run this is."""
    return run >> RUN_BITS


def line_of(run: int) -> int:
    """The line that a part is about; 0 for what closed in time."""
    return part_of(run) & ~_LACK


def late_run(run: int, line: int) -> int:
    """The number under which what came late of a line travels."""
    return run_of(run) | line << RUN_BITS


def lack_run(run: int, line: int) -> int:
    """The number under which it is told that a period closed without a line."""
    return run_of(run) | (_LACK | line) << RUN_BITS
