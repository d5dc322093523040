"""What a time-series database is asked for, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.stores.records import ScoredLesson

__all__ = ["Series", "SeriesSource", "Wanted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Some fields of a measurement, over a span of time."""

    measurement: str
    fields: tuple[str, ...]
    where: Mapping[str, Sequence[str]]
    """Tag → the values that it may have."""
    from_utc_ns: int
    to_utc_ns: int
    """Not included."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """One field's values under one set of tags, in order of time."""

    field: str
    tags: Mapping[str, str]
    utc_ns: NDArray[np.int64]
    """(n,)"""
    values: NDArray[np.float64]
    """(n,), never NaN"""


class SeriesSource(Protocol):
    """A database that is read; each call raises StoreError with a sentence for people."""

    def series(self, wanted: Wanted) -> list[Series]: ...
    def lessons(self, wanted: Wanted) -> list[ScoredLesson]:
        """The lessons that have the one field wanted, with its first and last time in each."""

    def close(self) -> None: ...
