"""Words for times, and for clocks that are wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from contract.language import _, ngettext
from ingest.stores.clock_records import ClockClaim

__all__ = ["claim_said", "claim_words", "off_words", "when", "when_exactly"]

_SECOND_NS = 1_000_000_000
_UNITS: Final[tuple[tuple[int, Callable[[int], str], Callable[[int], str]], ...]] = (
    (
        86_400,
        lambda n: ngettext("{n} day fast", "{n} days fast", n),
        lambda n: ngettext("{n} day slow", "{n} days slow", n),
    ),
    (
        3_600,
        lambda n: ngettext("{n} hour fast", "{n} hours fast", n),
        lambda n: ngettext("{n} hour slow", "{n} hours slow", n),
    ),
    (
        60,
        lambda n: ngettext("{n} minute fast", "{n} minutes fast", n),
        lambda n: ngettext("{n} minute slow", "{n} minutes slow", n),
    ),
    (
        1,
        lambda n: ngettext("{n} second fast", "{n} seconds fast", n),
        lambda n: ngettext("{n} second slow", "{n} seconds slow", n),
    ),
)
"""Seconds, and the words for so many too many or too few."""


def when(utc_ns: int) -> str:
    """A time to the minute."""
    return f"{datetime.fromtimestamp(utc_ns // _SECOND_NS, tz=UTC):%Y-%m-%d %H:%M} UTC"


def when_exactly(utc_ns: int) -> str:
    """A time to the second."""
    return f"{datetime.fromtimestamp(utc_ns // _SECOND_NS, tz=UTC):%Y-%m-%d %H:%M:%S} UTC"


def off_words(off_ns: int) -> str:
    """How wrong a clock is, such as "400 days slow"."""
    seconds = abs(off_ns) // _SECOND_NS
    size, fast, slow = next(each for each in _UNITS if seconds >= 2 * each[0] or each[0] == 1)
    return (fast if off_ns > 0 else slow)(round(seconds / size))


def claim_words(claim: ClockClaim) -> str:
    """What a node claims, why it is not believed, and what to do; follows the node's name."""
    return _("{claim}; set its clock", claim=claim_said(claim))


def claim_said(claim: ClockClaim) -> str:
    """What a node claims and why it is not believed."""
    # 64 bits of nanoseconds end in the year 2262.
    day = datetime.fromtimestamp(claim.utc_ns // _SECOND_NS, tz=UTC).date().isoformat()
    return _(
        "says it is {day}, {off}: its readings are kept and not dated",
        day=day,
        off=off_words(claim.off_ns),
    )
