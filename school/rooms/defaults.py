"""What a room's kit is called and how its hubs are laid out, where its technician says nothing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from school.rooms.records import Hub

__all__ = ["ON_A_HUB", "default_hubs", "default_node", "default_port"]

ON_A_HUB: Final = 8
"""So many sensors one hub reads."""
_LONGEST: Final = 32


def default_node(room: str) -> str:
    """The name of a room's first kit."""
    return f"{room[: _LONGEST - 4]}-kit"


def default_hubs(seats: Sequence[int]) -> tuple[Hub, ...]:
    """As many hubs as the seats need, in the order of their numbers, eight on each."""
    return tuple(
        Hub(
            name=f"hub-{number}", port=default_port(number),
            seats=tuple(seats[(number - 1) * ON_A_HUB : number * ON_A_HUB]),
        )
        for number in range(1, -(-len(seats) // ON_A_HUB) + 1)
    )  # fmt: skip


def default_port(number: int) -> str:
    """The how many-th USB socket with a hub in it; a kit writes down which one that is."""
    return f"usb:{number}"
