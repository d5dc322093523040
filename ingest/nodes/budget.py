"""Limits how much data of one node is stored: what a kit can sense, and a long backlog.

A kit of 64 seats makes 1.7 kB of values a second, in one batch and at most one gap for each of its
hubs. A broken kit could send thousands of times as much, in valid batches and gaps, until the disk
is full for everybody.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from contract.clock import SECOND_NS

__all__ = ["NodeBudget"]

_BYTES_A_SECOND: Final = 8_192
_RECORD_BYTES: Final = 256
"""What a batch or gap costs besides its values: its rows in the ledger and the list of changes."""
_MAX_NODES: Final = 4_096


class NodeBudget:
    """Each node has a budget of bytes that refills slowly and is full at first."""

    def __init__(self, *, burst_bytes: int) -> None:
        self._burst = burst_bytes
        self._left: OrderedDict[str, tuple[float, int]] = OrderedDict()
        """Node → bytes left, and the elapsed time of that value."""
        self._pending: list[tuple[str, int]] = []

    def take(self, node: str, size: int, now_ns: int) -> bool:
        """Whether a node's batch with so many bytes of values, or a gap, may be stored.

        The caller calls `settle` or `undo` afterwards.
        """
        size += _RECORD_BYTES
        left, then_ns = self._left.pop(node, (float(self._burst), now_ns))
        left = min(self._burst, left + (now_ns - then_ns) / SECOND_NS * _BYTES_A_SECOND)
        is_granted = size <= left
        if is_granted:
            left -= size
            self._pending.append((node, size))
        self._left[node] = left, now_ns
        if len(self._left) > _MAX_NODES:
            self._left.popitem(last=False)
        return is_granted

    def settle(self) -> None:
        """What was granted has been stored."""
        self._pending.clear()

    def undo(self) -> None:
        """What was granted since the last `settle` was not stored after all."""
        for node, size in self._pending:
            if node in self._left:
                left, then_ns = self._left[node]
                self._left[node] = left + size, then_ns
        self._pending.clear()
