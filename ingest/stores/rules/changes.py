"""What a follower reads: ranges that ticks added, joined where they touch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from ingest.stores.records import Change

__all__ = ["KEPT_TICKS", "coalesced", "from_ledger", "unpacked"]

KEPT_TICKS: Final = 36_000
"""A follower this many ticks behind (an hour of 100 ms) gets the ledger instead."""


def coalesced(changes: Iterable[Change]) -> list[Change]:
    """The same changes with those of a stream joined that continue one another."""
    joined: list[tuple[Change, int]] = []
    """The first of changes that continue one another, and the last seq of all of them."""
    latest: dict[int, int] = {}
    for change in changes:
        at = latest.get(change.stream_id)
        if at is not None:
            first, last_seq = joined[at]
            if (
                last_seq + 1 == change.first_seq
                and first.is_gap == change.is_gap
                and first.is_live == change.is_live
            ):
                joined[at] = first, change.last_seq
                continue
        latest[change.stream_id] = len(joined)
        joined.append((change, change.last_seq))
    return [
        first if first.last_seq == last_seq else replace(first, last_seq=last_seq)
        for first, last_seq in joined
    ]


def from_ledger(
    data: Iterable[tuple[int, int, int]], gaps: Iterable[tuple[int, int, int]]
) -> list[Change]:
    """All that is kept as changes, from (stream, first, last) of data and of gaps.

    Nothing of it counts as live: whoever asks is too far behind to alert anyone. Nor as new, for
    most of it has been known for long.
    """
    changes = [
        Change(*one, is_gap, is_live=False, is_new=False)
        for is_gap, ranges in ((False, data), (True, gaps))
        for one in ranges
    ]
    return sorted(changes, key=lambda change: (change.stream_id, change.first_seq))


def unpacked(packed: bytes) -> list[Change]:
    """The changes of one tick: i64 stream · 4 + is_gap · 2 + is_live, first, last for each."""
    numbers = np.frombuffer(packed, dtype="<i8").reshape(-1, 3).tolist()
    return [
        Change(word >> 2, first, last, bool(word & 2), bool(word & 1))
        for word, first, last in numbers
    ]
