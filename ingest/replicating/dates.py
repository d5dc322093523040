"""The dates of points that were sent: they stay, though the store dates a period ever better.

A period's date moves by some microseconds when the next record of its kit's clock arrives. A point that
is sent again must have the time that it had, or it would stand there twice. So the offset between boot
clock and UTC that a run was sent with is kept, and followed while the store's differs by little. What
differs by more has been dated again, and its lesson is replaced.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.ranges import SeqRanges
from ingest.replicas.progress import SentRun
from ingest.stores.records import Stream
from ingest.stores.rules.dating import UNDATED

__all__ = ["TOLERANCE_NS", "dates_of", "forget_dates", "is_redated"]

TOLERANCE_NS: Final = 50_000_000
"""How far a point's time may be from the store's date."""


def dates_of(
    run: SentRun, stream: Stream, seqs: NDArray[np.int64], utc_ns: NDArray[np.int64]
) -> tuple[NDArray[np.int64], bool]:
    """UTC of points (n,), and whether some that were sent have another date now.

    `utc_ns` (n,) is how the store dates `seqs`, in order; the run's dates grow by what is new.
    """
    boot = stream.run_boot_ns + seqs * stream.period_ns
    offsets = utc_ns - boot
    is_dated = utc_ns != UNDATED
    used = _used(run, seqs)
    is_known = used != UNDATED
    is_off = is_dated & (~is_known | (np.abs(offsets - used) > TOLERANCE_NS))
    is_other = False
    while is_off.any():
        at = int(np.argmax(is_off))
        seq = int(seqs[at])
        if is_known[at] and seq in run.sent:
            is_other = True
            is_off[at] = False
            continue
        _begin(run, seq, int(offsets[at]), upto=int(seqs[-1]))
        used = _used(run, seqs)
        is_known = used != UNDATED
        is_off &= np.abs(offsets - used) > TOLERANCE_NS
    return np.where(is_dated, boot + used, UNDATED), is_other


def is_redated(
    run: SentRun, stream: Stream, seqs: NDArray[np.int64], utc_ns: NDArray[np.int64]
) -> bool:
    """Whether some of these periods were sent with another date than the store's of now."""
    used = _used(run, seqs)
    off = np.abs(utc_ns - (stream.run_boot_ns + seqs * stream.period_ns) - used) > TOLERANCE_NS
    off &= (utc_ns != UNDATED) & (used != UNDATED)
    return any(int(seq) in run.sent for seq in seqs[off])


def forget_dates(run: SentRun, first: int, last: int) -> None:
    """The points of first … last are gone: what is sent for them gets the dates of now."""
    left = SeqRanges()
    for low, high in run.sent:
        if low < first:
            left.add(low, min(high, first - 1))
        if high > last:
            left.add(max(low, last + 1), high)
    run.sent = left


def _begin(run: SentRun, seq: int, offset: int, *, upto: int) -> None:
    """From this seq on the offset is another one; what was sent after `upto` keeps its own."""
    dates = dict(run.dates)
    if upto + 1 not in dates and any(high > upto for _, high in run.sent):
        held = int(_used(run, np.array([upto + 1]))[0])
        if held != UNDATED:
            dates[upto + 1] = held
    dates[seq] = offset
    run.dates = sorted(dates.items())


def _used(run: SentRun, seqs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The offset of each seq; UNDATED where there is none yet."""
    if not run.dates:
        return np.full(seqs.shape, UNDATED, dtype=np.int64)
    starts = np.array([start for start, _ in run.dates], dtype=np.int64)
    offsets = np.array([UNDATED, *(offset for _, offset in run.dates)], dtype=np.int64)
    return offsets[np.searchsorted(starts, seqs, side="right")]
