"""Which kits' buttons pause their rooms, by what the kits have reported last.

A kit that is off or out of reach keeps its room paused: only its button ends what its button began.
"""

from __future__ import annotations

__all__ = ["PressedButtons"]


class PressedButtons:
    """Rooms and the kits in them whose buttons are pressed."""

    def __init__(self) -> None:
        self._pressed: dict[str, set[tuple[str, str]]] = {}

    def hear(self, site: str, room: str, node: str, *, is_pressed: bool) -> set[str]:
        """What a kit of a room reports; returns the rooms that are paused by other kits than before.

        A kit is in one room at a time: it leaves the one where it was.
        """
        kit = site, node
        changed = {
            each
            for each, kits in self._pressed.items()
            if kit in kits and (each != room or not is_pressed)
        }
        for each in changed:
            self._pressed[each].discard(kit)
            if not self._pressed[each]:
                del self._pressed[each]
        if is_pressed and kit not in self._pressed.setdefault(room, set()):
            self._pressed[room].add(kit)
            changed.add(room)
        return changed

    def beside(self, site: str, room: str, node: str) -> tuple[str, ...]:
        """The other kits that pause a kit's room, by name."""
        return tuple(
            sorted({name for at, name in self._pressed.get(room, ()) if (at, name) != (site, node)})
        )
