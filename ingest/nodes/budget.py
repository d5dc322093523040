"""How much one node may have kept: what a kit can sense, and a long backlog on top.

A kit of 64 seats makes 1.7 kB of values a second, in one batch and at worst a gap for each of its
hubs. One that is mad can send thousands of times as much, each batch and gap as good as any, until the
disk is full for everybody.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from contract.clock import SECOND_NS

__all__ = ["NodeBudget"]

_BYTES_A_SECOND: Final = 8_192
_RECORD_BYTES: Final = 256
"""What a batch or gap costs beside its values: its rows in the ledger and in what followers read."""
_MAX_NODES: Final = 4_096


class NodeBudget:
    """Each node has a store of bytes that fills slowly, and is full at first."""

    def __init__(self, *, burst_bytes: int) -> None:
        self._burst = burst_bytes
        self._left: OrderedDict[str, tuple[float, int]] = OrderedDict()
        """node → bytes left, and the elapsed time at which that was so"""
        self._pending: list[tuple[str, int]] = []

    def take(self, node: str, size: int, now_ns: int) -> bool:
        """Whether a batch of so many bytes of values, or a gap, may be kept of the node.

        `settle` or `undo` follows.
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
        """What was granted is kept."""
        self._pending.clear()

    def undo(self) -> None:
        """What was granted since the last `settle` was not kept after all."""
        for node, size in self._pending:
            if node in self._left:
                left, then_ns = self._left[node]
                self._left[node] = left + size, then_ns
        self._pending.clear()
