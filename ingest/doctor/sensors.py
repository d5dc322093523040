"""What a kit says is wrong with its sensors, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from contract.finding import State
from contract.language import N_, _
from contract.wire.messages import SensorFault

__all__ = ["sensor_findings"]

_MAX_SHOWN: Final = 5
_OF_A_SEAT: Final = {
    "absent": N_("has no answer from the sensor of seat {seat} ({hub})"),
    "stuck": N_(
        "has one and the same value from the sensor of seat {seat} ({hub}); it is left out"
    ),
    "range": N_("has impossible values from the sensor of seat {seat} ({hub}); they are left out"),
}
_OF_A_HUB: Final = {
    "absent": N_("can't read {hub}"),
    "stuck": N_("has one and the same level from {hub}; it is left out"),
    "rate": N_("gets too few samples a second from {hub}"),
    "settings": N_("has other seats on {hub} than its settings name"),
}
_OTHER: Final = N_("has trouble with the sensors of {hub}")


def sensor_findings(faults: tuple[SensorFault, ...]) -> Iterator[tuple[State, str, str]]:
    """State, what is wrong, and the kit's own sentence, which says what to do."""
    for fault in faults[:_MAX_SHOWN]:
        if fault.seat is not None and fault.kind in _OF_A_SEAT:
            said = _(_OF_A_SEAT[fault.kind], seat=fault.seat, hub=fault.hub)
        else:
            said = _(_OF_A_HUB.get(fault.kind, _OTHER), hub=fault.hub)
        yield "wrong", said, _("the kit says: {sentence}", sentence=fault.said)
    more = len(faults) - _MAX_SHOWN
    if more > 0:
        yield (
            "wrong", _("has {n} more faults of sensors", n=more),
            _("run `roomtone doctor` on it"),
        )  # fmt: skip
