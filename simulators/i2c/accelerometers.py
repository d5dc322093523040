"""Fake accelerometers: what their data sheets say that each register does.

A sensor has `force`, the acceleration that it feels, in g, and some noise. What it says depends on
its registers alone: asleep it repeats what it measured last, and after a power cut it sleeps.
"""

from __future__ import annotations

import errno
import os
from abc import ABC, abstractmethod
from typing import ClassVar, Final

import numpy as np

__all__ = ["FAKES", "FakeAccelerometer", "FakeAdxl345", "FakeLis3dh", "FakeMpu6050"]

_REGISTERS: Final = 128


class FakeAccelerometer(ABC):
    """One sensor. Tests and scripts set `force` and `is_plugged`, and read the counts."""

    identity: ClassVar[tuple[int, int]]
    defaults: ClassVar[dict[int, int]]
    read_only: ClassVar[range]
    data: ClassVar[range]

    def __init__(self, *, noise_mg: float = 3.0, seed: int = 1) -> None:
        self.force = (0.0, 0.0, 1.0)
        """What it feels, in g: at rest only gravity."""
        self.is_plugged = True
        self.data_reads = 0
        """How often somebody has read what it measures."""
        self._noise_g = noise_mg / 1000.0
        self._random = np.random.default_rng(seed)
        self._registers = bytearray(_REGISTERS)
        self.cut_power()

    def cut_power(self) -> None:
        """A loose plug: the registers are again what they are after switching on."""
        self._registers = bytearray(_REGISTERS)
        for register, value in (*self.defaults.items(), self.identity):
            self._registers[register] = value

    @property
    @abstractmethod
    def is_measuring(self) -> bool:
        """Whether its registers say that it measures."""

    def read(self, register: int, length: int) -> bytes:
        """Registers as a master on the bus reads them; OSError if it is unplugged."""
        self._answer()
        places = self.places(register, length)
        if any(place in self.data for place in places):
            self.data_reads += 1
            if self.is_measuring:
                self._registers[self.data.start : self.data.stop] = self.measured()
        return bytes(self._registers[place] for place in places)

    def write(self, register: int, value: int) -> None:
        """Set a register; those that can't be written stay as they are."""
        self._answer()
        if register != self.identity[0] and register not in self.data:
            if register in self.read_only:
                return
            self._registers[register] = value

    def places(self, register: int, length: int) -> list[int]:
        """The registers that a read of some bytes goes over."""
        return [(register + step) % _REGISTERS for step in range(length)]

    @abstractmethod
    def measured(self) -> bytes:
        """Six bytes of a new measurement."""

    def felt(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """(3,) in g, with noise."""
        noise = self._random.normal(0.0, self._noise_g, 3) if self._noise_g else np.zeros(3)
        return np.asarray(np.array(self.force) + noise, dtype=np.float64)

    def _answer(self) -> None:
        if not self.is_plugged:
            raise OSError(errno.EREMOTEIO, os.strerror(errno.EREMOTEIO))


class FakeAdxl345(FakeAccelerometer):
    """ADXL345, data sheet rev. E: 0x53, or 0x1D with SDO high."""

    identity = (0x00, 0xE5)
    defaults: ClassVar = {0x2C: 0x0A}
    read_only = range(0x32, 0x38)
    data = range(0x32, 0x38)

    @property
    def is_measuring(self) -> bool:
        return bool(self._registers[0x2D] & 0x08)

    def measured(self) -> bytes:
        data_format = self._registers[0x31]
        range_g = 2 << (data_format & 0x03)
        # FULL_RES keeps 256 counts for 1 g; without it each range has ten bits.
        counts_per_g = 256 if data_format & 0x08 else 512 // range_g
        highest = counts_per_g * range_g
        counts = np.clip(np.rint(self.felt() * counts_per_g), -highest, highest - 1)
        return counts.astype("<i2").tobytes()


class FakeLis3dh(FakeAccelerometer):
    """LIS3DH, data sheet rev. 2: 0x18, or 0x19 with SA0 high."""

    identity = (0x0F, 0x33)
    defaults: ClassVar = {0x20: 0x07}
    read_only = range(0x07, 0x10)
    data = range(0x28, 0x2E)

    @property
    def is_measuring(self) -> bool:
        return bool(self._registers[0x20] & 0xF0 and self._registers[0x20] & 0x07)

    def places(self, register: int, length: int) -> list[int]:
        # Only with the top bit set does the address count up.
        first = register & 0x7F
        return super().places(first, length) if register & 0x80 else [first] * length

    def measured(self) -> bytes:
        scale, is_low_power = self._registers[0x23] >> 4 & 0x03, self._registers[0x20] & 0x08
        bits = 8 if is_low_power else 12 if self._registers[0x23] & 0x08 else 10
        # 1, 2, 4 or 12 mg for each of twelve bits, left-justified.
        mg = (1, 2, 4, 12)[scale] * (1 << (12 - bits))
        highest = 1 << (bits - 1)
        counts = np.clip(np.rint(self.felt() * 1000.0 / mg), -highest, highest - 1)
        return (counts.astype(np.int64) << (16 - bits)).astype("<i2").tobytes()


class FakeMpu6050(FakeAccelerometer):
    """MPU-6050, register map rev. 4.2: 0x68, or 0x69 with AD0 high."""

    identity = (0x75, 0x68)
    defaults: ClassVar = {0x6B: 0x40}
    read_only = range(0x3A, 0x61)
    data = range(0x3B, 0x41)

    @property
    def is_measuring(self) -> bool:
        return not self._registers[0x6B] & 0x40

    def write(self, register: int, value: int) -> None:
        if register == 0x6B and value & 0x80:
            self.cut_power()  # DEVICE_RESET
            return
        super().write(register, value)

    def measured(self) -> bytes:
        counts_per_g = 16384 >> (self._registers[0x1C] >> 3 & 0x03)
        counts = np.clip(np.rint(self.felt() * counts_per_g), -32768, 32767)
        return counts.astype(">i2").tobytes()


FAKES: Final[dict[str, type[FakeAccelerometer]]] = {
    "adxl345": FakeAdxl345,
    "lis3dh": FakeLis3dh,
    "mpu6050": FakeMpu6050,
}
