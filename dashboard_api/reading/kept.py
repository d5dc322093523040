"""What was sensed, from the embedded store."""

from __future__ import annotations

from dashboard_api.views.readings import RoomReadings, read_room, read_seats, sensed_seconds
from dashboard_api.views.seat_readings import SeatReadings
from ingest.stores.protocol import PeriodReader

__all__ = ["KeptReader"]


class KeptReader:
    """`SensedReader` on the periods of a data directory."""

    def __init__(self, periods: PeriodReader) -> None:
        self._periods = periods

    def room(self, room: str, start_utc_ns: int, end_utc_ns: int) -> RoomReadings:
        return read_room(self._periods, room, start_utc_ns, end_utc_ns)

    def seats(
        self, room: str, start_utc_ns: int, end_utc_ns: int
    ) -> tuple[RoomReadings, SeatReadings]:
        return read_seats(self._periods, room, start_utc_ns, end_utc_ns)

    def sensed(self, room: str, start_utc_ns: int, end_utc_ns: int) -> tuple[float, int]:
        return sensed_seconds(self._periods, room, start_utc_ns, end_utc_ns)
