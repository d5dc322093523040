"""The firmware of a Raspberry Pi Pico on rp2040py, on the same bench as the ATmega328P's."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

from rp2040py.execute_batch import execute_batch
from rp2040py.gpio_pin import GPIOPinState
from rp2040py.peripherals.i2c import I2CMode
from rp2040py.simulator import Simulator

from simulators.i2c.accelerometers import FakeLis3dh
from tests.emulator.emulated_hub import Stepped

FLASH: Final = 0x10000000
BYTE_NS: Final = 20_000
BATCH: Final = 32
"""Instructions between looks at the clock; an alarm is never late."""
HOLD, LED = 2, 25
MULTIPLEXER: Final = 0x70


class Sensor(FakeLis3dh):
    """An LIS3DH that says whether its values are new, and may swing."""

    def __init__(self, now_s: Callable[[], float], chip_s: Callable[[], float]) -> None:
        super().__init__(noise_mg=0.0)
        self.address = 0x18
        self.is_frozen = False
        self.wave = (0.0, 0.0)
        self._now_s = now_s
        self._chip_s = chip_s
        self._read_s = 0.0

    def read(self, register: int, length: int) -> bytes:
        """What a driver reads: of the data all six bytes, or none."""
        # At 200 Hz there is a new value each 5 ms.
        if register & 0x7F == 0x27:
            is_new = self.is_measuring and not self.is_frozen
            is_new = is_new and self._now_s() - self._read_s >= 0.005
            self._registers[0x27] = 0x0F if is_new else 0
            self._read_s = self._now_s() if is_new else self._read_s
        amplitude_g, hz = self.wave
        still = self.force
        swing = amplitude_g * math.sin(2 * math.pi * hz * self._chip_s())
        self.force = (still[0] + swing, still[1], still[2])
        try:
            return super().read(register, length)
        finally:
            self.force = still


class PicoBoard(Stepped):
    """A Pico whose time passes only by `run_bytes`."""

    def __init__(self, image: Path) -> None:
        super().__init__()
        self._simulator = Simulator()
        self._chip = self._simulator.rp2040
        self._clock = self._simulator.clock
        for address, page in uf2_pages(image.read_bytes()):
            at = address - FLASH
            self._chip.flash[at : at + len(page)] = page
        self._began_ns = 0.0
        self._sent: list[tuple[int, int]] = []
        self._goal_ns = 0.0
        self._line_free_ns = 0.0
        self._chip.uart[0].on_byte = lambda byte: self._sent.append((self.now_us, byte))
        self._chip.watchdog.on_watchdog_trigger = self._reset
        self.resets = 0
        self._seats = [
            Sensor(lambda: self._clock.nanos / 1e9, lambda: self.now_us / 1e6) for _ in range(8)
        ]
        self._open_branches = 0
        self._attach_bus()
        self._end_run = self._clock.create_alarm(self._simulator.stop)
        self._start()

    @property
    def now_us(self) -> int:
        """By the chip's own timer."""
        return int((self._clock.nanos - self._began_ns) / 1000)

    def _start(self) -> None:
        """The boot ROM is not here: the second stage runs where it lies in flash."""
        self._chip.gpio[HOLD].set_input_value(True)
        self._chip.core.pc = FLASH
        self._began_ns = self._clock.nanos

    def _reset(self) -> None:
        self.resets += 1
        self._chip.enter_reset(from_watchdog=True)
        self._chip.leave_reset()
        self._start()

    # ---- the bus -----------------------------------------------------------------------------

    def _attach_bus(self) -> None:
        bus = self._chip.i2c[0]
        found: list[Sensor | None] = [None]
        is_addressed_multiplexer = [False]
        register = [-1]
        reads: list[int] = []

        def connect(address: int, mode: I2CMode) -> None:
            is_addressed_multiplexer[0] = address == MULTIPLEXER
            answering = [
                sensor
                for branch, sensor in enumerate(self._seats)
                if self._open_branches >> branch & 1 and sensor.address == address
            ]
            found[0] = next((sensor for sensor in answering if sensor.is_plugged), None)
            if mode == I2CMode.WRITE:
                register[0] = -1
            elif found[0] is not None:
                # As many bytes as the hub takes: seven from the status on, else one.
                length = 7 if register[0] & 0x7F == 0x27 else 1
                reads[:] = found[0].read(register[0], length)
            bus.complete_connect(is_addressed_multiplexer[0] or found[0] is not None)

        def write(value: int) -> None:
            if is_addressed_multiplexer[0]:
                self._open_branches = value
            elif register[0] < 0:
                register[0] = value
            elif found[0] is not None:
                found[0].write(register[0] & 0x7F, value)
            bus.complete_write(True)

        bus.on_connect = connect
        bus.on_write_byte = write
        bus.on_read_byte = lambda ack: bus.complete_read(reads.pop(0))

    # ---- what a test does --------------------------------------------------------------------

    def do(self, command: str) -> str:
        word, *numbers = command.split()
        values = [float(number) for number in numbers if not word.startswith("send")]
        match word:
            case "send":
                self._give(bytes.fromhex(numbers[0]))
            case "seat":
                self._seats[int(values[0])].force = (values[1], values[2], values[3])
            case "wave":
                self._seats[int(values[0])].wave = (values[1], values[2])
            case "unplug":
                self._seats[int(values[0])].is_plugged = False
            case "plug":
                self._seats[int(values[0])].is_plugged = True
                self._seats[int(values[0])].cut_power()
            case "dip":
                self._seats[int(values[0])].cut_power()
            case "freeze" | "thaw":
                self._seats[int(values[0])].is_frozen = word == "freeze"
            case "address":
                self._seats[int(values[0])].address = int(values[1])
            case "reads":
                return str(self._seats[int(values[0])].data_reads)
            case "asleep":
                return str(int(not self._seats[int(values[0])].is_measuring))
            case "hold":
                self._chip.gpio[HOLD].set_input_value(not values[0])
            case "hang":
                # As a program that lost its way: asleep, with no interrupt to wake it.
                self._chip.core.enabled_interrupts = 0
                self._chip.core.waiting = True
            case _:
                raise ValueError(command)
        return "ok"

    def state(self) -> dict[str, float]:
        led = self._chip.gpio[LED].value == GPIOPinState.HIGH
        return {"us": float(self.now_us), "led": float(led)}

    def _give(self, data: bytes) -> None:
        self._line_free_ns = max(self._line_free_ns, self._clock.nanos)
        for byte in data:
            alarm = self._clock.create_alarm(lambda byte=byte: self._chip.uart[0].feed_byte(byte))
            self._line_free_ns += BYTE_NS
            alarm.schedule(self._line_free_ns - self._clock.nanos)

    def run_bytes(self, milliseconds: float) -> list[tuple[int, bytes]]:
        self._goal_ns += milliseconds * 1e6
        if self._goal_ns > self._clock.nanos:
            self._end_run.schedule(self._goal_ns - self._clock.nanos)
            self._simulator.stopped = False
            while not self._simulator.stopped:
                execute_batch(self._simulator, BATCH)
        pieces, piece = [], bytearray()
        for at_us, byte in self._sent:
            piece.append(byte)
            if byte == 0:
                pieces.append((at_us, bytes(piece)))
                piece = bytearray()
        if piece:
            pieces.append((self._sent[-1][0], bytes(piece)))
        self._sent.clear()
        return pieces

    def close(self) -> None:
        pass


def uf2_pages(data: bytes) -> list[tuple[int, bytes]]:
    """Address and content of each block, as the Pico's boot ROM takes them."""
    pages = []
    for start in range(0, len(data), 512):
        block = data[start : start + 512]
        magic, second, flags, address, size, number, count, family = struct.unpack_from(
            "<8I", block
        )
        assert (magic, second, flags) == (0x0A324655, 0x9E5D5157, 0x2000)
        assert (number, count, family) == (start // 512, len(data) // 512, 0xE48BFF56)
        assert struct.unpack_from("<I", block, 508) == (0x0AB16F30,)
        pages.append((address, block[32 : 32 + size]))
    return pages
