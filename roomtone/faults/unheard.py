"""Where a hub's samples left it and never reached the edge, by the edge's own word.

Sampled is what the edge received as good frames. What it did not receive it knows by the hub's
ticks, and says so; what it received and made nothing of it does not call so, and that stays lost.
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
"""The edge's word that a hub's own count of ticks has a hole: nothing of it was received."""


def unheard(log: Path) -> list[Blind]:
    """What an edge's log tells of holes in its hubs' ticks, over all of its runs."""
    told = log.read_text(encoding="utf-8", errors="replace")
    return [
        Blind(
            first_s=int(found["after"]) // 1000,
            last_s=int(found["before"]) // 1000,
            why="frames missing by the hub's ticks",
            line=found["hub"],
        )
        for found in _NEVER_CAME.finditer(told)
    ]
