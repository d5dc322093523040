"""The fake bus and its sensors do what the data sheets say."""

from __future__ import annotations

import pytest

from simulators.i2c.accelerometers import FakeAdxl345, FakeLis3dh, FakeMpu6050
from simulators.i2c.fake_bus import FakeBus


def test_an_adxl345_measures_in_ten_bits_until_full_resolution_is_asked_for() -> None:
    sensor = FakeAdxl345(noise_mg=0.0)
    sensor.force = (-1.0, 0.5, 3.0)
    assert sensor.read(0x00, 1) == b"\xe5"
    assert sensor.read(0x32, 6) == bytes(6)  # it sleeps
    sensor.write(0x2D, 0x08)
    # ±2 g at 256 counts: 3 g is clipped to 511.
    assert sensor.read(0x32, 6) == bytes.fromhex("00ff 8000 ff01")
    sensor.write(0x31, 0x01)  # ±4 g, ten bits: 128 counts
    assert sensor.read(0x32, 6) == bytes.fromhex("80ff 4000 8001")
    sensor.write(0x31, 0x09)
    assert sensor.read(0x32, 6) == bytes.fromhex("00ff 8000 0003")


def test_a_lis3dh_counts_its_address_up_only_with_the_top_bit() -> None:
    sensor = FakeLis3dh(noise_mg=0.0)
    sensor.force = (0.1, -0.1, 1.0)
    assert sensor.read(0x0F, 1) == b"\x33"
    sensor.write(0x20, 0x67)
    sensor.write(0x23, 0x98)
    # 2 mg a digit: 50, -50 and 500, each four bits to the left.
    assert sensor.read(0x28 | 0x80, 6) == bytes.fromhex("2003 e0fc 401f")
    assert sensor.read(0x28, 6) == b"\x20" * 6
    sensor.write(0x20, 0x07)
    sensor.force = (0.0, 0.0, 0.0)
    assert sensor.read(0xA8, 6) == bytes.fromhex("2003 e0fc 401f")  # asleep it repeats itself


def test_an_mpu6050_wakes_asleep_and_puts_the_high_byte_first() -> None:
    sensor = FakeMpu6050(noise_mg=0.0)
    assert sensor.read(0x75, 1) == b"\x68"
    assert not sensor.is_measuring
    sensor.write(0x6B, 0x00)
    assert sensor.read(0x3B, 6) == bytes.fromhex("0000 0000 4000")
    sensor.write(0x1C, 0x08)
    assert sensor.read(0x3B, 6) == bytes.fromhex("0000 0000 2000")
    sensor.write(0x75, 0x00)  # can't be written
    sensor.write(0x6B, 0x80)
    assert sensor.read(0x6B, 1) == b"\x40"
    assert sensor.read(0x75, 1) == b"\x68"


def test_a_multiplexer_passes_what_its_open_channels_have() -> None:
    bus = FakeBus()
    bus.plug(FakeLis3dh(noise_mg=0.0, seed=1), 0x18, way=(0x70, 0))
    bus.plug(FakeLis3dh(noise_mg=0.0, seed=2), 0x18, way=(0x70, 1))
    with pytest.raises(OSError, match="I/O"):
        bus.read(0x18, 0x0F, 1)
    bus.command(0x70, 0b01)
    assert bus.read(0x18, 0x0F, 1) == b"\x33"
    assert bus.clashes == 0
    bus.command(0x70, 0b11)
    bus.read(0x18, 0x0F, 1)
    assert bus.clashes == 1
    bus.plug_multiplexer(0x70, is_plugged=False)
    for call in (lambda: bus.command(0x70, 0), lambda: bus.read(0x18, 0x0F, 1)):
        with pytest.raises(OSError, match="I/O"):
            call()
