"""Which zones may be shown: none with fewer than five seats, shown or derived."""

from __future__ import annotations

from collections.abc import Mapping

from contract.lesson import SMALLEST_ZONE

__all__ = ["showable"]


def showable(room_seats: int, zone_seats: Mapping[str, int]) -> frozenset[str]:
    """The zones that may be shown next to the room.

    A zone with fewer than five seats is hidden. If the room minus the shown zones leaves one to four
    seats, the smallest shown zone is hidden too. Otherwise a subtraction would reveal those few.
    """
    if room_seats < SMALLEST_ZONE:
        return frozenset()
    shown = {name: seats for name, seats in zone_seats.items() if seats >= SMALLEST_ZONE}
    while shown and 0 < room_seats - sum(shown.values()) < SMALLEST_ZONE:
        del shown[min(shown, key=lambda name: (shown[name], name))]
    return frozenset(shown)
