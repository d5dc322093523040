"""Whether a kit is believed when it says what time it is.

A kit that is wrong about the time says so like one that is right. The server's own clock shows it: what
was observed can't be observed after it was received, and what arrives live has just been observed.
"""

from __future__ import annotations

from typing import Final

from ingest.stores.clock_records import ClockClaim
from ingest.stores.rules.thinning import ClockMark

__all__ = ["bounds", "claim_of", "is_believed"]

_FARTHEST_NS: Final = (1 << 63) - 1


def is_believed(mark: ClockMark, seen_offset_ns: int | None, bound_ns: int | None) -> bool:
    """Whether a record of a synchronised clock dates its boot.

    `seen_offset_ns` is where the server saw the boot clock, if it did; without a bound every one is
    believed.
    """
    if bound_ns is None:
        return True
    if mark.utc_ns - mark.received_utc_ns > bound_ns:
        return False
    return seen_offset_ns is None or abs(mark.offset_ns - seen_offset_ns) <= bound_ns


def bounds(seen_offset_ns: int | None, bound_ns: int | None) -> tuple[int, int]:
    """The offsets between which a record is believed, for a database to compare with."""
    if seen_offset_ns is None or bound_ns is None:
        return -_FARTHEST_NS, _FARTHEST_NS
    return (
        max(-_FARTHEST_NS, seen_offset_ns - bound_ns),
        min(_FARTHEST_NS, seen_offset_ns + bound_ns),
    )


def claim_of(mark: ClockMark, seen_offset_ns: int | None) -> ClockClaim:
    """What a record that is not believed says, and how far off that is."""
    if seen_offset_ns is None:
        return ClockClaim(utc_ns=mark.utc_ns, off_ns=mark.utc_ns - mark.received_utc_ns)
    return ClockClaim(utc_ns=mark.utc_ns, off_ns=mark.offset_ns - seen_offset_ns)
