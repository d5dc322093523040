"""Which zones a coach may see: at least five occupied seats, also in what remains of the room."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from contract.lesson import SMALLEST_ZONE, Zone

__all__ = ["merge_zones", "zones_to_show"]


def merge_zones(
    zones: Sequence[Zone], occupied: Collection[int], *, fewest: int = SMALLEST_ZONE
) -> tuple[Zone, ...]:
    """Merge zones until each has at least `fewest` occupied seats; none if there are fewer in all.

    The zone with the fewest joins that neighbour, in the given order, which has fewer; a merged
    zone has both names. `occupied` are seat numbers. Seats outside zones stay outside.
    """
    merged = list(zones)

    def seated(zone: Zone) -> int:
        return len(set(zone.seats).intersection(occupied))

    while merged:
        at = min(range(len(merged)), key=lambda place: seated(merged[place]))
        if seated(merged[at]) >= fewest:
            break
        if len(merged) == 1:
            return ()
        neighbours = [place for place in (at - 1, at + 1) if 0 <= place < len(merged)]
        other = min(neighbours, key=lambda place: seated(merged[place]))
        first, second = sorted((at, other))
        one, two = merged[first], merged[second]
        merged[first : second + 1] = [
            Zone(name=f"{one.name} + {two.name}", seats=one.seats + two.seats)
        ]
    return tuple(merged)


def zones_to_show(used: Sequence[int], in_room: int) -> tuple[bool, ...]:
    """Which zones may be shown together with the room, by the number of seats used in each.

    A zone of fewer than five seats is hidden. If the room without the shown zones has one to four
    seats, a subtraction would reveal their values; then the smallest shown zone is hidden too.
    """
    shown = [count >= SMALLEST_ZONE for count in used]
    while any(shown):
        rest = in_room - sum(count for count, is_shown in zip(used, shown, strict=True) if is_shown)
        if rest == 0 or rest >= SMALLEST_ZONE:
            break
        smallest = min((count, at) for at, count in enumerate(used) if shown[at])[1]
        shown[smallest] = False
    return tuple(shown)
