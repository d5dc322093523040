"""The seam between the pages and what keeps what was sensed.

The embedded store keeps periods by run and seq; a time-series database is read by time. The pages
need neither: they need seconds of a room. Scores have `ScoreReader` in `ingest/stores/protocol.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from contract.clock import SECOND_NS
from contract.errors import RoomtoneError
from contract.language import N_, _
from dashboard_api.views.readings import RoomReadings
from dashboard_api.views.seat_readings import SeatReadings
from school.sharing.cut import Span

__all__ = ["NotHereError", "SensedReader", "sensed_within"]

_NOT_HERE = N_(
    "This dashboard reads lessons from a time-series database, which does not have that. Open the "
    "dashboard on the server that keeps the sensors' data."
)


class NotHereError(RoomtoneError, LookupError):
    """The pages' source does not have what was asked for; another dashboard does."""

    def __init__(self) -> None:
        super().__init__(_(_NOT_HERE))


class SensedReader(Protocol):
    """What was sensed in rooms, by time."""

    def room(self, room: str, start_utc_ns: int, end_utc_ns: int) -> RoomReadings:
        """The seconds of a room from start to end, from all of its nodes."""

    def seats(
        self, room: str, start_utc_ns: int, end_utc_ns: int
    ) -> tuple[RoomReadings, SeatReadings]:
        """The same, and what each seat sensed; raises NotHereError."""

    def sensed(self, room: str, start_utc_ns: int, end_utc_ns: int) -> tuple[float, int]:
        """How many seconds were sensed, and how many gaps there are; reads no values if it can."""


def sensed_within(
    reader: SensedReader, room: str, start_utc_ns: int, end_utc_ns: int, spans: Sequence[Span]
) -> tuple[float, int, float]:
    """Seconds sensed, gaps, and the length of spans of a stretch, which count from its start."""
    total, gaps, length = 0.0, 0, 0.0
    for span in spans:
        begin = start_utc_ns + round(span.start_s * SECOND_NS)
        end = end_utc_ns
        if span.end_s * SECOND_NS < end_utc_ns - start_utc_ns:
            end = start_utc_ns + round(span.end_s * SECOND_NS)
        if begin >= end:
            continue
        sensed_s, found = reader.sensed(room, begin, end)
        total, gaps, length = total + sensed_s, gaps + found, length + (end - begin) / SECOND_NS
    return total, gaps, length
