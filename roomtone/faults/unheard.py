"""Reads from the edge's log which samples a hub sent but the edge never received.

Sampled means that the edge received good frames. It knows missing samples from the hub's ticks, and
logs them. Samples that it received but did not use are not logged in this way; they stay lost.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from roomtone.audit.oracle import Blind

__all__ = ["unheard"]

_NEVER_CAME: Final = re.compile(
    r"(?P<hub>\S+): \d+ samples between (?P<after>\d+) and (?P<before>\d+) ms of the boot clock "
    r"never came\."
)
"""The edge's log line about a hole in a hub's ticks: nothing of it was received."""


def unheard(log: Path) -> list[Blind]:
    """The holes in hubs' ticks, from an edge's log of all its runs."""
    text = log.read_text(encoding="utf-8", errors="replace")
    return [
        Blind(
            first_s=int(found["after"]) // 1000,
            last_s=int(found["before"]) // 1000,
            why="frames missing by the hub's ticks",
            line=found["hub"],
        )
        for found in _NEVER_CAME.finditer(text)
    ]
