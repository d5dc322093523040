"""Which zones a coach may see: five occupied seats or more, and no remainder of fewer."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from contract.lesson import SMALLEST_ZONE, Zone

__all__ = ["merge_zones", "shown_zones"]


def merge_zones(zones: Sequence[Zone], occupied: Collection[int]) -> tuple[Zone, ...]:
    """The zones such that each has five occupied seats or more; none if all have fewer together.

    The zone with the fewest joins the neighbour, in the order given, that has fewer; a merged zone
    bears both names. `occupied` are seat numbers. Seats in no zone stay in none.
    """
    merged = list(zones)

    def seated(zone: Zone) -> int:
        return len(set(zone.seats).intersection(occupied))

    while merged:
        at = min(range(len(merged)), key=lambda place: seated(merged[place]))
        if seated(merged[at]) >= SMALLEST_ZONE:
            break
        if len(merged) == 1:
            return ()
        beside = [place for place in (at - 1, at + 1) if 0 <= place < len(merged)]
        other = min(beside, key=lambda place: seated(merged[place]))
        first, second = sorted((at, other))
        one, two = merged[first], merged[second]
        merged[first : second + 1] = [
            Zone(name=f"{one.name} + {two.name}", seats=one.seats + two.seats)
        ]
    return tuple(merged)


def shown_zones(used: Sequence[int], in_room: int) -> tuple[bool, ...]:
    """Which zones may be shown at once beside the room, from the number of seats used in each.

    A zone of fewer than five is held back. If the room less the shown zones would then leave one
    to four seats, whose values a subtraction would tell, the smallest shown zone is held back too.
    """
    shown = [count >= SMALLEST_ZONE for count in used]
    while any(shown):
        rest = in_room - sum(count for count, is_shown in zip(used, shown, strict=True) if is_shown)
        if rest == 0 or rest >= SMALLEST_ZONE:
            break
        smallest = min((count, at) for at, count in enumerate(used) if shown[at])[1]
        shown[smallest] = False
    return tuple(shown)
