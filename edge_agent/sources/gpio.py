"""Switches on the Pi's pins: vibration, tilt and presence, through gpiozero.

A switch says that a seat moved, or that somebody is there; it says nothing else. Outside lessons,
and for a seat that has opted out, its pins are not open.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, Protocol

import numpy as np
from pydantic import Field

from contract.finding import Finding
from contract.quantities.switches import SWITCH_RATE_HZ
from contract.settings import Settings
from contract.wire.messages import SensorFault
from edge_agent.sources.protocol import SourceSettings, Wiring
from firmware_bridge.events import HubUp, SwitchSamples
from firmware_bridge.frames import Hello

__all__ = ["GpioSettings", "GpioSource", "Input", "InputSettings", "open_input"]

log = logging.getLogger(__name__)

_STEP_NS: Final = 1_000_000_000 // SWITCH_RATE_HZ
_TRY_AGAIN_NS: Final = 5_000_000_000
_CLOSED_S: Final = 0.05
"""How soon the opening of the gate is noticed."""


class InputSettings(Settings):
    """One switch, and the seat that it belongs to."""

    seat: Annotated[int, Field(ge=1, le=255)]
    """The room's seat number; a seat may have several switches."""
    pin: Annotated[int, Field(ge=0, le=27)]
    """The GPIO, by its BCM number."""
    senses: Literal["vibration", "tilt", "presence"]
    """`vibration`: a pulse is a movement; `tilt`: a change is one; `presence`: somebody is there."""
    pull: Literal["up", "down", "none"] = "up"
    """`up`: a contact to ground; `down`: a contact to 3.3 V; `none`: a module that drives the pin."""


class GpioSettings(SourceSettings):
    """Switches on the Pi's pins."""

    kind: Literal["gpio"] = "gpio"
    """Switches on the Pi's pins."""
    input: Annotated[tuple[InputSettings, ...], Field(min_length=1, max_length=26)]
    """The switches, one table each."""

    @property
    def seat_numbers(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(each.seat for each in self.input))

    @property
    def claims(self) -> tuple[tuple[str, Any], ...]:
        return tuple(("pin", each.pin) for each in self.input)

    @property
    def has_switches(self) -> bool:
        return True


class Input(Protocol):
    """What is needed of `gpiozero.DigitalInputDevice`."""

    when_activated: Callable[[], None] | None
    when_deactivated: Callable[[], None] | None

    @property
    def is_active(self) -> bool: ...

    def close(self) -> None: ...


OpenInput = Callable[[InputSettings], Input]


def open_input(settings: InputSettings, *, pin_factory: object = None) -> Input:
    """A pin through gpiozero; raises whatever the library below it raises."""
    # Imported only where there are switches: a Pi has little memory.
    from gpiozero import DigitalInputDevice  # noqa: PLC0415

    if settings.pull == "none":
        device = DigitalInputDevice(
            settings.pin, pull_up=None, active_state=True, pin_factory=pin_factory
        )
    else:
        device = DigitalInputDevice(
            settings.pin, pull_up=settings.pull == "up", pin_factory=pin_factory
        )
    found: Input = device
    return found


class _Switch:
    """One switch while it is open. Its pulses come on a thread of gpiozero's."""

    def __init__(self, settings: InputSettings, device: Input) -> None:
        self.settings = settings
        self.device = device
        self._has_moved = False
        device.when_activated = self._note
        if settings.senses != "vibration":
            device.when_deactivated = self._note

    def take(self) -> bool:
        """Whether something moved since the last call."""
        moved, self._has_moved = self._has_moved, False
        return moved

    def _note(self) -> None:
        self._has_moved = True


class GpioSource:
    """Looks at the switches of a kit twenty times a second while a lesson is on."""

    Settings: ClassVar = GpioSettings

    def __init__(
        self, settings: GpioSettings, wiring: Wiring, *, open_pin: OpenInput = open_input
    ) -> None:
        self._settings = settings
        self._wiring = wiring
        self._open_pin = open_pin
        self._switches: dict[int, _Switch] = {}
        """Pin → its switch, while it is open."""
        self._troubles: dict[int, str] = {}
        """Pin → why it could not be opened."""
        self._try_ns: dict[int, int] = {}
        self._counts = {"samples": 0, "is_up": 0}

    def run(self, stop: threading.Event) -> None:
        clock, gate = self._wiring.clock, self._wiring.gate
        self._wiring.sink(HubUp(hub=self._settings.name, hello=self._hello()))
        self._counts["is_up"] = 1
        due_ns: int | None = None
        try:
            while not stop.is_set():
                now_ns = clock.boot_ns()
                if not gate.is_open(now_ns):
                    due_ns = None
                    self._close(frozenset(self._switches))
                    stop.wait(_CLOSED_S)
                    continue
                if due_ns is None:
                    self._open(now_ns)
                    due_ns = now_ns + _STEP_NS
                elif now_ns >= due_ns:
                    self._open(now_ns)
                    self._hand_over(now_ns)
                    due_ns += max(1, 1 + (now_ns - due_ns) // _STEP_NS) * _STEP_NS
                stop.wait(max(0.0, clock.elapsed_until(due_ns)))
        finally:
            self._close(frozenset(self._switches))
            self._counts["is_up"] = 0

    def identify(self, seconds: int = 5) -> None:
        """A switch has no light."""

    def counters(self) -> Mapping[str, int]:
        return dict(self._counts)

    def faults(self) -> tuple[SensorFault, ...]:
        excluded, troubles = self._wiring.gate.excluded, dict(self._troubles)
        return tuple(
            SensorFault(
                hub=self._settings.name, seat=each.seat, kind="absent",
                said=f"Seat {each.seat} of {self._settings.name}: GPIO {each.pin} can't be used "
                f"({troubles[each.pin]}).",
            )
            for each in self._settings.input
            if each.pin in troubles and each.seat not in excluded
        )  # fmt: skip

    @classmethod
    def look_over(
        cls, settings: GpioSettings, *, open_pin: OpenInput = open_input
    ) -> Iterator[Finding]:
        """Whether each pin can be opened; nothing is sensed."""
        wrong = []
        for each in settings.input:
            try:
                open_pin(each).close()
            except Exception as error:  # noqa: BLE001 - each library below gpiozero has its own
                wrong.append(f"GPIO {each.pin} can't be used ({_why(error)})")
        yield Finding(
            about=settings.name, state="wrong" if wrong else "fine",
            said="; ".join(wrong) or f"all {len(settings.input)} pins can be used",
            advice="is python3-lgpio installed, and the agent's user in the group gpio?"
            if wrong else "",
        )  # fmt: skip

    def _open(self, now_ns: int) -> None:
        """Open what is wanted and closed; close what belongs to a seat that has opted out."""
        excluded = self._wiring.gate.excluded
        self._close(
            frozenset(p for p, each in self._switches.items() if each.settings.seat in excluded)
        )
        for each in self._settings.input:
            is_due = now_ns >= self._try_ns.get(each.pin, 0)
            if each.pin in self._switches or each.seat in excluded or not is_due:
                continue
            try:
                self._switches[each.pin] = _Switch(each, self._open_pin(each))
            except Exception as error:  # noqa: BLE001 - each library below gpiozero has its own
                self._troubles[each.pin] = _why(error)
                self._try_ns[each.pin] = now_ns + _TRY_AGAIN_NS
            else:
                self._troubles.pop(each.pin, None)

    def _close(self, pins: frozenset[int]) -> None:
        for pin in pins:
            self._switches.pop(pin).device.close()

    def _hand_over(self, now_ns: int) -> None:
        seats = self._settings.seat_numbers
        moved = np.full((1, len(seats)), np.nan, np.float32)
        away = set()
        for switch in self._switches.values():
            place, has_moved = seats.index(switch.settings.seat), switch.take()
            moved[0, place] = np.fmax(moved[0, place], float(has_moved))
            is_there = switch.device.is_active or has_moved
            if switch.settings.senses == "presence" and not is_there:
                away.add(place)
        for place in away:  # of an empty seat nothing is known, not even that it is still
            moved[0, place] = np.nan
        self._counts["samples"] += 1
        times = np.array([now_ns], np.int64)
        self._wiring.sink(SwitchSamples(hub=self._settings.name, boot_ns=times, moved=moved))

    def _hello(self) -> Hello:
        kinds = "+".join(sorted({each.senses for each in self._settings.input}))
        return Hello(
            is_start=True, has_levels=False, tick_hz=1, sample_rate_hz=float(SWITCH_RATE_HZ),
            counts_per_g=1, seats=len(self._settings.seat_numbers), hub_id=self._settings.name,
            firmware="gpio", firmware_version=kinds,
        )  # fmt: skip


def _why(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:150]
