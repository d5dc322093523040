"""What a load is: how many rooms and seats, how fast, how long, and which faults when."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

from contract.clock import SECOND_NS
from contract.errors import UsageError

__all__ = [
    "EPOCH",
    "MAX_IN_FLIGHT",
    "Fault",
    "FaultKind",
    "LoadPlan",
    "fault_of",
    "limits_sentence",
]

FaultKind = Literal["broker-restart", "ingest-kill", "score-kill", "slow-link"]
FAULT_KINDS: Final[tuple[FaultKind, ...]] = get_args(FaultKind)

MAX_ROOMS: Final = 5_000
MAX_SEATS: Final = 64
MIN_SEATS: Final = 5
"""The smallest zone."""
MAX_SEAT_SECONDS: Final = 200_000
"""Rooms times seats times rate."""
MAX_MINUTES: Final = 24 * 60.0
MAX_IN_FLIGHT: Final = 2_500
"""Messages of all rooms together that ingest has not acknowledged. Ingest and the broker's queue for
it take 3,000; what is beyond that the broker drops, and the kits send it again."""
EPOCH: Final = 5
"""Periods in an epoch."""
CONNECTIONS: Final = 4
"""To the broker, for all rooms together."""

_FAULT: Final = re.compile(r"([a-z-]+)@(\d{1,5})(?::(\d{1,4}))?")
_USUAL_FAULT_S: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that breaks `at_s` seconds after the start, for `for_s` seconds."""

    kind: FaultKind
    at_s: int
    for_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """A number of rooms that are all in a lesson; raises UsageError beyond the limits."""

    rooms: int
    seats: int
    rate: float = 1.0
    """Periods a second of each room; 1 is live."""
    periods: int
    """Of each room; a multiple of `EPOCH`."""
    site: str
    faults: tuple[Fault, ...] = ()
    seed: int = 1
    is_in_step: bool = False
    """All rooms' epochs end in the same second; otherwise a fifth of them in each, as with kits that
    were switched on at any time."""

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("--rooms", self.rooms, 1, MAX_ROOMS),
            ("--seats", self.seats, MIN_SEATS, MAX_SEATS),
            ("--rate", self.rate, 0.1, 100.0),
            ("--minutes", self.periods / 60, EPOCH / 60, MAX_MINUTES),
        ):
            if not low <= value <= high:
                raise UsageError(f"{name} is {value:g}, expected {low:g} to {high:g}.")
        load = self.rooms * self.seats * self.rate
        if load > MAX_SEAT_SECONDS:
            raise UsageError(
                f"{self.rooms} rooms of {self.seats} seats at rate {self.rate:g} are {load:,.0f} "
                f"seat-seconds a second, at most {MAX_SEAT_SECONDS:,} are sent; take fewer rooms, "
                "fewer seats or a lower rate."
            )
        for fault in self.faults:
            if fault.at_s + fault.for_s >= self.periods / self.rate:
                raise UsageError(
                    f"--fault {fault.kind}@{fault.at_s}:{fault.for_s} is not over before the load, "
                    f"which lasts {self.periods / self.rate:g} s."
                )

    @property
    def seconds(self) -> int:
        """From the start of the first room to the end of the last, in seconds of the rooms."""
        return self.periods + (0 if self.is_in_step else EPOCH - 1)

    @property
    def duration_s(self) -> float:
        """How long the rooms send."""
        return self.seconds / self.rate

    @property
    def total(self) -> int:
        """The periods of all rooms."""
        return self.rooms * self.periods

    def lead(self, room: int) -> int:
        """By how many whole seconds a room begins later than the first one."""
        return 0 if self.is_in_step else room % EPOCH

    def closes_s(self, room: int, seq: int) -> float:
        """When a period is over, in seconds after the start: the rooms' seconds are spread."""
        return (seq + 1 + self.lead(room) + room / self.rooms) / self.rate

    def offset_ns(self, room: int) -> int:
        """By how much a room's periods begin later than those of the first room."""
        return self.lead(room) * SECOND_NS + room * SECOND_NS // self.rooms


def fault_of(text: str) -> Fault:
    """KIND@SECOND or KIND@SECOND:DURATION; raises UsageError."""
    found = _FAULT.fullmatch(text)
    for kind in FAULT_KINDS:
        if found is not None and found[1] == kind:
            return Fault(kind=kind, at_s=int(found[2]), for_s=int(found[3] or _USUAL_FAULT_S))
    raise UsageError(
        f"--fault {text}: expected KIND@SECOND or KIND@SECOND:DURATION, where KIND is one of "
        f"{', '.join(FAULT_KINDS)}."
    )


def limits_sentence() -> str:
    """The limits, for the help."""
    return (
        f"at most {MAX_ROOMS:,} rooms, {MAX_SEATS} seats in each, {MAX_SEAT_SECONDS:,} "
        f"seat-seconds a second, and {MAX_IN_FLIGHT:,} messages that ingest has not acknowledged"
    )
