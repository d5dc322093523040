"""The Pi's own I2C bus: registers of sensors, also of those behind a multiplexer."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Protocol

__all__ = ["Bus", "LinuxBus", "Switchboard"]

_ALL_OFF: Final = 0


class Bus(Protocol):
    """One I2C bus. Each call raises OSError if nothing answers at its address."""

    def read(self, address: int, register: int, length: int) -> bytes:
        """The bytes of some registers, from `register` on, read in one go."""

    def write(self, address: int, register: int, value: int) -> None:
        """Set one register."""

    def command(self, address: int, value: int) -> None:
        """Send one byte without a register, as a multiplexer wants it."""

    def is_gone(self) -> bool:
        """Whether its adapter is unplugged, or was plugged in again: it has to be opened again."""

    def close(self) -> None: ...


class LinuxBus:
    """/dev/i2c-N through smbus2; raises OSError if it is not there or may not be used."""

    def __init__(self, number: int, *, devices: Path = Path("/dev")) -> None:
        # Imported only where there are sensors on the bus: a Pi has little memory.
        from smbus2 import SMBus  # noqa: PLC0415

        self._bus = SMBus(number)
        self._path = devices / f"i2c-{number}"
        self._opened = _identity(self._path)

    def read(self, address: int, register: int, length: int) -> bytes:
        return bytes(self._bus.read_i2c_block_data(address, register, length))

    def write(self, address: int, register: int, value: int) -> None:
        self._bus.write_byte_data(address, register, value)

    def command(self, address: int, value: int) -> None:
        self._bus.write_byte(address, value)

    def is_gone(self) -> bool:
        return _identity(self._path) != self._opened

    def close(self) -> None:
        self._bus.close()


def _identity(path: Path) -> tuple[int, int] | None:
    """A device's file that is made again is another one, also under the same name; None: none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


class Switchboard:
    """Opens at most one channel of one TCA9548A at a time, so that no two sensors answer at once.

    Its control register has a bit for each channel (data sheet, 8.5.2).
    """

    def __init__(self, bus: Bus, multiplexers: tuple[int, ...]) -> None:
        self._bus = bus
        self._multiplexers = multiplexers
        self._open: tuple[int, int] | None = None
        self._is_known = False

    def select(self, way: tuple[int, int] | None) -> None:
        """Open the way (multiplexer, channel), or close all of them for None; raises OSError."""
        if self._is_known and way == self._open:
            return
        # What an error leaves open is not known: the next call closes everything first.
        was_known, was_open = self._is_known, self._open
        self._is_known = False
        for each in self._multiplexers:
            is_other = way is None or each != way[0]
            if is_other and (not was_known or (was_open is not None and was_open[0] == each)):
                self._close(each, way)
        if way is not None:
            multiplexer, channel = way
            self._bus.command(multiplexer, 1 << channel)
        self._open, self._is_known = way, True

    def _close(self, multiplexer: int, way: tuple[int, int] | None) -> None:
        try:
            self._bus.command(multiplexer, _ALL_OFF)
        except OSError:
            # A multiplexer that is gone has no channel open; one that is only silent does, and
            # then its sensors must not answer for those of another.
            if way is not None:
                raise
