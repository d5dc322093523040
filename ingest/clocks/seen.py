"""Estimates the kits' boot clocks from the arrival of live batches.

A live batch reports how long it has waited. So when it arrives, the end of its last period is known,
and the server's UTC gives the offset of the node's boot clock. Any delay of a message only makes the
offset too large, so the smallest one counts: a smaller value at once, a larger one only after a
whole minute of larger values. The node's own UTC is not used.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contract.wire.payload import Batch

__all__ = ["SeenClocks"]

_SECOND_NS: Final = 1_000_000_000
_WINDOW_NS: Final = 60 * _SECOND_NS
_MIN_SEEN: Final = 10
"""A minute with fewer live batches is not used."""
_MAX_RUNS: Final = 8_192


@dataclass(slots=True)
class _Seen:
    """One run of a node."""

    offset_ns: int
    reported_ns: int
    """The offset that was reported last."""
    began_ns: int
    """Elapsed time at which this minute began."""
    smallest_ns: int | None = None
    n: int = 0


class SeenClocks:
    """The offset of each run of a node: UTC minus boot clock."""

    def __init__(self) -> None:
        self._runs: OrderedDict[tuple[str, int], _Seen] = OrderedDict()

    def __len__(self) -> int:
        return len(self._runs)

    def forget(self) -> None:
        """Drop all offsets: the server's own clock was set, so they are no longer valid."""
        self._runs.clear()

    def see(self, batches: Sequence[Batch], *, received_utc_ns: int, elapsed_ns: int) -> int | None:
        """Use one run's live batches of a tick; its offset, if that changed by more than a second."""
        offsets_ns = [
            received_utc_ns
            - each.waited_ms * 1_000_000
            - each.boot_ns
            - len(each.values) * each.period_ns
            for each in batches
            if each.waited_ms is not None
        ]
        if not offsets_ns:
            return None
        offset_ns = min(offsets_ns)
        key = batches[0].node, batches[0].run
        seen = self._runs.get(key)
        if seen is None:
            self._runs[key] = _Seen(offset_ns, offset_ns, elapsed_ns)
            if len(self._runs) > _MAX_RUNS:
                self._runs.popitem(last=False)
            return offset_ns
        self._runs.move_to_end(key)
        if elapsed_ns - seen.began_ns >= _WINDOW_NS:
            if seen.smallest_ns is not None and seen.n >= _MIN_SEEN:
                seen.offset_ns = seen.smallest_ns
            seen.began_ns, seen.smallest_ns, seen.n = elapsed_ns, None, 0
        seen.n += len(offsets_ns)
        seen.smallest_ns = (
            offset_ns if seen.smallest_ns is None else min(seen.smallest_ns, offset_ns)
        )
        seen.offset_ns = min(seen.offset_ns, offset_ns)
        if abs(seen.offset_ns - seen.reported_ns) <= _SECOND_NS:
            return None
        seen.reported_ns = seen.offset_ns
        return seen.offset_ns
