"""CPU time and memory of processes, as the kernel counts them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["ProcessCosts", "ProcessUse"]

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessUse:
    """What one program took while the rooms sent; memory is resident, in MB."""

    name: str
    cpu_s: float
    cpu_share: float
    """Of one core."""
    memory_mb: float
    """At the end."""
    memory_quarter_mb: float
    """After a quarter of the time."""
    memory_peak_mb: float


@dataclass(slots=True)
class _Watched:
    pid: int
    begun_s: float
    """CPU when this was watched first; 0 for a process that began meanwhile."""
    used_s: float = 0.0
    """Of this process since then."""
    earlier_s: float = 0.0
    """Of the processes of this name before."""
    memory_mb: float = 0.0
    quarter_mb: float = 0.0
    peak_mb: float = 0.0


class ProcessCosts:
    """Watches programs by name; one that is started again counts on."""

    def __init__(self) -> None:
        self._watched: dict[str, _Watched] = {}

    def look(self, pids: dict[str, int], *, share_done: float) -> None:
        """Look at the processes; `share_done` is how much of the load is over, 0 to 1."""
        for name, pid in pids.items():
            found = _look(pid)
            if found is None:
                continue
            cpu_s, memory_mb = found
            known = self._watched.get(name)
            if known is None:
                known = self._watched[name] = _Watched(pid, cpu_s)
            elif known.pid != pid:
                known.earlier_s += known.used_s
                known.pid, known.begun_s = pid, 0.0
            known.used_s = cpu_s - known.begun_s
            known.memory_mb = memory_mb
            known.peak_mb = max(known.peak_mb, memory_mb)
            if share_done <= 0.25 or not known.quarter_mb:
                known.quarter_mb = memory_mb

    def uses(self, seconds: float) -> list[ProcessUse]:
        """What each of them took in so many seconds."""
        return [
            ProcessUse(
                name=name,
                cpu_s=round(each.earlier_s + each.used_s, 2),
                cpu_share=round((each.earlier_s + each.used_s) / seconds, 4),
                memory_mb=round(each.memory_mb, 1),
                memory_quarter_mb=round(each.quarter_mb, 1),
                memory_peak_mb=round(each.peak_mb, 1),
            )
            for name, each in self._watched.items()
        ]

    def share_of(self, name: str, seconds: float) -> float:
        """CPU share so far of one of them."""
        known = self._watched.get(name)
        return 0.0 if known is None else (known.earlier_s + known.used_s) / max(seconds, 1e-9)

    def memory_of(self, name: str) -> float:
        known = self._watched.get(name)
        return 0.0 if known is None else known.memory_mb


def _look(pid: int) -> tuple[float, float] | None:
    """CPU seconds so far and resident MB; None if the process has ended."""
    try:
        # The name in brackets may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        fields_after = fields.rpartition(")")[2].split()
        cpu_s = (int(fields_after[11]) + int(fields_after[12])) / _TICKS
        return cpu_s, int(fields_after[21]) * _PAGE / 1e6
    except (OSError, IndexError, ValueError):
        return None
