"""Finds two kits with one name: live batches of one run, then another run, then the first again.

An agent that restarts never returns to its earlier run, and data that an earlier run left in the
outbox is not live. No data is lost by such a clash: runs are stored separately.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from contract.wire.payload import Batch, Gap

__all__ = ["NameClash"]

_MAX_NODES: Final = 4_096


class NameClash:
    """Remembers the live runs of the latest few thousand nodes."""

    def __init__(self) -> None:
        self._live_runs: OrderedDict[str, tuple[int, int | None]] = OrderedDict()

    def hear(self, message: Batch | Gap) -> tuple[int, int] | None:
        """The two runs that are live under one name after this message, if there are two."""
        if not isinstance(message, Batch) or message.waited_ms is None:
            return None
        current, earlier = self._live_runs.get(message.node, (message.run, None))
        clash = (current, message.run) if message.run == earlier else None
        if message.run != current:
            current, earlier = message.run, current
        self._live_runs[message.node] = current, earlier
        self._live_runs.move_to_end(message.node)
        if len(self._live_runs) > _MAX_NODES:
            self._live_runs.popitem(last=False)
        return clash
