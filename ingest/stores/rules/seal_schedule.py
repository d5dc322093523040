"""When a five-minute stretch of a stream may be sealed, and into which day's file it goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final, Literal

from contract.wire.messages import Timebase
from contract.wire.payload import Layout
from ingest.stores.records import Stream
from ingest.stores.rules.admission import STRETCH
from ingest.stores.rules.dating import UNDATED, utc_of

__all__ = [
    "KINDS",
    "Kind",
    "columns_of",
    "day_of",
    "due_from",
    "is_before",
    "is_due",
    "midnight_ns",
]

Kind = Literal["seat", "room"]
KINDS: Final[tuple[Kind, ...]] = ("seat", "room")
"""Kinds of values that are kept for spans of their own."""
_UNDATED: Final = "undated-"
"""Earlier versions named files by the day that a kit claimed, and these by the day of sealing."""
_UNDATED_AFTER_NS: Final = 24 * 3600 * 1_000_000_000
_SECOND_NS: Final = 1_000_000_000


def columns_of(kind: Kind, layout: Layout) -> slice:
    """Where the values of a kind are in a row."""
    cut = len(layout.seat_codes) * len(layout.seats)
    return slice(cut) if kind == "seat" else slice(cut, None)


def day_of(sealed_utc_ns: int) -> str:
    """The UTC day of sealing, as 2026-03-01: the name of the files that a stretch goes into.

    It was received by then, and nothing was observed after it was received: so retention can go by
    this day without asking a kit, whose clock may be wrong, what day it was.
    """
    return datetime.fromtimestamp(sealed_utc_ns // _SECOND_NS, tz=UTC).date().isoformat()


def midnight_ns(day: date) -> int:
    """UTC at which a day begins."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * _SECOND_NS


def is_before(day: str, before: date) -> bool:
    """Whether a file's day is before `before`."""
    return day.removeprefix(_UNDATED) < before.isoformat()


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
