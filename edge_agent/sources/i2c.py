"""Accelerometers on the Pi's own I2C bus, read 50 times a second while a lesson is on.

Outside lessons nothing is read, and the sensors sleep; the sensor of a seat that has opted out
sleeps all the time.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from contract.backoff import Backoff
from contract.errors import ConfigurationError
from contract.finding import Finding
from contract.settings import Settings
from contract.wire.messages import SensorFault
from edge_agent.sources.accelerometers import ACCELEROMETERS
from edge_agent.sources.i2c_bus import Bus, LinuxBus, Switchboard
from edge_agent.sources.i2c_sensor import I2cSensor
from edge_agent.sources.protocol import SourceSettings, Wiring
from firmware_bridge.events import HubDown, HubSamples, HubUp
from firmware_bridge.frames import Hello

__all__ = ["I2cSeatSettings", "I2cSettings", "I2cSource"]

log = logging.getLogger(__name__)

RATE_HZ: Final = 50
_STEP_NS: Final = 1_000_000_000 // RATE_HZ
_SECOND_NS: Final = 1_000_000_000
_CLOSED_S: Final = 0.05
"""How soon the opening of the gate is noticed."""
_MAX_SEATS: Final = 32
_LOWEST_GOOD_RATE_HZ: Final = 25.0
_PACE_NS: Final = 10_000_000_000
_LONGEST_REASON: Final = 200


class I2cSeatSettings(Settings):
    """One seat's accelerometer, and where it is on the bus."""

    seat: Annotated[int, Field(ge=1, le=255)]
    """The room's seat number."""
    sensor: Literal["adxl345", "lis3dh", "mpu6050"]
    """Which accelerometer it is."""
    address: Annotated[int, Field(ge=0x08, le=0x77)]
    """Its address on the bus, such as 0x18; each kind has two, chosen by a pin."""
    mux: Annotated[int, Field(ge=0x70, le=0x77)] | None = None
    """The address of the TCA9548A multiplexer that it is behind, if it is."""
    channel: Annotated[int, Field(ge=0, le=7)] | None = None
    """The channel of that multiplexer."""

    @property
    def way(self) -> tuple[int, int] | None:
        """The multiplexer and its channel; None for one that is on the bus itself."""
        return None if self.mux is None or self.channel is None else (self.mux, self.channel)

    @model_validator(mode="after")
    def _fit_the_sensor(self) -> Self:
        possible = ACCELEROMETERS[self.sensor].addresses
        if self.address not in possible:
            known = " or ".join(f"0x{each:02x}" for each in possible)
            raise ValueError(f"an {self.sensor} answers at {known}, not at 0x{self.address:02x}")
        if (self.mux is None) != (self.channel is None):
            raise ValueError("mux and channel go together")
        return self


class I2cSettings(SourceSettings):
    """Accelerometers on one I2C bus of the Pi."""

    kind: Literal["i2c"] = "i2c"
    """Accelerometers on the Pi's own bus."""
    bus: Annotated[int, Field(ge=0, le=31)] = 1
    """The number in /dev/i2c-1, the bus on the Pi's pins 3 and 5."""
    seat: Annotated[tuple[I2cSeatSettings, ...], Field(min_length=1, max_length=_MAX_SEATS)]
    """The seats, one table each."""

    @property
    def seat_numbers(self) -> tuple[int, ...]:
        return tuple(each.seat for each in self.seat)

    @property
    def claims(self) -> tuple[tuple[str, Any], ...]:
        return (("bus", self.bus),)

    @property
    def multiplexers(self) -> tuple[int, ...]:
        return tuple(sorted({each.mux for each in self.seat if each.mux is not None}))

    @model_validator(mode="after")
    def _refuse_two_at_one_place(self) -> Self:
        taken: dict[tuple[tuple[int, int] | None, int], int] = {}
        for each in self.seat:
            other = taken.setdefault((each.way, each.address), each.seat)
            if other != each.seat:
                raise _at_one_place(
                    each, f"another address or another way than that of seat {other}"
                )
            if each.address in self.multiplexers:
                raise _at_one_place(each, "another address than that of a multiplexer")
        on_the_bus = {each.address: each.seat for each in self.seat if each.way is None}
        for each in self.seat:
            if each.way is not None and each.address in on_the_bus:
                # What is on the bus itself also answers while a channel of a multiplexer is open.
                raise _at_one_place(
                    each,
                    f"another address than that of seat {on_the_bus[each.address]}, which is on "
                    "the bus itself and would answer too",
                )
        return self


def _at_one_place(seat: I2cSeatSettings, expected: str) -> ConfigurationError:
    key = f"the address of seat {seat.seat}"
    return ConfigurationError("settings", key, f"0x{seat.address:02x}", expected)


class I2cSource:
    """Reads the sensors of one bus on a thread of its own."""

    Settings: ClassVar = I2cSettings

    def __init__(
        self,
        settings: I2cSettings,
        wiring: Wiring,
        *,
        open_bus: Callable[[int], Bus] = LinuxBus,
    ) -> None:
        self._settings = settings
        self._wiring = wiring
        self._open_bus = open_bus
        self._sensors: dict[int, I2cSensor] = {}
        self._pace = _Pace()
        self._counts = {"samples": 0, "samples_missing": 0, "reconnects": 0, "is_up": 0}
        self._down: str | None = None

    def run(self, stop: threading.Event) -> None:
        backoff, was_there = Backoff(first_s=0.5, max_s=15.0), False
        while not stop.is_set():
            try:
                bus = self._open_bus(self._settings.bus)
            except (OSError, ImportError) as error:
                if not (was_there and isinstance(error, FileNotFoundError)):
                    self._report_down(_bus_fault(self._settings.bus, error))
                stop.wait(backoff.failed())
                continue
            backoff.reset()
            was_there = True
            self._counts["is_up"], self._down = 1, None
            try:
                self._serve(bus, stop)
            finally:
                bus.close()
                self._counts["is_up"] = 0
            if not stop.is_set():
                self._report_down(_unplugged(self._settings.bus))

    def identify(self, seconds: int = 5) -> None:
        """An accelerometer has no light."""

    def counters(self) -> Mapping[str, int]:
        return dict(self._counts)

    def faults(self) -> tuple[SensorFault, ...]:
        excluded = self._wiring.gate.excluded
        name = self._settings.name
        if self._down is not None:
            return (SensorFault(hub=name, kind="absent", said=self._down),)
        slow = self._pace.too_slow_hz
        rate = () if slow is None else (_rate_fault(name, slow),)
        return rate + tuple(
            SensorFault(
                hub=name, seat=seat, kind="absent",
                said=f"Seat {seat} of {name}: {sensor.fault}; check its plug, cable and address.",
            )
            for seat, sensor in list(self._sensors.items())
            if sensor.fault is not None and seat not in excluded
        )  # fmt: skip

    @classmethod
    def look_over(
        cls, settings: I2cSettings, *, open_bus: Callable[[int], Bus] = LinuxBus
    ) -> Iterator[Finding]:
        """Whether each sensor is there and is what the settings say; none is woken."""
        try:
            bus = open_bus(settings.bus)
        except (OSError, ImportError) as error:
            yield Finding(
                about=settings.name, state="wrong", said=_bus_fault(settings.bus, error),
                advice="`i2cdetect -l` lists the buses that there are",
            )  # fmt: skip
            return
        try:
            sensors = _sensors_on(bus, settings)
            wrong = [f"seat {seat}: {why}" for seat, s in sensors.items() if (why := s.identify())]
        finally:
            bus.close()
        yield Finding(
            about=settings.name, state="wrong" if wrong else "fine",
            said="; ".join(wrong) or f"{len(sensors)} sensors answer on bus {settings.bus}",
            advice=f"check plugs, cables and addresses: `i2cdetect -y {settings.bus}`"
            if wrong else "",
        )  # fmt: skip

    def _serve(self, bus: Bus, stop: threading.Event) -> None:
        """Sample while the gate is open, until `stop` or until the bus is gone."""
        clock, gate = self._wiring.clock, self._wiring.gate
        self._sensors = sensors = _sensors_on(bus, self._settings)
        for sensor in sensors.values():
            sensor.identify()
            sensor.rest()  # it may still be awake from an earlier run
        self._wiring.sink(HubUp(hub=self._settings.name, hello=self._hello()))
        held = _Held()
        due_ns: int | None = None
        look_ns = 0
        while not stop.is_set():
            now_ns = clock.boot_ns()
            if now_ns >= look_ns:
                look_ns = now_ns + _SECOND_NS
                if bus.is_gone():
                    break
            if not gate.is_open(now_ns):
                self._hand_over(held)
                self._pace.forget()
                due_ns = None
                for sensor in sensors.values():
                    sensor.rest()
                stop.wait(_CLOSED_S)
                continue
            if due_ns is None:
                due_ns = now_ns
            if now_ns < due_ns:
                stop.wait(clock.elapsed_until(due_ns))
                continue
            held.times.append(now_ns)
            held.rows.append(self._row(now_ns))
            if len(held.times) >= RATE_HZ // 2 or _begins_a_second(now_ns):
                self._hand_over(held)
            due_ns += _STEP_NS
            self._pace.took(now_ns)
            behind = (clock.boot_ns() - due_ns) // _STEP_NS
            if behind > 0:  # what could not be read in time is missing, and never doubled
                self._counts["samples_missing"] += behind
                due_ns += behind * _STEP_NS
        self._hand_over(held)
        for sensor in sensors.values():
            sensor.rest()

    def _row(self, now_ns: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        """(seats, 3): a seat that has opted out is not read at all."""
        excluded = self._wiring.gate.excluded
        row = np.full((len(self._sensors), 3), np.nan, np.float32)
        for place, (seat, sensor) in enumerate(self._sensors.items()):
            if seat in excluded:
                sensor.rest()
            else:
                row[place] = sensor.acceleration(now_ns)
        return row

    def _hand_over(self, held: _Held) -> None:
        if not held.times:
            return
        self._counts["samples"] += len(held.times)
        self._wiring.sink(
            HubSamples(
                hub=self._settings.name,
                boot_ns=np.array(held.times, dtype=np.int64),
                acceleration=np.stack(held.rows),
            )
        )
        held.times.clear()
        held.rows.clear()

    def _hello(self) -> Hello:
        kinds = sorted({each.sensor for each in self._settings.seat})
        counts_per_g = min(ACCELEROMETERS[kind].counts_per_g for kind in kinds)
        return Hello(
            is_start=True, has_levels=False, tick_hz=_SECOND_NS, sample_rate_hz=float(RATE_HZ),
            counts_per_g=counts_per_g, seats=len(self._settings.seat), hub_id=self._settings.name,
            firmware="i2c", firmware_version="+".join(kinds),
        )  # fmt: skip

    def _report_down(self, reason: str) -> None:
        if reason != self._down:
            self._down = reason
            self._counts["reconnects"] += 1
            self._wiring.sink(HubDown(hub=self._settings.name, reason=reason))


class _Pace:
    """How many samples a second really come, over ten seconds at a time."""

    def __init__(self) -> None:
        self.too_slow_hz: float | None = None
        """The rate of the last ten seconds, if it is too low; kept while nothing is sampled."""
        self.forget()

    def forget(self) -> None:
        """Begin again, as after a break between lessons."""
        self._since_ns: int | None = None
        self._samples = 0

    def took(self, now_ns: int) -> None:
        if self._since_ns is None:
            self._since_ns = now_ns
        self._samples += 1
        if now_ns - self._since_ns >= _PACE_NS:
            rate_hz = (self._samples - 1) / ((now_ns - self._since_ns) / _SECOND_NS)
            self.too_slow_hz = rate_hz if rate_hz < _LOWEST_GOOD_RATE_HZ else None
            self._since_ns, self._samples = now_ns, 1


def _rate_fault(name: str, rate_hz: float) -> SensorFault:
    return SensorFault(
        hub=name, kind="rate",
        said=f"{name} manages {rate_hz:.0f} samples a second, and at least {_LOWEST_GOOD_RATE_HZ:g} "
        "are needed: make its bus faster (dtparam=i2c_arm_baudrate=400000), or connect fewer seats.",
    )  # fmt: skip


class _Held:
    """Samples that wait for company: one event for each would wake the agent too often."""

    def __init__(self) -> None:
        self.times: list[int] = []
        self.rows: list[np.ndarray[Any, np.dtype[np.float32]]] = []


def _begins_a_second(now_ns: int) -> bool:
    """The first sample of a second shows that the one before is complete: it must not wait."""
    return now_ns % _SECOND_NS < _STEP_NS


def _sensors_on(bus: Bus, settings: I2cSettings) -> dict[int, I2cSensor]:
    switchboard = Switchboard(bus, settings.multiplexers)
    return {
        each.seat: I2cSensor(
            kind=ACCELEROMETERS[each.sensor], address=each.address, way=each.way, bus=bus,
            switchboard=switchboard,
        )
        for each in settings.seat
    }  # fmt: skip


def _unplugged(number: int) -> str:
    return f"The adapter of /dev/i2c-{number} is unplugged: plug it in again."


def _bus_fault(number: int, error: Exception) -> str:
    path = f"/dev/i2c-{number}"
    if isinstance(error, ImportError):
        return f"The bus {path} can't be read without smbus2: install roomtone[edge] again."
    why = str(getattr(error, "strerror", None) or error)[:_LONGEST_REASON]
    if isinstance(error, FileNotFoundError):
        return f"There is no {path}: switch I2C on (sudo raspi-config nonint do_i2c 0)."
    if isinstance(error, PermissionError):
        return f"{path} may not be used ({why}): put the agent's user into the group i2c."
    return f"{path} can't be opened ({why})."
