"""What goes into the stores and comes out of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from contract.lesson import Activity, Zone
from contract.messages import Birth, Death, Health, Timebase
from contract.payload import Batch, Gap, GapReason, Layout

__all__ = [
    "EPOCH_NS",
    "AlertRecord",
    "Arrival",
    "Aside",
    "Change",
    "EpochRecord",
    "GapRecord",
    "Lesson",
    "Moment",
    "Periods",
    "Purge",
    "Purged",
    "Stream",
    "Tick",
    "ZoneEpoch",
]

EPOCH_NS: Final = 5_000_000_000
"""How long an epoch is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A decoded data message and where it came from."""

    site: str
    room: str
    message: Batch | Gap
    is_live: bool
    """False when it was older than 30 s on arrival: kept and scored, never alerted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A message that could not be used, with the reason; `id` is given by the store."""

    id: int = 0
    received_utc_ns: int
    topic: str
    reason: str
    payload: bytes


@dataclass(slots=True, kw_only=True)
class Tick:
    """Everything that one durable commit keeps, for all rooms together."""

    received_utc_ns: int
    arrivals: list[Arrival] = field(default_factory=list)
    births: list[tuple[str, str, Birth]] = field(default_factory=list)
    """(site, room, birth)"""
    deaths: list[tuple[str, str, Death]] = field(default_factory=list)
    timebases: list[Timebase] = field(default_factory=list)
    healths: list[Health] = field(default_factory=list)
    aside: list[Aside] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One (node, run), as the store numbers it."""

    id: int
    site: str
    room: str
    node: str
    run: int
    boot: str | None
    """None until the run's birth has arrived."""
    run_boot_ns: int
    """Boot clock at the start of seq 0."""
    period_ns: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Periods:
    """Kept periods of one stream that share a layout, in order of seq; holes are possible."""

    stream: Stream
    layout: Layout
    seqs: NDArray[np.int64]
    """(n,)"""
    values: NDArray[np.uint16]
    """(n, layout.width), 65535 missing"""
    is_live: NDArray[np.bool_]
    """(n,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRecord:
    """A recorded gap of a stream."""

    stream: int
    first_seq: int
    last_seq: int
    seats: tuple[int, ...]
    reason: GapReason


@dataclass(frozen=True, slots=True)
class Change:
    """What a tick added to a stream: newly kept periods first … last, or a gap over them."""

    stream: int
    first_seq: int
    last_seq: int
    is_gap: bool
    is_live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneEpoch:
    """One zone's, or the room's, part of an epoch."""

    zone: str
    """`room` for the whole room."""
    seats: int
    """How many occupied seats it rests on."""
    movement_db: float
    """Movement against the seats' own normal; NaN where nothing was sensed."""
    movement_low_db: float
    movement_high_db: float
    off_task: float
    """Probability, NaN where the model abstained."""
    off_task_low: float
    off_task_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochRecord:
    """One scored epoch of a lesson."""

    lesson: str
    stream: int
    first_seq: int
    utc_ns: int
    model: str
    """The model's version."""
    zones: tuple[ZoneEpoch, ...]
    """The room first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecord:
    """An alert for a zone or the room; open while `cleared_utc_ns` is None."""

    id: str
    lesson: str
    room: str
    zone: str
    raised_utc_ns: int
    cleared_utc_ns: int | None
    because: tuple[str, ...]
    off_task: float
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A room from start to end, its teacher's alone until she shares it."""

    id: str
    room: str
    teacher: str
    title: str
    starts_utc_ns: int
    ends_utc_ns: int | None
    """None while it runs."""
    source: Literal["timetable", "button"]
    activities: tuple[Activity, ...] = ()
    zones: tuple[Zone, ...] = ()
    """As the room was laid out; empty means one zone a hub."""
    video: str | None = None
    """Path of the lesson's video on the server."""
    video_offset_s: float = 0.0
    """`video_t = video_offset_s + lesson_t`, until it is synchronised better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A span of a lesson worth talking about, marked by a person."""

    id: str
    lesson: str
    start_s: float
    end_s: float
    note: str
    author: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Purge:
    """What is to be gone for good: a room or one seat of it, over a span of observed time.

    It stands: what was observed in its span and arrives later is not kept either.
    """

    id: str
    room: str
    seat: int | None = None
    """None: every seat's values and the room's own."""
    from_utc_ns: int = 0
    """0: everything from the first period on, also what nothing dates."""
    to_utc_ns: int


@dataclass(slots=True, kw_only=True)
class Purged:
    """What a purge has removed so far."""

    periods: int = 0
    """Periods that were removed, or lost a seat's values."""
    files: int = 0
    """Day files written anew or removed."""
    aside: int = 0
    is_waiting: bool = False
    """Some program is reading; what is left in the log goes when it has finished."""
