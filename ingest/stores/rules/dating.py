"""Dates periods: joins a boot's timebase records to the place of a period on the boot clock.

Only records of a synchronised clock date anything; a boot that has none stays undated. Each
period takes the offset of the record nearest to it on the boot clock, so a clock that was
stepped is followed from half-way between the records on either side of the step.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from contract.wire.messages import Timebase
from ingest.stores.records import Stream

__all__ = ["UNDATED", "seqs_between", "utc_of"]

UNDATED: Final = -1


def utc_of(stream: Stream, seqs: ArrayLike, timebases: Sequence[Timebase]) -> NDArray[np.int64]:
    """UTC in ns at the start of each period, (n,); UNDATED (-1) for all where no record dates it.

    `timebases` are those of the stream's boot, in any order.
    """
    numbers = np.asarray(seqs, dtype=np.int64)
    starts, offsets = _segments(timebases)
    if not offsets:
        return np.full(numbers.shape, UNDATED, dtype=np.int64)
    boot = stream.run_boot_ns + numbers * stream.period_ns
    segment = np.searchsorted(np.array(starts, dtype=np.int64), boot, side="right")
    dated: NDArray[np.int64] = boot + np.array(offsets, dtype=np.int64)[segment]
    dated[dated < 0] = UNDATED  # a clock that claims a time before 1970 dates nothing
    return dated


def seqs_between(
    stream: Stream, timebases: Sequence[Timebase], from_utc_ns: int, to_utc_ns: int
) -> list[tuple[int, int]]:
    """The seqs (first, last) whose periods start in [from, to), as `utc_of` dates them.

    Nearly always one range; more where the clock was stepped back, none where nothing is dated.
    """
    starts, offsets = _segments(timebases)
    period, zero = stream.period_ns, stream.run_boot_ns
    if period < 1:  # a birth may claim anything
        return []
    found: list[tuple[int, int]] = []
    for i, offset in enumerate(offsets):
        low = max(from_utc_ns, 0) - offset
        high = to_utc_ns - offset
        if i > 0:
            low = max(low, starts[i - 1])
        if i < len(starts):
            high = min(high, starts[i])
        first = max(0, -((zero - low) // period))  # rounded up
        last = -((zero - high) // period) - 1
        if first > last:
            continue
        if found and found[-1][1] + 1 == first:
            first = found.pop()[0]
        found.append((first, last))
    return found


def _segments(timebases: Sequence[Timebase]) -> tuple[list[int], list[int]]:
    """Boot times at which the offset changes, and the offsets: one more than there are changes."""
    dating = [record for record in timebases if record.synchronised]
    # Of one moment the record with the least error counts: it comes last.
    dating.sort(key=lambda record: (record.boot_ns, -record.error_ns, -record.utc_ns))
    records = list({record.boot_ns: record for record in dating}.values())
    starts = [(a.boot_ns + b.boot_ns + 1) // 2 for a, b in pairwise(records)]
    return starts, [record.utc_ns - record.boot_ns for record in records]
