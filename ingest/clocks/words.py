"""Words for times, and for clocks that are wrong."""

from __future__ import annotations

from datetime import UTC, datetime

from ingest.stores.clock_records import ClockClaim

__all__ = ["claim_words", "off_words", "when", "when_exactly"]

_SECOND_NS = 1_000_000_000
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def when(utc_ns: int) -> str:
    """A time to the minute."""
    return f"{datetime.fromtimestamp(utc_ns // _SECOND_NS, tz=UTC):%Y-%m-%d %H:%M} UTC"


def when_exactly(utc_ns: int) -> str:
    """A time to the second."""
    return f"{datetime.fromtimestamp(utc_ns // _SECOND_NS, tz=UTC):%Y-%m-%d %H:%M:%S} UTC"


def off_words(off_ns: int) -> str:
    """How wrong a clock is, such as "400 days slow"."""
    seconds = abs(off_ns) // _SECOND_NS
    size, unit = next(each for each in _UNITS if seconds >= 2 * each[0] or each[0] == 1)
    n = round(seconds / size)
    return f"{n} {unit}{'' if n == 1 else 's'} {'fast' if off_ns > 0 else 'slow'}"


def claim_words(claim: ClockClaim) -> str:
    """What a node claims and why it is not believed; follows the node's name."""
    # 64 bits of nanoseconds end in the year 2262.
    day = datetime.fromtimestamp(claim.utc_ns // _SECOND_NS, tz=UTC).date().isoformat()
    return (
        f"says it is {day}, {off_words(claim.off_ns)}: its readings are kept and not dated; "
        "set its clock"
    )
