"""The memory of the features, in arrays that can be joined for several rooms.

Seats (or rooms) are along the last axis of every array. So the memories of several rooms are joined
with one concatenation per field, advanced together, and split again. The parts are copies: a view
would keep a whole school's arrays alive for one room that has gone silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, ClassVar, Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "NORMAL_EPOCHS",
    "Running",
    "Windows",
    "decibel",
    "deviation_of",
    "join_memories",
    "mean_of",
    "pushed",
    "quotient",
    "split_memory",
]

NORMAL_EPOCHS: Final = 120
"""The "last 10 minutes" in the text of an alert."""

Array = NDArray[np.float32]


class _Dataclass(Protocol):
    """Any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


Memory = TypeVar("Memory", bound=_Dataclass)
Number = TypeVar("Number", bound=np.generic)


def join_memories(memories: Sequence[Memory]) -> Memory:
    """One memory for the seats of all these memories, in their order."""
    if len(memories) == 1:
        return memories[0]
    first = memories[0]
    found = {}
    for field in fields(first):
        parts = [getattr(memory, field.name) for memory in memories]
        is_array = isinstance(parts[0], np.ndarray)
        found[field.name] = np.concatenate(parts, axis=-1) if is_array else join_memories(parts)
    return type(first)(**found)


def split_memory(memory: Memory, edges: Sequence[int]) -> list[Memory]:
    """Split a memory at these edges; each part has its own arrays."""
    if len(edges) == 2:
        return [memory]
    found: list[list[object]] = [[] for _ in edges[1:]]
    for field in fields(memory):
        whole = getattr(memory, field.name)
        if isinstance(whole, np.ndarray):
            parts = [whole[..., start:end].copy() for start, end in pairwise(edges)]
        else:
            parts = split_memory(whole, edges)
        for part, values in zip(found, parts, strict=True):
            part.append(values)
    return [type(memory)(*values) for values in found]


@dataclass(slots=True, eq=False)
class Windows:
    """Sums over the seconds of the latest epochs, and the number of seconds in each sum.

    `sums` and `counts` are (epochs, quantities, seats), the latest epoch last.
    """

    sums: Array
    counts: NDArray[np.uint8]

    @classmethod
    def empty(cls, epochs: int, quantities: int, seats: int) -> Windows:
        shape = epochs, quantities, seats
        return cls(np.zeros(shape, np.float32), np.zeros(shape, np.uint8))

    def push(self, sums: Array, counts: NDArray[np.uint8]) -> None:
        """Add the latest epoch's sums and counts, (quantities, seats)."""
        self.sums, self.counts = pushed(self.sums, sums), pushed(self.counts, counts)

    def mean(self, epochs: int, back: int = 0) -> Array:
        """The mean over `epochs` epochs, the last of them `back` epochs before the latest."""
        end = len(self.sums) - back
        part = slice(end - epochs, end)
        count = np.add.reduce(self.counts[part], axis=0, dtype=np.uint8)  # 24 epochs are 120 s
        return quotient(np.add.reduce(self.sums[part], axis=0), count, 1)


@dataclass(slots=True, eq=False)
class Running:
    """A running mean and spread: over all values, or about the last ten minutes of them.

    The arrays are (values, seats). A missing value changes nothing.
    """

    mean: Array
    variance: Array
    counts: NDArray[np.int32]

    @classmethod
    def empty(cls, values: int, seats: int) -> Running:
        shape = values, seats
        return cls(
            np.full(shape, np.nan, np.float32),
            np.zeros(shape, np.float32),
            np.zeros(shape, np.int32),
        )

    @property
    def spread(self) -> Array:
        """The standard deviation plus 1 dB, so that a quotient stays small for still seats."""
        return np.sqrt(self.variance) + np.float32(1.0)

    def update(self, values: Array, learns: NDArray[np.bool_] | None = None) -> None:
        """Add the latest values, for the seats that learn."""
        there = ~np.isnan(values)
        if learns is not None:
            there &= learns
        self.counts = self.counts + there
        share = 1.0 / np.clip(self.counts, 1, NORMAL_EPOCHS)
        before = np.where(np.isnan(self.mean) & there, values, self.mean)
        change = np.where(there, values - before, 0.0)
        self.mean = (before + share * change).astype(np.float32)
        kept = (1.0 - share) * (self.variance + share * change**2)
        self.variance = np.where(there, kept, self.variance).astype(np.float32)


def pushed(ring: NDArray[Number], latest: NDArray[Number]) -> NDArray[Number]:
    """The ring without its oldest row, and with the latest at its end."""
    return np.concatenate([ring[1:], latest[None]])


def mean_of(values: Array) -> Array:
    """The mean along the first axis, ignoring NaN; NaN if there is no value."""
    there = ~np.isnan(values)
    total = np.add.reduce(np.where(there, values, np.float32(0.0)), axis=0)
    return quotient(total, np.add.reduce(there, axis=0, dtype=np.uint8), 1)


def deviation_of(values: Array) -> Array:
    """The standard deviation along the first axis, ignoring NaN; NaN if there is no value."""
    return np.sqrt(mean_of((values - mean_of(values)) ** 2))


def quotient(
    total: NDArray[np.floating], count: NDArray[np.floating] | NDArray[np.integer], min_count: int
) -> Array:
    """The total divided by the count, or NaN where the count is below `min_count`."""
    enough = np.where(count >= min_count, count, np.nan).astype(np.float32)
    return np.asarray(total / enough, np.float32)


def decibel(power: Array) -> Array:
    """Powers as levels in dB, at least -40 dB."""
    return np.asarray(10.0 * np.log10(np.maximum(power, np.float32(1e-4))), dtype=np.float32)
