"""Several stores read as one: a district's shards, for one dashboard.

The number of a stream has its shard's place in the high bits. The first shard's numbers are its own.
"""

from __future__ import annotations

from typing import Final

__all__ = ["join", "split"]

_BITS: Final = 32
_MASK: Final = (1 << _BITS) - 1


def join(shard: int, number: int) -> int:
    """A number of one shard's store as one of all."""
    return shard << _BITS | number


def split(number: int) -> tuple[int, int]:
    """Which shard a number is of, and what it is there."""
    return number >> _BITS, number & _MASK
