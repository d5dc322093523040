"""The off switch of a kit: what its button and commands pause, with the light that shows it.

The button works without a network and without a lesson, and what it says holds over a reboot: the
pause counts at once, and then goes to the disk. A button that the settings name and that can't be
used pauses the kit too, because nobody could switch it off.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Final

from contract.clock import Clock
from contract.wire.messages import PausedBy
from edge_agent.switch.light import Light
from edge_agent.switch.pause_file import KeptPause, load_pause, store_pause
from edge_agent.switch.pins import OpenPins, Pins, open_pins

if TYPE_CHECKING:
    from edge_agent.settings import SwitchSettings

__all__ = ["OffSwitch"]

log = logging.getLogger(__name__)

_MAX_PRESSES: Final = 16
"""More between two looks of the agent are no decision."""


class OffSwitch:
    """Owns the pins and the pause file. Everything but `run` is for the agent's thread."""

    def __init__(
        self,
        *,
        settings: SwitchSettings,
        path: Path,
        clock: Clock,
        pins: OpenPins = open_pins,
    ) -> None:
        self._settings = settings
        self._path = path
        self._clock = clock
        self._open_pins = pins
        self._pins = Pins()
        self._light: Light | None = None
        self._brightness = settings.led_brightness
        self._pause, self._file_trouble = load_pause(path)
        self._presses: deque[int] = deque(maxlen=_MAX_PRESSES)

    @property
    def paused_by(self) -> frozenset[PausedBy]:
        found: set[PausedBy] = set()
        if self._pause.button_utc_ns is not None:
            found.add("button")
        if self._pause.command_utc_ns is not None:
            found.add("command")
        if self._pins.button_trouble:
            found.add("fault")
        return frozenset(found)

    @property
    def button_utc_ns(self) -> int | None:
        """Since when the button pauses; None if it does not."""
        return self._pause.button_utc_ns

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is wrong with the switch, a sentence each."""
        found = [self._file_trouble]
        if trouble := self._pins.button_trouble:
            found.append(
                f"{trouble}. The kit senses nothing until it can, or until [switch] in its settings "
                "names no button."
            )
        elif self._pause.button_utc_ns is not None and self._settings.button_pin is None:
            found.append(
                "The button has paused this kit, and [switch] in its settings names no button any "
                f"more: name it again, or delete {self._path} and restart the kit."
            )
        if trouble := self._pins.led_trouble:
            found.append(f"{trouble}: nothing on the kit shows whether it senses.")
        return tuple(sentence for sentence in found if sentence)

    def start(self) -> None:
        """Open the pins; what can't be opened is logged and stays in `troubles`."""
        self._pins = self._open_pins(self._settings, self._note_press)
        if self._pins.led is not None:
            self._light = Light(self._pins.led, brightness=self._brightness)
        for sentence in self.troubles:
            log.error("%s", sentence)

    def close(self) -> None:
        self._pins.close()

    def run(self, stop: threading.Event) -> None:
        """The light's thread."""
        if self._light is not None:
            self._light.run(stop)

    def step(self) -> int | None:
        """Obey the presses since the last call; the boot clock at the last one, None without one."""
        pressed_ns: int | None = None
        while self._presses:
            pressed_ns = self._presses.popleft()
            was_paused = self._pause.button_utc_ns is not None
            since_ns = None if was_paused else self._clock.boot_zero_utc_ns() + pressed_ns
            self._keep(KeptPause(button_utc_ns=since_ns, command_utc_ns=self._pause.command_utc_ns))
            log.info("The button %s.", "ends its pause" if was_paused else "pauses this kit")
        return pressed_ns

    def command(self, *, is_paused: bool) -> None:
        """Obey `pause` or `resume`."""
        since_ns = self._clock.utc_ns() if is_paused else None
        if (self._pause.command_utc_ns is None) == is_paused:
            self._keep(KeptPause(button_utc_ns=self._pause.button_utc_ns, command_utc_ns=since_ns))

    def show(self, *, is_sampling: bool, paused_by: frozenset[PausedBy]) -> None:
        """Make the light show this."""
        if self._light is None:
            return
        if "button" in paused_by or "fault" in paused_by:
            self._light.show("paused_here")
        elif paused_by:
            self._light.show("paused_elsewhere")
        else:
            self._light.show("senses" if is_sampling else "waits")

    def set_brightness(self, brightness: float) -> None:
        """How bright the light is from its next step on."""
        self._brightness = brightness
        if self._light is not None:
            self._light.brightness = brightness

    def identify(self) -> None:
        """Blink, so that somebody finds the kit."""
        if self._light is not None:
            self._light.identify()

    def _note_press(self) -> None:
        self._presses.append(self._clock.boot_ns())

    def _keep(self, pause: KeptPause) -> None:
        self._pause = pause
        self._file_trouble = store_pause(self._path, pause)
        if self._file_trouble:
            log.error("%s", self._file_trouble)
