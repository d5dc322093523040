"""A room as its technician describes it: where seats stand, its zones, and the kits that sense it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from contract.lesson import Zone

__all__ = ["SOUND_SOURCES", "Hub", "Kit", "Plan", "Room", "Site", "SoundSource"]

SoundSource = Literal["hub", "microphone", "none"]
SOUND_SOURCES: Final[tuple[SoundSource, ...]] = get_args(SoundSource)
"""Where a kit's sound levels come from."""

Plan = tuple[tuple[int | None, ...], ...]
"""Lines of the room from the front to the back, and in each the seats' numbers or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A school: its name on MQTT, and what people call it."""

    name: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """A hub, and the seats whose sensors are connected to it, in their order there."""

    name: str
    seats: tuple[int, ...]
    port: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """One Pi with its hubs; its node's name is the name in its certificate."""

    node: str
    hubs: tuple[Hub, ...]
    sound: SoundSource = "hub"
    added_utc_ns: int = 0

    @property
    def seats(self) -> tuple[int, ...]:
        """All its seats, hub by hub."""
        return tuple(seat for hub in self.hubs for seat in hub.seats)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room with its kits, in the order of their names."""

    name: str
    site: str
    title: str = ""
    plan: Plan = ()
    zones: tuple[Zone, ...] = ()
    kits: tuple[Kit, ...] = ()

    @property
    def seats(self) -> frozenset[int]:
        """The seats of the plan."""
        return frozenset(seat for line in self.plan for seat in line if seat is not None)

    @property
    def sensed(self) -> frozenset[int]:
        """The seats that have a sensor, according to the kits' descriptions."""
        return frozenset(seat for kit in self.kits for seat in kit.seats)
