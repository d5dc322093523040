"""Accelerometers on the Pi's own bus, on a fake bus that models their registers."""

from __future__ import annotations

import errno
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.errors import ConfigurationError
from edge_agent.sources.i2c import I2cSettings, I2cSource
from edge_agent.sources.i2c_bus import LinuxBus
from simulators.i2c.accelerometers import FAKES, FakeAccelerometer, FakeLis3dh, FakeMpu6050
from simulators.i2c.fake_bus import FakeBus

SECOND = 1_000_000_000
PLACES = {"adxl345": 0x53, "lis3dh": 0x18, "mpu6050": 0x68}


def settings_of(*seats: dict[str, object]) -> I2cSettings:
    fields: dict[str, object] = {"kind": "i2c", "name": "table-1", "seat": list(seats)}
    return I2cSettings.checked(fields, where="edge.toml")


def seat(number: int, sensor: str = "lis3dh", **more: object) -> dict[str, object]:
    return {"seat": number, "sensor": sensor, "address": PLACES[sensor]} | more


def run(bench: Any, settings: I2cSettings, bus: FakeBus, *, seconds: float) -> I2cSource:
    source = I2cSource(settings, bench.wiring, open_bus=lambda _: bus)
    bus.is_open = True
    source.run(bench.stop_after(seconds))
    return source


@pytest.mark.parametrize("name", FAKES)
def test_each_kind_says_what_its_seat_feels(bench: Any, name: str) -> None:
    bus = FakeBus()
    fake = bus.plug(FAKES[name](), PLACES[name])
    fake.force = (0.25, -1.5, 3.0)
    run(bench, settings_of(seat(7, name)), bus, seconds=4)
    (up,) = bench.ups
    assert (up.hello.sample_rate_hz, up.hello.seats, up.hello.firmware_version) == (50.0, 1, name)
    assert np.allclose(np.diff(bench.times), SECOND // 50)
    said = bench.acceleration[5:, 0]
    assert len(said) >= 190
    assert np.abs(said.mean(axis=0) - fake.force).max() < 0.005
    # 3 mg of noise, and a step of at most 4 mg
    assert 0.002 < said.std(axis=0).max() < 0.006
    assert np.isnan(bench.acceleration[0]).all()  # it has only just been woken


def test_outside_lessons_nothing_is_read_and_the_sensors_sleep(bench: Any) -> None:
    bus = FakeBus()
    fake = bus.plug(FakeLis3dh(), 0x18)
    begins, ends = bench.clock.now_ns + 10 * SECOND, bench.clock.now_ns + 13 * SECOND
    seen: list[tuple[int, int, bool]] = []

    def is_on(boot_ns: int) -> bool:
        seen.append((boot_ns, fake.data_reads, fake.is_measuring))
        return begins <= boot_ns < ends

    bench.is_on = is_on
    fake.write(0x20, 0x67)  # still awake from an earlier run
    run(bench, settings_of(seat(1)), bus, seconds=20)
    before = [(reads, awake) for at, reads, awake in seen if at < begins]
    assert set(before) == {(0, False)}
    after = [(reads, awake) for at, reads, awake in seen if at > ends + 100_000_000]
    assert len(set(after)) == 1
    assert not after[0][1]
    assert 140 <= after[0][0] <= 150
    assert begins <= bench.times[0] < begins + SECOND // 10
    assert bench.times[-1] < ends


def test_the_sensor_of_a_seat_that_has_opted_out_is_never_read(bench: Any) -> None:
    bus = FakeBus()
    one, two = bus.plug(FakeLis3dh(), 0x18), bus.plug(FakeLis3dh(), 0x19)
    bench.excluded = frozenset({1})
    run(bench, settings_of(seat(1), seat(2, address=0x19)), bus, seconds=3)
    assert (one.data_reads, one.is_measuring) == (0, False)
    assert two.data_reads > 140
    assert np.isnan(bench.acceleration[:, 0]).all()
    assert np.isfinite(bench.acceleration[5:, 1]).all()


def test_a_seat_that_opts_out_during_a_lesson_is_put_to_sleep(bench: Any) -> None:
    bus = FakeBus()
    one = bus.plug(FakeLis3dh(), 0x18)
    out_at = bench.clock.now_ns + 2 * SECOND

    def is_on(boot_ns: int) -> bool:
        bench.excluded = frozenset({1} if boot_ns >= out_at else ())
        return True

    bench.is_on = is_on
    run(bench, settings_of(seat(1)), bus, seconds=4)
    assert 90 <= one.data_reads <= 100
    assert not one.is_measuring
    assert np.isnan(bench.acceleration[bench.times >= out_at]).all()


def test_eight_sensors_of_one_address_hang_on_a_multiplexer(bench: Any) -> None:
    bus = FakeBus()
    fakes = [
        bus.plug(FakeLis3dh(seed=i), 0x18, way=(0x70 + i // 8, i % 8)) for i in range(16)
    ]  # two of them
    for i, fake in enumerate(fakes):
        fake.force = (0.05 * i, 0.0, 1.0)
    seats = [seat(i + 1, mux=0x70 + i // 8, channel=i % 8) for i in range(16)]
    run(bench, settings_of(*seats), bus, seconds=3)
    said = bench.acceleration[5:]
    assert np.abs(said[:, :, 0].mean(axis=0) - 0.05 * np.arange(16)).max() < 0.005
    assert bus.clashes == 0


def test_an_unplugged_sensor_is_missing_and_named_until_it_is_back(bench: Any) -> None:
    bus = FakeBus()
    one = bus.plug(FakeLis3dh(), 0x18, way=(0x70, 0))
    bus.plug(FakeMpu6050(), 0x68)
    settings = settings_of(seat(1, mux=0x70, channel=0), seat(2, "mpu6050"))
    source = I2cSource(settings, bench.wiring, open_bus=lambda _: bus)
    start = bench.clock.now_ns
    said: dict[int, tuple[str, ...]] = {}

    def is_on(boot_ns: int) -> bool:
        passed = (boot_ns - start) // SECOND
        one.is_plugged = not 2 <= passed < 5
        if passed == 5:
            one.cut_power()  # plugged in again, it begins asleep
            bench.is_on = lambda _: True
        said[passed] = tuple(fault.said for fault in source.faults())
        return True

    bench.is_on = is_on
    source.run(bench.stop_after(8))
    passed = (bench.times - start) / SECOND
    seat_1, seat_2 = bench.acceleration[:, 0, 2], bench.acceleration[:, 1, 2]
    assert np.isnan(seat_1[(passed > 2) & (passed < 5)]).all()
    assert np.isfinite(seat_1[passed > 6.2]).all()
    assert np.isfinite(seat_2[passed > 0.2]).all()
    (sentence,) = said[4]
    assert sentence.startswith(
        "Seat 1 of table-1: nothing answers at 0x18 behind channel 0 of 0x70"
    )
    assert said[1] == source.faults() == ()


def test_a_sensor_that_lost_its_power_for_a_moment_gives_no_made_up_value(bench: Any) -> None:
    for name, fake_of in FAKES.items():
        bus = FakeBus()
        fake: FakeAccelerometer = bus.plug(fake_of(), PLACES[name])
        start, has_cut = bench.clock.now_ns, []

        def is_on(
            boot_ns: int,
            fake: FakeAccelerometer = fake, start: int = start, has_cut: list[int] = has_cut,
        ) -> bool:  # fmt: skip
            if boot_ns >= start + 2 * SECOND and not has_cut:
                has_cut.append(boot_ns)
                fake.cut_power()
            return True

        bench.is_on = is_on
        bench.events.clear()
        run(bench, settings_of(seat(1, name)), bus, seconds=5)
        said = bench.acceleration[:, 0]
        sizes = np.linalg.norm(said[np.isfinite(said).all(axis=1)], axis=1)
        assert (np.abs(sizes - 1.0) < 0.05).all()
        assert len(sizes) > 235  # awake again at once


def test_another_kind_at_the_address_is_named_and_not_believed(bench: Any) -> None:
    bus = FakeBus()
    fake = bus.plug(FakeMpu6050(), 0x18)
    fake.write(0x0F, 0x11)
    source = run(bench, settings_of(seat(3)), bus, seconds=2)
    (fault,) = source.faults()
    assert (fault.hub, fault.seat, fault.kind) == ("table-1", 3, "absent")
    assert "what answers at 0x18 is no LIS3DH (0x11 instead of 0x33)" in fault.said
    assert np.isnan(bench.acceleration).all()
    assert fake.data_reads == 0


def test_a_bus_that_is_too_slow_loses_samples_and_doubles_none(bench: Any) -> None:
    class SlowBus(FakeBus):
        def read(self, address: int, register: int, length: int) -> bytes:
            bench.clock.advance(0.07 if length == 6 else 0.0)
            return super().read(address, register, length)

    bus = SlowBus()
    bus.plug(FakeLis3dh(), 0x18)
    source = run(bench, settings_of(seat(1)), bus, seconds=14)
    assert (np.diff(bench.times) >= 60_000_000)[5:].all()
    assert 170 <= len(bench.times) <= 210
    assert source.counters()["samples_missing"] > 360
    (fault,) = source.faults()
    assert (fault.seat, fault.kind) == (None, "rate")
    assert fault.said.startswith("table-1 manages 14 samples a second, and at least 25 are needed")


def test_a_bus_that_is_quick_enough_has_no_fault(bench: Any) -> None:
    bus = FakeBus()
    bus.plug(FakeLis3dh(), 0x18)
    source = run(bench, settings_of(seat(1)), bus, seconds=25)
    assert source.faults() == ()


@pytest.mark.parametrize(
    ("error", "expected"),
    (
        (FileNotFoundError(errno.ENOENT, "No such file"), "There is no /dev/i2c-1: switch I2C on"),
        (PermissionError(errno.EACCES, "Permission denied"), "put the agent's user into the group"),
        (OSError(errno.EBUSY, "Device busy"), "/dev/i2c-1 can't be opened (Device busy)"),
        (ImportError("smbus2"), "without smbus2"),
    ),
)
def test_a_bus_that_is_not_there_is_said_once_and_tried_again(
    bench: Any, error: Exception, expected: str
) -> None:
    bus, tries = FakeBus(), []
    bus.plug(FakeLis3dh(), 0x18)

    def open_bus(number: int) -> FakeBus:
        tries.append(number)
        if len(tries) < 4:
            raise error
        return bus

    source = I2cSource(settings_of(seat(1)), bench.wiring, open_bus=open_bus)
    source.run(bench.stop_after(1))
    (fault,) = source.faults()
    assert bench.downs == [fault.said]
    assert expected in fault.said
    source.run(bench.stop_after(12))
    assert len(bench.ups) == 1
    assert source.faults() == ()


def test_an_adapter_that_was_unplugged_is_opened_again_once_it_is_back(bench: Any) -> None:
    began_ns = bench.clock.now_ns
    buses: list[FakeBus] = []
    faults: set[str] = set()

    def seconds() -> float:
        return (bench.clock.now_ns - began_ns) / SECOND

    def open_bus(_: int) -> FakeBus:
        if buses and seconds() < 6:
            assert not buses[0].is_open
            faults.update(fault.said for fault in source.faults())
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        bus = FakeBus()
        bus.plug(FakeLis3dh(), 0x18)
        buses.append(bus)
        return bus

    def is_on(_: int) -> bool:
        buses[0].is_plugged = seconds() < 3
        return True

    bench.is_on = is_on
    source = I2cSource(settings_of(seat(1)), bench.wiring, open_bus=open_bus)
    source.run(bench.stop_after(15))
    said = "The adapter of /dev/i2c-1 is unplugged: plug it in again."
    assert (len(buses), len(bench.ups), bench.downs) == (2, 2, [said])
    assert faults == {said}
    assert source.faults() == ()
    at_s = (bench.times - began_ns) / SECOND
    measured = np.isfinite(bench.acceleration[:, 0])
    assert measured[(at_s > 0.5) & (at_s < 2.9)].all()
    assert not measured[(at_s > 3.1) & (at_s < 6)].any()
    assert measured[at_s > 10].all()


def test_a_device_that_is_made_again_has_to_be_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class SMBus:
        def __init__(self, number: int) -> None:
            assert number == 7

    monkeypatch.setattr("smbus2.SMBus", SMBus)
    device, other = tmp_path / "i2c-7", tmp_path / "other"
    device.touch()
    bus = LinuxBus(7, devices=tmp_path)
    assert not bus.is_gone()
    other.touch()
    device.unlink()
    assert bus.is_gone()
    other.rename(device)
    assert bus.is_gone()


def test_the_doctor_asks_who_is_there_and_wakes_nobody() -> None:
    bus = FakeBus()
    one = bus.plug(FakeLis3dh(), 0x18)
    settings = settings_of(seat(1), seat(2, address=0x19))
    (finding,) = I2cSource.look_over(settings, open_bus=lambda _: bus)
    assert finding.state == "wrong"
    assert finding.said == "seat 2: nothing answers at 0x19"
    assert (one.data_reads, one.is_measuring, bus.is_open) == (0, False, False)
    (finding,) = I2cSource.look_over(settings)  # there is no such bus here
    assert finding.said.startswith("There is no /dev/i2c-1")


def test_the_real_bus_says_what_is_wrong_as_an_os_error() -> None:
    with pytest.raises(OSError, match="No such file"):
        LinuxBus(31)


@pytest.mark.parametrize(
    ("seats", "expected"),
    (
        ([seat(1, address=0x20)], "an lis3dh answers at 0x18 or 0x19, not at 0x20"),
        ([seat(1, mux=0x70)], "mux and channel go together"),
        ([seat(1), seat(2)], "0x18', expected another address or another way than that of seat 1"),
        (
            [seat(1, mux=0x70, channel=0), seat(2)],
            "than that of seat 2, which is on the bus itself",
        ),
        ([seat(1), seat(2, mux=0x70, channel=0)], "than that of seat 1"),
        ([], "seat is []"),
    ),
)
def test_what_can_not_be_wired_is_refused(seats: list[dict[str, object]], expected: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^edge\.toml: ") as caught:
        settings_of(*seats)
    assert expected in str(caught.value)


def test_a_real_stop_ends_it(bench: Any) -> None:
    stop = threading.Event()
    stop.set()
    I2cSource(settings_of(seat(1)), bench.wiring, open_bus=lambda _: FakeBus()).run(stop)
    assert bench.events == []
