"""What every source of readings is, and what it gets to work with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol, TypeVar

from contract.clock import Clock
from contract.finding import Finding
from contract.settings import Name, Settings
from contract.wire.messages import SensorFault
from firmware_bridge.events import HubEvent

__all__ = ["MICROPHONE", "Gate", "Source", "SourceSettings", "Wiring"]

MICROPHONE: Final = "(microphone)"
"""The source's name in levels of the node's own microphone; no other source can have it."""


class SourceSettings(Settings):
    """What the settings of every source have; a source adds its own keys."""

    kind: str
    """Which source this is: a name in `edge_agent.sources.SOURCES`."""
    name: Name
    """The source's name; in a lesson without zones of its own the sources with seats are the zones."""

    @property
    def seat_numbers(self) -> tuple[int, ...]:
        """The room's seats that it senses, in the order of its samples; none if it is the room's."""
        return ()

    @property
    def has_switches(self) -> bool:
        """Whether its seats have switches, which say `SwitchSamples`, instead of accelerometers."""
        return False

    @property
    def may_have_sound(self) -> bool:
        """Whether it can be a source of the room's sound levels."""
        return False

    @property
    def claims(self) -> tuple[tuple[str, Any], ...]:
        """What no two sources may share, as key and value: a port, a bus, a pin."""
        return ()


class Gate(Protocol):
    """When a source may look at all. Any thread may ask, as often as it likes."""

    def is_open(self, boot_ns: int) -> bool:
        """Whether the second that this time lies in is sampled: in a lesson, and not paused."""

    @property
    def excluded(self) -> frozenset[int]:
        """Seats that have opted out: their sensors are not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What a source is connected to."""

    clock: Clock
    sink: Callable[[HubEvent], None]
    """Takes events, on the source's own thread."""
    gate: Gate
    gather_s: Callable[[], float]
    """How long bytes of a serial line may collect now."""
    max_undated: int
    """How many frames may wait until a hub's clock is known."""


_Own_contra = TypeVar("_Own_contra", bound=SourceSettings, contravariant=True)


class Source(Protocol[_Own_contra]):
    """Senses something and hands events to the sink. Nothing is opened before `run`.

    The events of a source are those of a hub: `HubUp` when its readings begin, `HubSamples` or `SwitchSamples` of its
    seats or `Levels` of the room's sound, each with its time on the boot clock, and `HubDown` with
    a sentence when it can't be read. NaN is a sensor that does not answer. No value is ever made up.
    """

    Settings: ClassVar[type[Any]]

    def __init__(self, settings: _Own_contra, wiring: Wiring) -> None: ...

    def run(self, stop: threading.Event) -> None:
        """Sense until `stop` is set, whatever the hardware does; returns soon after that."""

    def identify(self, seconds: int = 5) -> None:
        """Make the source blink, if it can, so that a person finds it; from any thread."""

    def counters(self) -> Mapping[str, int]:
        """Counts since it was made, for the node's health; from any thread."""

    def faults(self) -> tuple[SensorFault, ...]:
        """What is wrong with its sensors now, as far as it knows more than missing samples show."""

    @classmethod
    def look_over(cls, settings: _Own_contra) -> Iterator[Finding]:
        """The doctor's check of the hardware, while no agent runs. Nothing is sensed."""
