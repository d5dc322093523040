"""What is held against nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from contract.language import N_

__all__ = [
    "ASIDE_FULL", "CONNECTS_OFTEN", "SENTENCES", "TOO_MANY_HOLES", "TOO_MANY_LAYOUTS",
    "TOO_MANY_LAYOUTS_HERE", "TOO_MANY_ROOMS", "TOO_MANY_RUNS", "TOO_MANY_RUNS_HERE", "Notice",
    "NoticeKind",
]  # fmt: skip

TOO_MANY_HOLES: Final = N_("a run of {node} has {n} holes, the most it may")
TOO_MANY_RUNS: Final = N_("{node} has {n} runs here, the most that one node may have")
TOO_MANY_RUNS_HERE: Final = N_("there are {n} runs, the most that a store can hold")
TOO_MANY_ROOMS: Final = N_("{node} was in {n} rooms, the most that one node may be in")
TOO_MANY_LAYOUTS: Final = N_("{node} has {n} layouts of seats, the most that one node may have")
TOO_MANY_LAYOUTS_HERE: Final = N_("there are {n} layouts of seats, the most that a store can hold")
ASIDE_FULL: Final = N_("more bad messages than are kept aside: further ones are only counted")
CONNECTS_OFTEN: Final = N_(
    "{node} has connected {n} times in ten minutes: its network or its power is bad, it has a twin, "
    "or somebody else has its key"
)
SENTENCES: Final = (
    TOO_MANY_HOLES, TOO_MANY_RUNS, TOO_MANY_RUNS_HERE, TOO_MANY_ROOMS, TOO_MANY_LAYOUTS,
    TOO_MANY_LAYOUTS_HERE, ASIDE_FULL, CONNECTS_OFTEN,
)  # fmt: skip
"""What a notice may say. It is kept in English; the pages translate it for who reads it."""

NoticeKind = Literal["limit", "aside", "connections"]
"""More runs, rooms or layouts than one node may have; more bad messages; too many connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that ingest holds against a node, and that its technician should see."""

    node: str
    kind: NoticeKind
    room: str
    sentence: str
    count: int = 1
    """How often it happened."""
    first_utc_ns: int
    last_utc_ns: int
