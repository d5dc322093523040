"""Settings that the server may push to a kit: what holds otherwise than in the kit's own file.

Adding one is one line in `PUSHED` and what applies it. What a kit has no hardware for, or what is out of
range, is refused with a sentence, and the kit keeps what its file says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from edge_agent.publishing.delivery import Delivery
from edge_agent.settings import EdgeSettings
from edge_agent.switch.off_switch import OffSwitch

__all__ = ["PUSHED", "PushedSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pushed:
    low: float
    high: float
    own: Callable[[EdgeSettings], float]
    """What the kit's own file says."""
    missing: Callable[[EdgeSettings], str] = lambda _: ""
    """What the kit does not have for it."""


PUSHED: Final[Mapping[str, _Pushed]] = MappingProxyType({
    "spill_s": _Pushed(low=1.0, high=600.0, own=lambda settings: settings.delivery.spill_s),
    "led_brightness": _Pushed(
        low=0.02, high=1.0, own=lambda settings: settings.switch.led_brightness,
        missing=lambda settings: "" if settings.switch.led_pin is not None
        else "this kit has no light ([switch] led_pin)",
    ),
})  # fmt: skip
"""By the key's name in edge.toml."""


class PushedSettings:
    """Applies what was pushed, and what the file says where nothing is."""

    def __init__(self, *, settings: EdgeSettings, delivery: Delivery, switch: OffSwitch) -> None:
        self.followed: dict[str, float] = {}
        self.troubles: tuple[str, ...] = ()
        self._settings = settings
        self._apply: dict[str, Callable[[float], None]] = {
            "spill_s": delivery.set_spill_s,
            "led_brightness": switch.set_brightness,
        }

    def follow(self, pushed: Mapping[str, float]) -> None:
        followed: dict[str, float] = {}
        troubles = []
        for name, value in sorted(pushed.items()):
            if why := self._refusal(name, value):
                troubles.append(f"{name} = {value:g} can't be followed: {why}")
            else:
                followed[name] = value
        for name, apply in self._apply.items():
            apply(followed.get(name, PUSHED[name].own(self._settings)))
        self.followed, self.troubles = followed, tuple(troubles)

    def _refusal(self, name: str, value: float) -> str:
        known = PUSHED.get(name)
        if known is None:
            return f"this version can be pushed {', '.join(PUSHED)} alone"
        if missing := known.missing(self._settings):
            return missing
        if not known.low <= value <= known.high:
            return f"it goes from {known.low:g} to {known.high:g}"
        return ""
