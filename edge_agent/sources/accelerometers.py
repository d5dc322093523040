"""The accelerometers that a school can buy, as their data sheets describe them.

Each is set to ±4 g and to a bandwidth of about half of the 50 Hz at which it is read, so that little
is folded down from above. Adding one is one entry in `ACCELEROMETERS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["ACCELEROMETERS", "Accelerometer", "Registers"]

Registers = tuple[tuple[int, int], ...]
"""Registers with their values, in the order in which they are written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerometer:
    """One kind of sensor, by its registers."""

    name: str
    addresses: tuple[int, ...]
    identity: tuple[int, int]
    """The register that says what it is, and its value."""
    wake: Registers
    """Begins to measure; the last register is read back to see whether it still does."""
    sleep: Registers
    """Stops measuring."""
    data: int
    """The first of six registers, x y z, 16 bits each."""
    order: Literal["<", ">"]
    counts_per_g: int
    settle_ms: int
    """After waking, this long until what it says is a measurement."""

    def in_g(self, raw: bytes) -> NDArray[np.float32]:
        """(3,) in g."""
        return np.frombuffer(raw, f"{self.order}i2").astype(np.float32) / np.float32(
            self.counts_per_g
        )


ACCELEROMETERS: Final[dict[str, Accelerometer]] = {
    each.name: each
    for each in (
        Accelerometer(
            name="adxl345", addresses=(0x53, 0x1D), identity=(0x00, 0xE5),
            # DATA_FORMAT full resolution ±4 g, BW_RATE 50 Hz (bandwidth 25 Hz), POWER_CTL measure
            wake=((0x31, 0x09), (0x2C, 0x09), (0x2D, 0x08)), sleep=((0x2D, 0x00),),
            data=0x32, order="<", counts_per_g=256, settle_ms=40,
        ),
        Accelerometer(
            name="lis3dh", addresses=(0x18, 0x19), identity=(0x0F, 0x33),
            # CTRL_REG4 block update, ±4 g, high resolution; CTRL_REG1 200 Hz (bandwidth 22 Hz)
            wake=((0x23, 0x98), (0x20, 0x67)), sleep=((0x20, 0x07),),
            # The register's top bit makes the address count up; 2 mg a digit of twelve bits.
            data=0x28 | 0x80, order="<", counts_per_g=8000, settle_ms=40,
        ),
        Accelerometer(
            name="mpu6050", addresses=(0x68, 0x69), identity=(0x75, 0x68),
            # PWR_MGMT_1 awake, PWR_MGMT_2 no gyroscope, CONFIG 21 Hz, SMPLRT_DIV 200 Hz,
            # ACCEL_CONFIG ±4 g, and PWR_MGMT_1 once more, which shows whether it is still awake
            wake=((0x6B, 0x00), (0x6C, 0x07), (0x1A, 0x04), (0x19, 0x04), (0x1C, 0x08), (0x6B, 0x00)),
            sleep=((0x6B, 0x40),),
            data=0x3B, order=">", counts_per_g=8192, settle_ms=60,
        ),
    )
}  # fmt: skip
"""Name → registers. Sources: ADXL345 rev. E, LIS3DH rev. 2, MPU-6000/6050 register map rev. 4.2."""
