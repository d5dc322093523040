"""A fake I2C bus: who answers at which address, directly and behind TCA9548A multiplexers.

It has the methods that `edge_agent.sources.i2c_bus.Bus` asks for, so a test or a script opens it at
the place of /dev/i2c-1:

    bus = FakeBus()
    seat = bus.plug(FakeLis3dh(), 0x18, way=(0x70, 3))
    source = I2cSource(settings, wiring, open_bus=lambda number: bus)
    seat.force = (0.1, 0.0, 1.0)
    seat.is_plugged = False
    bus.is_plugged = False      # its adapter: the bus has to be opened again once it is back
"""

from __future__ import annotations

import errno
import os
from typing import TypeVar

from simulators.i2c.accelerometers import FakeAccelerometer

__all__ = ["FakeBus"]

_Sensor = TypeVar("_Sensor", bound=FakeAccelerometer)
Way = tuple[int, int]


class FakeBus:
    """One bus with its sensors. `clashes` counts reads at which two sensors spoke at once."""

    def __init__(self) -> None:
        self.clashes = 0
        self.transfers = 0
        self.is_open = True
        self.is_plugged = True
        self._sensors: dict[tuple[Way | None, int], FakeAccelerometer] = {}
        self._channels: dict[int, int] = {}
        """Multiplexer → the bits of its open channels."""
        self._unplugged: set[int] = set()

    def plug(self, sensor: _Sensor, address: int, *, way: Way | None = None) -> _Sensor:
        """Put a sensor at an address, on the bus itself or behind (multiplexer, channel)."""
        self._sensors[way, address] = sensor
        if way is not None:
            self._channels.setdefault(way[0], 0)
        return sensor

    def plug_multiplexer(self, address: int, *, is_plugged: bool = True) -> None:
        """A multiplexer comes or goes; one that comes has all channels closed."""
        self._channels[address] = 0
        (self._unplugged.discard if is_plugged else self._unplugged.add)(address)

    def read(self, address: int, register: int, length: int) -> bytes:
        answers = [sensor.read(register, length) for sensor in self._at(address)]
        if len(answers) > 1:
            # The bus is pulled low by whoever says 0.
            self.clashes += 1
        return bytes(_and_all(column) for column in zip(*answers, strict=True))

    def write(self, address: int, register: int, value: int) -> None:
        for sensor in self._at(address):
            sensor.write(register, value)

    def command(self, address: int, value: int) -> None:
        self.transfers += 1
        if address not in self._channels or address in self._unplugged:
            raise OSError(errno.EREMOTEIO, os.strerror(errno.EREMOTEIO))
        self._channels[address] = value

    def is_gone(self) -> bool:
        return not self.is_plugged

    def close(self) -> None:
        self.is_open = False

    def _at(self, address: int) -> list[FakeAccelerometer]:
        """Those that answer at an address now; OSError if none does."""
        self.transfers += 1
        if not self.is_open:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        if not self.is_plugged:
            raise OSError(errno.EREMOTEIO, os.strerror(errno.EREMOTEIO))
        found = [
            sensor
            for (way, where), sensor in self._sensors.items()
            if where == address and sensor.is_plugged and self._reaches(way)
        ]
        if not found:
            raise OSError(errno.EREMOTEIO, os.strerror(errno.EREMOTEIO))
        return found

    def _reaches(self, way: Way | None) -> bool:
        if way is None:
            return True
        multiplexer, channel = way
        return multiplexer not in self._unplugged and bool(
            self._channels[multiplexer] >> channel & 1
        )


def _and_all(values: tuple[int, ...]) -> int:
    result = 0xFF
    for value in values:
        result &= value
    return result
