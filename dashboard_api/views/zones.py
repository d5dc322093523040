"""Which groups of seats may be shown: never fewer than five, and none that can be worked out."""

from __future__ import annotations

from collections.abc import Mapping

from contract.lesson import SMALLEST_ZONE

__all__ = ["showable"]


def showable(room_seats: int, zone_seats: Mapping[str, int]) -> frozenset[str]:
    """The zones that may stand beside the room.

    A zone of fewer than five is hidden. Where the room's figure and the zones that are shown
    would leave a remainder of one to four seats, the smallest zone that is shown is hidden too,
    so that no difference isolates those few.
    """
    if room_seats < SMALLEST_ZONE:
        return frozenset()
    shown = {name: seats for name, seats in zone_seats.items() if seats >= SMALLEST_ZONE}
    while shown and 0 < room_seats - sum(shown.values()) < SMALLEST_ZONE:
        del shown[min(shown, key=lambda name: (shown[name], name))]
    return frozenset(shown)
