"""The kit's light: what it shows, as levels and how long each one lasts.

Lit means that the kit senses. A pause is one short flash every two seconds if this kit's own button
made it, two if it came from elsewhere: a page, another kit, a command.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, Protocol

__all__ = ["LOOKS", "Led", "Light", "Look"]

Look = Literal["senses", "waits", "paused_here", "paused_elsewhere", "identify"]

LOOKS: Final[Mapping[Look, tuple[tuple[int, float], ...]]] = MappingProxyType({
    "senses": ((1, 1.0),),
    "waits": ((0, 1.0),),
    "paused_here": ((1, 0.1), (0, 1.9)),
    "paused_elsewhere": ((1, 0.1), (0, 0.2), (1, 0.1), (0, 1.6)),
    "identify": ((1, 0.1), (0, 0.1)),
})  # fmt: skip
"""Look → its steps, each on (1) or off (0) for so many seconds. None is longer than 2 s, so that
the light's thread ends soon."""


class Led(Protocol):
    """What the light needs of `gpiozero.PWMLED`."""

    value: float

    def close(self) -> None: ...


class Light:
    """Shows a look on an LED until it gets another one; `run` is a thread of the agent's."""

    def __init__(self, led: Led, *, brightness: float) -> None:
        self.brightness = brightness
        self._led = led
        self._look: Look = "waits"
        self._shown: Look | None = None
        self._next = 0
        self._steps_to_identify = 0
        self._changed = threading.Event()

    def show(self, look: Look) -> None:
        if look != self._look:
            self._look = look
            self._changed.set()

    def identify(self, seconds: int = 5) -> None:
        """Blink quickly for so long, then show what was shown before."""
        self._steps_to_identify = 10 * seconds
        self._changed.set()

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self._changed.clear()
            self._changed.wait(self.step())
        self._led.value = 0

    def step(self) -> float:
        """Show the next step; returns how many seconds it lasts."""
        look: Look = "identify" if self._steps_to_identify else self._look
        if look == "identify":
            self._steps_to_identify -= 1
        if look != self._shown:
            self._shown, self._next = look, 0
        steps = LOOKS[look]
        is_on, seconds = steps[self._next % len(steps)]
        self._next += 1
        self._led.value = is_on * self.brightness
        return seconds
