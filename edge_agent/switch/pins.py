"""Opens the button and the light on the Pi's pins, through gpiozero.

`GPIOZERO_PIN_FACTORY=mock` in the environment gives a kit pins that are not there, as gpiozero
documents it; tests pass gpiozero's mock factory themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from edge_agent.switch.light import Led

if TYPE_CHECKING:
    from edge_agent.settings import SwitchSettings

__all__ = ["Button", "OpenPins", "Pins", "open_pins"]

_BOUNCE_S: Final = 0.05
"""A button's contact bounces for some milliseconds; nobody presses twice within this time."""


class Button(Protocol):
    """What the switch needs of `gpiozero.Button`."""

    when_pressed: Callable[[], None] | None

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """What could be opened, and a sentence about each that could not."""

    button: Button | None = None
    led: Led | None = None
    button_trouble: str = ""
    led_trouble: str = ""

    def close(self) -> None:
        for device in (self.button, self.led):
            if device is not None:
                device.close()


OpenPins = Callable[["SwitchSettings", Callable[[], None]], Pins]


def open_pins(
    settings: SwitchSettings, on_press: Callable[[], None], *, pin_factory: object = None
) -> Pins:
    """Open the pins that the settings name; `on_press` is called on a thread of gpiozero's."""
    button, button_trouble = _opened("button", settings.button_pin, pin_factory)
    led, led_trouble = _opened("light", settings.led_pin, pin_factory)
    if button is not None:
        button.when_pressed = on_press
    return Pins(button=button, led=led, button_trouble=button_trouble, led_trouble=led_trouble)


def _opened(what: str, pin: int | None, pin_factory: object) -> tuple[Any, str]:
    if pin is None:
        return None, ""
    try:
        # Imported only where there is a pin to open: a Pi has little memory.
        from gpiozero import PWMLED, Button  # noqa: PLC0415

        if what == "button":
            return Button(pin, bounce_time=_BOUNCE_S, pin_factory=pin_factory), ""
        return PWMLED(pin, pin_factory=pin_factory), ""
    except Exception as error:  # noqa: BLE001  # each library below gpiozero has errors of its own
        return None, f"The {what} on GPIO {pin} can't be used ({type(error).__name__}: {error})"
