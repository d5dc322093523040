"""A hub of seat sensors on a serial line, read by `firmware_bridge`."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from contract.finding import Finding
from contract.settings import Name
from contract.wire.messages import SensorFault
from edge_agent.sources.protocol import SourceSettings, Wiring
from firmware_bridge.events import HubCounters
from firmware_bridge.ports import port_fault
from firmware_bridge.reader import HubReader

__all__ = ["HubSettings", "HubSource", "flat"]


class HubSettings(SourceSettings):
    """One hub: where it is plugged in, and which of the room's seats are connected to it."""

    kind: Literal["hub"] = "hub"
    """A hub on a serial line; the tables `[[hub]]` need not say so."""
    name: Name
    """The hub's name; in a lesson without zones of its own the hubs are the zones."""
    port: Annotated[str, Field(min_length=1)]
    """A serial device, preferably one in /dev/serial/by-id, or a URL that pyserial knows."""
    seats: Annotated[
        tuple[Annotated[int, Field(ge=1, le=255)], ...], Field(min_length=1, max_length=8)
    ]
    """The room's seat numbers, in the order in which the hub sends them."""
    baudrate: Annotated[int, Field(ge=1200, le=4_000_000)] = 500_000
    """Speed of the line; a native USB device may ignore it."""

    @property
    def seat_numbers(self) -> tuple[int, ...]:
        return self.seats

    @property
    def may_have_sound(self) -> bool:
        return True

    @property
    def claims(self) -> tuple[tuple[str, Any], ...]:
        return (("port", self.port),)


class HubSource:
    """A hub's reader as a source. It says which seats the hub may read: outside lessons none.

    A hub that does not take SENSE reads all the time, and its samples are dropped.
    """

    Settings: ClassVar = HubSettings

    def __init__(self, settings: HubSettings, wiring: Wiring) -> None:
        self._seats = settings.seats
        self._gate = wiring.gate
        self._reader = HubReader(
            hub=settings.name, port=settings.port, clock=wiring.clock, sink=wiring.sink,
            baudrate=settings.baudrate, gather_s=wiring.gather_s, max_undated=wiring.max_undated,
            seats_wanted=self.seats_wanted,
        )  # fmt: skip

    def run(self, stop: threading.Event) -> None:
        self._reader.run(stop)

    def seats_wanted(self, boot_ns: int) -> int:
        """The seats to read at this time, as a bit mask in the hub's order."""
        if not self._gate.is_open(boot_ns):
            return 0
        excluded = self._gate.excluded
        return sum(1 << place for place, seat in enumerate(self._seats) if seat not in excluded)

    def identify(self, seconds: int = 5) -> None:
        self._reader.identify(seconds)

    def counters(self) -> Mapping[str, int]:
        return flat(self._reader.counters())

    def faults(self) -> tuple[SensorFault, ...]:
        return ()

    @classmethod
    def look_over(cls, settings: HubSettings) -> Iterator[Finding]:
        """Whether its port is there; the doctor listens to all hubs at once, see `doctor/hubs.py`."""
        fault = port_fault(settings.port)
        yield Finding(
            about=settings.name, state="fine" if fault is None else "wrong",
            said=f"{settings.port} is there" if fault is None else f"port {settings.port}: {fault}",
            advice="" if fault is None else "plug the hub in, or correct its port",
        )  # fmt: skip


def flat(counters: HubCounters) -> dict[str, int]:
    """A reader's counters by name; a counter by reason gets one name for each reason."""
    found: dict[str, int] = {}
    for name in HubCounters.__dataclass_fields__:
        value = getattr(counters, name)
        if isinstance(value, Mapping):
            found |= {f"{name}_{reason}": int(count) for reason, count in value.items()}
        elif value is not None:
            found[name] = int(value)
    return found
