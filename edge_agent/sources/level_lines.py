"""What a sound-level meter says in lines of text, as levels of eighths of a second. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["SLOT_NS", "LevelLines", "LevelSlots", "Slot"]

SLOT_NS: Final = 125_000_000
_MIN_SHARE: Final = 0.6
_LONGEST_STAND: Final = 1.5
"""A level stands for the time since the one before, but for no more than so many intervals."""
_MAX_LINE: Final = 256
_PLAUSIBLE_DB: Final = (0.0, 150.0)


class LevelLines:
    """Bytes in, levels out. A line without a level is counted and left out."""

    def __init__(self, pattern: str) -> None:
        self.refused = 0
        self.last_refused = ""
        """The last line without a level, shortened, for a person to read."""
        self._pattern = re.compile(pattern)
        self._held = b""

    def feed(self, data: bytes) -> Iterator[float]:
        """The levels of the lines that these bytes complete, in dB."""
        *lines, held = re.split(rb"[\r\n]+", self._held + data)
        self._held = held[-_MAX_LINE:]
        for line in lines:
            text = line.decode("ascii", "replace").strip()
            if not text:
                continue
            level = self._level(text)
            if level is None:
                self.refused += 1
                self.last_refused = text[:40]
            else:
                yield level

    def forget(self) -> None:
        """What has come of a line is not of the next one."""
        self._held = b""

    def _level(self, text: str) -> float | None:
        found = self._pattern.search(text)
        try:
            level = float(found.group(1)) if found else math.nan
        except ValueError:
            return None
        return level if _PLAUSIBLE_DB[0] <= level <= _PLAUSIBLE_DB[1] else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """An eighth of a second of the boot clock: the level of its mean energy, and the highest."""

    begins_ns: int
    mean_db: float
    highest_db: float


class LevelSlots:
    """Lays levels that come when the meter likes onto eighths of a second, by their energy.

    Each level stands for the time since the one before. A slot that is covered by less than 60 %
    does not come out: it is missing.
    """

    def __init__(self, *, interval_s: float) -> None:
        self._stands_ns = round(_LONGEST_STAND * interval_s * 1e9)
        self._last_ns: int | None = None
        self._open: dict[int, tuple[float, int, float]] = {}
        """Slot → energy times ns, ns, highest level."""

    def add(self, at_ns: int, level_db: float) -> Iterator[Slot]:
        """Add a level that came at a time of the boot clock; yields the slots that are over."""
        last_ns, self._last_ns = self._last_ns, at_ns
        if last_ns is None:
            return  # nobody knows for how long the first one stands
        begin = max(last_ns, at_ns - self._stands_ns)
        energy = 10.0 ** (level_db / 10.0)
        while begin < at_ns:
            slot = begin // SLOT_NS
            end = min(at_ns, (slot + 1) * SLOT_NS)
            total, covered, highest = self._open.get(slot, (0.0, 0, -math.inf))
            self._open[slot] = (
                total + energy * (end - begin), covered + end - begin, max(highest, level_db)
            )  # fmt: skip
            begin = end
        for slot in sorted(slot for slot in self._open if (slot + 1) * SLOT_NS <= at_ns):
            total, covered, highest = self._open.pop(slot)
            if covered >= _MIN_SHARE * SLOT_NS:
                mean_db = 10.0 * math.log10(max(total / covered, 1e-12))
                yield Slot(begins_ns=slot * SLOT_NS, mean_db=mean_db, highest_db=highest)

    def forget(self) -> None:
        """Nothing stands for the time that passes until the next level, as after a gap."""
        self._last_ns = None
        self._open.clear()
