"""The quantities: what is measured, in which unit, and how a value becomes 16 bits.

Adding a quantity is one entry in one of the two tables, and its formula in `motion` or `sound`.
A value travels and is kept as `round((value - offset) / scale)` in a u16; 65535 is missing.
Values outside the range are clipped to its ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["MISSING", "ROOM_QUANTITIES", "SEAT_QUANTITIES", "Quantity", "decode", "encode"]

MISSING: Final = 65535
"""The u16 for a missing value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One row of the table. `code` is its number in payloads; its meaning never changes."""

    code: int
    name: str
    scope: Literal["seat", "room"]
    unit: str
    scale: float
    offset: float
    meaning: str

    @property
    def highest(self) -> float:
        """The largest value that can be kept."""
        return self.offset + self.scale * (MISSING - 1)


def _level(code: int, name: str, meaning: str, unit: str = "dB re 1 mg") -> Quantity:
    # A second's RMS of 50 samples is uncertain by about 0.9 dB; a step of 0.25 dB adds 0.07.
    return Quantity(
        code=code, name=name, scope="seat", unit=unit, scale=0.25, offset=-40.0, meaning=meaning
    )


SEAT_QUANTITIES: Final[tuple[Quantity, ...]] = (
    _level(1, "motion_rms", "acceleration without gravity, all axes"),
    _level(2, "rms_major", "the acceleration along the seat's strongest axis"),
    _level(3, "rms_middle", "the acceleration along the second axis"),
    _level(4, "rms_minor", "the acceleration along the weakest axis"),
    _level(5, "jerk_rms", "change of acceleration", "dB re 1 mg/s"),
    _level(6, "band_0_1", "movement between 0.3 and 1 Hz"),
    _level(7, "band_1_3", "movement between 1 and 3 Hz"),
    _level(8, "band_3_6", "movement between 3 and 6 Hz"),
    _level(9, "band_6_12", "movement between 6 and 12 Hz"),
    _level(10, "band_12_24", "movement between 12 and 24 Hz"),
    Quantity(
        code=11, name="stillness", scope="seat", unit="1", scale=0.25, offset=0.0,
        meaning="share of quarter-seconds under the seat's own floor",
    ),
    Quantity(
        code=12, name="wiggle_count", scope="seat", unit="1", scale=1.0, offset=0.0,
        meaning="movements that began in the second",
    ),
    Quantity(
        code=13, name="tilt_change", scope="seat", unit="deg", scale=0.1, offset=0.0,
        meaning="angle between this second's and the last second's gravity",
    ),
)  # fmt: skip
"""The thirteen quantities of a seat, in their order in payloads and in the store."""


def _sound(code: int, name: str, meaning: str) -> Quantity:
    return Quantity(
        code=code, name=name, scope="room", unit="dB(A)", scale=0.1, offset=0.0, meaning=meaning
    )


ROOM_QUANTITIES: Final[tuple[Quantity, ...]] = (
    _sound(1, "laeq_1s", "equivalent continuous level over the second"),
    _sound(2, "lafmax", "highest level with time weighting F in the second"),
    _sound(3, "la10", "level exceeded for 10 % of the second"),
    _sound(4, "la90", "level exceeded for 90 % of the second"),
    Quantity(
        code=5, name="sound_onsets", scope="room", unit="1", scale=1.0, offset=0.0,
        meaning="rises of 6 dB or more within a quarter-second",
    ),
)  # fmt: skip
"""The five quantities of a room, in their order in payloads and in the store."""


def _scales(table: tuple[Quantity, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.array([q.scale for q in table]), np.array([q.offset for q in table])


_SCALES: Final = {"seat": _scales(SEAT_QUANTITIES), "room": _scales(ROOM_QUANTITIES)}
_CODES: Final = {
    "seat": tuple(q.code for q in SEAT_QUANTITIES), "room": tuple(q.code for q in ROOM_QUANTITIES)
}  # fmt: skip


def encode(values: ArrayLike, scope: Literal["seat", "room"]) -> NDArray[np.uint16]:
    """Scale float values to u16; the quantities run along the last axis, NaN becomes MISSING.

    Infinite values are clipped like any other value outside the range.
    """
    scale, offset = _SCALES[scope]
    array = np.asarray(values, dtype=np.float64)
    missing = np.isnan(array)
    scaled = np.rint((np.where(missing, 0.0, array) - offset) / scale)
    kept = np.clip(scaled, 0, MISSING - 1).astype(np.uint16)
    kept[missing] = MISSING
    return kept


def decode(
    kept: NDArray[np.uint16],
    scope: Literal["seat", "room"],
    *,
    codes: tuple[int, ...] | None = None,
) -> NDArray[np.float32]:
    """The values of u16 codes; the quantities run along the last axis, MISSING becomes NaN.

    `codes` names the quantities of `kept` if they differ from the table: a kit of another version
    may have fewer, others, or another order. The result has the table's quantities in its order,
    with NaN for those that `kept` does not have.
    """
    scale, offset = _SCALES[scope]
    if codes is not None and codes != _CODES[scope]:
        kept = _by_code(kept, codes, _CODES[scope])
    values = (kept * scale + offset).astype(np.float32)
    values[kept == MISSING] = np.nan
    return values


def _by_code(
    kept: NDArray[np.uint16], codes: tuple[int, ...], wanted: tuple[int, ...]
) -> NDArray[np.uint16]:
    place = {code: at for at, code in enumerate(codes)}
    found = np.full((*kept.shape[:-1], len(wanted)), MISSING, np.uint16)
    for at, code in enumerate(wanted):
        if code in place:
            found[..., at] = kept[..., place[code]]
    return found
