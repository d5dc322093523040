"""One accelerometer on the bus: asleep until it is wanted, and asked again while it is silent.

Time is passed in, and the bus too.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.sources.accelerometers import Accelerometer
from edge_agent.sources.i2c_bus import Bus, Switchboard

__all__ = ["I2cSensor"]

_ASK_AGAIN_NS: Final = 1_000_000_000
"""A sensor that is silent, or asleep without being asked to, is looked at again after this."""
_NEVER_MEASURED: Final = bytes(6)
"""What the registers of a sensor hold that has lost its power: gravity is never 0 on all axes."""
_SILENT: Final = np.full(3, np.nan, np.float32)


class I2cSensor:
    """Reads one seat's acceleration. No method raises for what the bus does."""

    def __init__(
        self,
        *,
        kind: Accelerometer,
        address: int,
        way: tuple[int, int] | None,
        bus: Bus,
        switchboard: Switchboard,
    ) -> None:
        self._kind = kind
        self._address = address
        self._way = way
        self._bus = bus
        self._switchboard = switchboard
        self._valid_from_ns: int | None = None
        """When what it says becomes a measurement; None while it sleeps or is silent."""
        self._look_ns = 0
        self._may_be_awake = True
        self.fault: str | None = None
        """What is wrong with it, as the end of a sentence."""

    @property
    def where(self) -> str:
        """Its place on the bus, for a person."""
        place = f"0x{self._address:02x}"
        if self._way is None:
            return place
        return f"{place} behind channel {self._way[1]} of 0x{self._way[0]:02x}"

    def acceleration(self, now_ns: int) -> NDArray[np.float32]:
        """(3,) in g; NaN while it does not answer or has only just been woken."""
        if now_ns >= self._look_ns:
            self._look_ns = now_ns + _ASK_AGAIN_NS
            self._look(now_ns)
        if self._valid_from_ns is None or now_ns < self._valid_from_ns:
            return _SILENT
        try:
            self._switchboard.select(self._way)
            raw = self._bus.read(self._address, self._kind.data, 6)
        except OSError:
            self._give_up(f"nothing answers at {self.where}")
            return _SILENT
        if raw == _NEVER_MEASURED:
            self._look_ns = 0
            return _SILENT
        return self._kind.in_g(raw)

    def rest(self) -> None:
        """Stop it from measuring; it is not read until `acceleration` is called again."""
        if not self._may_be_awake:
            return
        self._valid_from_ns, self._look_ns, self._may_be_awake = None, 0, False
        try:
            self._switchboard.select(self._way)
            self._write(self._kind.sleep)
        except OSError:
            self._give_up(f"nothing answers at {self.where}")

    def identify(self) -> str | None:
        """Whether it is what the settings say: None, or what is wrong. It is not woken."""
        try:
            self._switchboard.select(self._way)
            self.fault = self._identity_fault()
        except OSError:
            self.fault = f"nothing answers at {self.where}"
        return self.fault

    def _look(self, now_ns: int) -> None:
        """Wake it, or see whether it is still awake: one that lost its power is not."""
        try:
            self._switchboard.select(self._way)
            if self._valid_from_ns is not None and self._is_awake():
                return
            fault = self._identity_fault()
            if fault is not None:
                self._give_up(fault)
                return
            self._may_be_awake = True
            self._write(self._kind.wake)
        except OSError:
            self._give_up(f"nothing answers at {self.where}")
        else:
            self.fault = None
            self._valid_from_ns = now_ns + self._kind.settle_ms * 1_000_000

    def _is_awake(self) -> bool:
        register, value = self._kind.wake[-1]
        return self._bus.read(self._address, register, 1) == bytes((value,))

    def _identity_fault(self) -> str | None:
        register, value = self._kind.identity
        found = self._bus.read(self._address, register, 1)[0]
        if found == value:
            return None
        name = self._kind.name.upper()
        return f"what answers at {self.where} is no {name} (0x{found:02x} instead of 0x{value:02x})"

    def _write(self, registers: tuple[tuple[int, int], ...]) -> None:
        for register, value in registers:
            self._bus.write(self._address, register, value)

    def _give_up(self, fault: str) -> None:
        self.fault = fault
        self._valid_from_ns = None
