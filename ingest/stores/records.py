"""What goes into the stores and comes out of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from contract.wire.messages import Birth, Death, Health, Timebase
from contract.wire.parts import IN_TIME
from contract.wire.payload import Batch, Gap, GapReason, Layout
from ingest.stores.clock_records import SeenClock
from ingest.stores.notices import Notice

__all__ = [
    "EPOCH_NS",
    "AlertRecord",
    "Arrival",
    "Aside",
    "Change",
    "Damage",
    "EpochRecord",
    "GapRecord",
    "Periods",
    "Purge",
    "Purged",
    "RoomLevels",
    "ScoredLesson",
    "Stream",
    "StreamIdentity",
    "StreamKey",
    "Tick",
    "ZoneEpoch",
    "identity_of_birth",
]

EPOCH_NS: Final = 5_000_000_000
"""How long an epoch is."""
StreamKey = tuple[str, int, int]
"""Node, run and part: a batch's or a gap's `key`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamIdentity:
    """One (node, run, part) of a room, and where its periods lie on the boot clock."""

    site: str
    room: str
    node: str
    run: int
    part: int = IN_TIME
    """See `contract/wire/parts.py`."""
    run_boot_ns: int
    """Boot clock at the start of seq 0."""
    period_ns: int

    @property
    def key(self) -> StreamKey:
        return self.node, self.run, self.part


def identity_of_birth(site: str, room: str, birth: Birth) -> StreamIdentity:
    """The stream of a run that has been born."""
    return StreamIdentity(
        site=site, room=room, node=birth.node, run=birth.run, run_boot_ns=birth.run_boot_ns,
        period_ns=birth.period_ns,
    )  # fmt: skip


@dataclass(slots=True, kw_only=True)  # not frozen, which would triple what it costs to make one
class Arrival:
    """A decoded data message and where it came from.

    Beside the message itself, because its topic alone says the room, and ingest alone what is live.
    """

    site: str
    room: str
    message: Batch | Gap
    is_live: bool
    """False when it was older than 30 s on arrival: kept and scored, never alerted."""

    @property
    def identity(self) -> StreamIdentity:
        """Whose periods these are."""
        message = self.message
        return StreamIdentity(
            site=self.site, room=self.room, node=message.node, run=message.run, part=message.part,
            run_boot_ns=message.boot_ns - message.first_seq * message.period_ns,
            period_ns=message.period_ns,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A message that could not be used, with the reason; `id` is given by the store."""

    id: int = 0
    received_utc_ns: int
    topic: str
    reason: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Everything that one durable commit keeps, for all rooms together."""

    received_utc_ns: int
    arrivals: Sequence[Arrival] = ()
    births: Sequence[tuple[str, str, Birth]] = ()
    """(site, room, birth)"""
    deaths: Sequence[tuple[str, str, Death]] = ()
    timebases: Sequence[Timebase] = ()
    healths: Sequence[Health] = ()
    seen_clocks: Sequence[SeenClock] = ()
    """Where boot clocks turned out to stand, those that changed."""
    aside: Sequence[Aside] = ()
    notices: Sequence[Notice] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream(StreamIdentity):
    """One (node, run, part), as the store numbers it."""

    id: int
    boot: str | None
    """None until the run's birth has arrived."""
    main_id: int | None = None
    """The id of the run that this is a part of."""


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

    def part(self, which: slice | NDArray[np.bool_]) -> Periods:
        """Some of them."""
        return replace(
            self, seqs=self.seqs[which], values=self.values[which], is_live=self.is_live[which]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRecord:
    """A recorded gap of a stream."""

    stream_id: int
    first_seq: int
    last_seq: int
    seats: tuple[int, ...]
    reason: GapReason
    kind: Literal["seat", "room"] | None = None
    """What is missing: the seats' values or the room's, and the others are kept; None: all."""
    line: int = 0
    """The one hub, from 1 on as the birth lists them, or the sound (`parts.SOUND_LINE`), that
    is missing; the others have delivered. 0: all of them are missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What was found damaged in a store and has been made a recorded gap."""

    stream_id: int
    kind: Literal["seat", "room", "live"]
    """In which kind of day file it was, or that it was not sealed yet."""
    periods: int


@dataclass(frozen=True, slots=True)
class Change:
    """What a tick added to a stream: newly kept periods first … last, or a gap over them."""

    stream_id: int
    first_seq: int
    last_seq: int
    is_gap: bool
    is_live: bool
    is_late: bool = False
    """What a hub brought after these periods were kept: they have more values now."""
    is_new: bool = True
    """False where the whole ledger stands for the ticks that are not listed any more: then it
    may be known for long."""


@dataclass(frozen=True, slots=True)
class ZoneEpoch:
    """One zone's, or the room's, part of an epoch; the numbers are in score.db in this order."""

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
    moving_seats: float = math.nan
    """Share of its seats that move more than usual, NaN where that is not known."""
    fidgets: float = math.nan
    """Movements a minute and seat, against the usual."""
    noise_db: float = math.nan
    """The room's noise against its normal of the last ten minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochRecord:
    """One scored epoch of a lesson."""

    lesson: str
    stream_id: int
    first_seq: int
    utc_ns: int
    model: str
    """The model's version."""
    zones: tuple[ZoneEpoch, ...]
    """The room first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredLesson:
    """A lesson that has epochs, and when its first and its last one began."""

    lesson: str
    first_utc_ns: int
    last_utc_ns: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoomLevels:
    """The room's part of some epochs of a lesson, in columns."""

    model: tuple[str, ...]
    """(n,), the version that scored each epoch."""
    movement_db: NDArray[np.float64]
    """(n,), NaN where nothing was known."""
    off_task: NDArray[np.float64]
    """(n,), NaN where the model abstained."""


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

    def cleared(self, over_utc_ns: int) -> AlertRecord:
        """The same alert once it is over; it is not over before it was raised."""
        return replace(self, cleared_utc_ns=max(over_utc_ns, self.raised_utc_ns))


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
    """Day files written again or removed."""
    aside: int = 0
    is_waiting: bool = False
    """Some program is reading; what is left in the log goes when it has finished."""
