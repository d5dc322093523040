"""When a five-minute stretch of a stream may be sealed, and into which day's file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final, Literal

from contract.messages import Timebase
from ingest.dating import UNDATED, utc_of
from ingest.stores.admission import STRETCH
from ingest.stores.records import Stream

__all__ = ["KINDS", "Kind", "day_of", "due_from", "is_before", "is_due"]

Kind = Literal["seat", "room"]
KINDS: Final[tuple[Kind, ...]] = ("seat", "room")
"""Kinds of values that are kept for spans of their own."""
_UNDATED: Final = "undated-"
_UNDATED_AFTER_NS: Final = 24 * 3600 * 1_000_000_000
_SECOND_NS: Final = 1_000_000_000


def day_of(
    stream: Stream, stretch: int, timebases: Sequence[Timebase], *, sealed_utc_ns: int
) -> str:
    """The UTC day, as 2026-03-01, on which a stretch begins.

    Where nothing dates it, `undated-2026-03-01`, with the day of sealing: the stretch is no
    younger than that, so retention can go by it without guessing when it was.
    """
    begins = int(utc_of(stream, [stretch * STRETCH], timebases)[0])
    if begins == UNDATED:
        return _UNDATED + _day(sealed_utc_ns)
    return _day(begins)


def is_before(day: str, before: date) -> bool:
    """Whether what `day_of` gave is a day before `before`."""
    return day.removeprefix(_UNDATED) < before.isoformat()


def _day(utc_ns: int) -> str:
    return datetime.fromtimestamp(utc_ns // _SECOND_NS, tz=UTC).date().isoformat()


def due_from(stream: Stream, stretch: int, timebases: Sequence[Timebase]) -> int | None:
    """The UTC in ns at which the whole stretch is past; None where nothing dates it."""
    ends = int(utc_of(stream, [(stretch + 1) * STRETCH], timebases)[0])
    return None if ends == UNDATED else ends


def is_due(
    stream: Stream,
    stretch: int,
    timebases: Sequence[Timebase],
    *,
    before_utc_ns: int,
    first_received_utc_ns: int,
) -> bool:
    """Whether the whole stretch lies before a time.

    A stretch that nothing dates is due a day after its stream's first message was received: a
    node that has not learnt the time by then may never do so.
    """
    ends = due_from(stream, stretch, timebases)
    if ends is None:
        return first_received_utc_ns + _UNDATED_AFTER_NS <= before_utc_ns
    return ends <= before_utc_ns
