"""What the keeper counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from prometheus_client import Histogram

__all__ = ["IngestCounters"]

_COMMIT_BOUNDS_S: Final = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class IngestCounters:
    """What the keeper has done since it was made. Periods and gaps are counted in seconds."""

    messages: int = 0
    arrived: int = 0
    """Periods in batches and gaps, as they arrived."""
    kept: int = 0
    """Of these, periods that were new and have values."""
    gap: int = 0
    """… that were new and lie in a recorded gap."""
    trimmed: int = 0
    """… that were there before: sent again, or overlapping."""
    aside: int = 0
    aside_repeated: int = 0
    """The same bytes again on the same topic: kept aside once."""
    aside_refused: int = 0
    """Bad messages beyond the limit, only counted."""
    over_limit: int = 0
    """Messages with more runs, rooms or layouts than one node may have."""
    defects: int = 0
    """Messages that made something raise which should not."""
    same_name: int = 0
    """How often two nodes with one name were noticed."""
    ticks: int = 0
    worst_commit_ms: float = 0.0
    commit_s: Histogram = field(
        default_factory=lambda: Histogram(
            "roomtone_ingest_commit_seconds", "How long a tick's durable commit took.",
            buckets=_COMMIT_BOUNDS_S, registry=None,
        )
    )  # fmt: skip
