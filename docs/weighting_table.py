"""Writes the table of docs/sound-levels.md: `python docs/weighting_table.py`.

It feeds a pure tone of each frequency of IEC 61672-1:2013, table 3, through the weighting that a
kit uses, and lays the error beside the standard's acceptance limits. `--print` prints it alone.
"""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path
from typing import Final

import numpy as np

from contract.quantities.sound import AWeighting, energy_mean

PAGE: Final = Path(__file__).parent / "sound-levels.md"
RATE_HZ: Final = 48_000
_NO_LIMIT: Final = -math.inf

# Nominal frequency, A-weighting in dB, limits of class 1 and of class 2 (upper, lower).
STANDARD: Final = (
    (10, -70.4, (3.0, _NO_LIMIT), (5.0, _NO_LIMIT)),
    (12.5, -63.4, (2.5, _NO_LIMIT), (5.0, _NO_LIMIT)),
    (16, -56.7, (2.0, -4.0), (5.0, _NO_LIMIT)),
    (20, -50.5, (2.0, -2.0), (3.0, -3.0)),
    (25, -44.7, (2.0, -1.5), (3.0, -3.0)),
    (31.5, -39.4, (1.5, -1.5), (3.0, -3.0)),
    (40, -34.6, (1.0, -1.0), (2.0, -2.0)),
    (50, -30.2, (1.0, -1.0), (2.0, -2.0)),
    (63, -26.2, (1.0, -1.0), (2.0, -2.0)),
    (80, -22.5, (1.0, -1.0), (2.0, -2.0)),
    (100, -19.1, (1.0, -1.0), (1.5, -1.5)),
    (125, -16.1, (1.0, -1.0), (1.5, -1.5)),
    (160, -13.4, (1.0, -1.0), (1.5, -1.5)),
    (200, -10.9, (1.0, -1.0), (1.5, -1.5)),
    (250, -8.6, (1.0, -1.0), (1.5, -1.5)),
    (315, -6.6, (1.0, -1.0), (1.5, -1.5)),
    (400, -4.8, (1.0, -1.0), (1.5, -1.5)),
    (500, -3.2, (1.0, -1.0), (1.5, -1.5)),
    (630, -1.9, (1.0, -1.0), (1.5, -1.5)),
    (800, -0.8, (1.0, -1.0), (1.5, -1.5)),
    (1000, 0.0, (0.7, -0.7), (1.0, -1.0)),
    (1250, 0.6, (1.0, -1.0), (1.5, -1.5)),
    (1600, 1.0, (1.0, -1.0), (2.0, -2.0)),
    (2000, 1.2, (1.0, -1.0), (2.0, -2.0)),
    (2500, 1.3, (1.0, -1.0), (2.5, -2.5)),
    (3150, 1.2, (1.0, -1.0), (2.5, -2.5)),
    (4000, 1.0, (1.0, -1.0), (3.0, -3.0)),
    (5000, 0.5, (1.5, -1.5), (3.5, -3.5)),
    (6300, -0.1, (1.5, -2.0), (4.5, -4.5)),
    (8000, -1.1, (1.5, -2.5), (5.0, -5.0)),
    (10000, -2.5, (2.0, -3.0), (5.0, _NO_LIMIT)),
    (12500, -4.3, (2.0, -5.0), (5.0, _NO_LIMIT)),
    (16000, -6.6, (2.5, -16.0), (5.0, _NO_LIMIT)),
    (20000, -9.3, (3.0, _NO_LIMIT), (5.0, _NO_LIMIT)),
)


def exact_hz(nominal_hz: float) -> float:
    """The frequency that a nominal one stands for: 1 kHz times a power of 10 ** 0.1."""
    return float(1000.0 * 10.0 ** (round(10.0 * math.log10(nominal_hz / 1000.0)) / 10.0))


def weighted_db(frequency_hz: float, *, seconds: float = 4.0) -> float:
    """What the weighting makes of a tone, in dB, relative to its own level."""
    full_scale_db, amplitude = 120.0, 0.5
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    wave = np.rint(amplitude * np.sin(2.0 * np.pi * frequency_hz * at) * 2**31)
    weighting = AWeighting(full_scale_db=full_scale_db, rate_hz=RATE_HZ)
    # What the filter does at the beginning does not count.
    levels = weighting.short_laeq(wave.astype(np.int32))[8:].astype(np.float64)
    return energy_mean(levels) - full_scale_db - 20.0 * math.log10(amplitude / math.sqrt(2.0))


def errors() -> list[tuple[float, float, float]]:
    """(nominal frequency, what came out, its error) in dB, from 10 Hz to 20 kHz."""
    found = []
    for nominal, level, *_ in STANDARD:
        came = weighted_db(exact_hz(nominal))
        found.append((float(nominal), came, came - level))
    return found


def table() -> str:
    lines = [
        "| Hz | A-weighting | measured | error | class 1 | class 2 |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for (nominal, came, error), (_, level, one, two) in zip(errors(), STANDARD, strict=True):
        lines.append(
            f"| {nominal:g} | {_signed(level, 1)} | {_signed(came, 2)} | {_signed(error, 2)} | "
            f"{_limits(*one)} | {_limits(*two)} |"
        )
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """The page with the table as it is now."""
    return re.sub(r"(?s)\| Hz \|.*?\n(?=\n)", lambda _: table(), text, count=1)


def _signed(value: float, digits: int) -> str:
    rounded = round(value, digits) + 0.0  # no minus zero
    return f"{rounded:+.{digits}f}".replace("-", "−") if rounded else f"{0.0:.{digits}f}"


def _limits(upper: float, lower: float) -> str:
    if upper == -lower:
        return f"±{upper:.1f}"
    return f"+{upper:.1f}, −" + ("∞" if lower == _NO_LIMIT else f"{-lower:.1f}")


if __name__ == "__main__":
    if "--print" in sys.argv:
        print(table(), end="")
    else:
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        print(f"wrote {PAGE}")
