"""The seam to a time-series database: points go in, and points with a tag can be deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

__all__ = ["Engine"]


class Engine(Protocol):
    """One database. Every call waits for its answer, and raises EngineError if there is none."""

    keeps: str | None
    """Why this database can't delete by tags, as the end of a sentence; None if it can."""

    def write(self, lines: bytes) -> None:
        """Send points, a line each; returns when they are taken.

        Raises PointsRefusedError if some are refused; the others may have been taken.
        """

    def delete(self, tags: Mapping[str, str], measurement: str | None = None) -> None:
        """Delete all points with these tags; returns when the database says that it is done."""

    def clock_difference_s(self) -> float | None:
        """How far its clock is ahead of ours, by its last answer."""

    def close(self) -> None: ...
