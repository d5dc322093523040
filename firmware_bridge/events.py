"""The events of a hub reader, in the order in which they happened on the line.

A reader calls its sink on its own thread, so the sink should only enqueue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.frames import Hello, Status

__all__ = [
    "FramesMissing",
    "HubCounters",
    "HubDown",
    "HubEvent",
    "HubSamples",
    "HubStatus",
    "HubUp",
    "Levels",
    "SwitchSamples",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class HubUp:
    """The hub said HELLO: on connecting, and again after each of its resets."""

    hub: str
    hello: Hello


@dataclass(frozen=True, slots=True, kw_only=True)
class HubDown:
    """The hub can't be read now; `reason` is a sentence for a person. The reader retries.

    Comes once for a port that can't be opened, and once when a connection that was up ends. A hub
    that was reset gives a HubDown and then a HubUp.
    """

    hub: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HubSamples:
    """Acceleration at `n` instants, later than all others since the hub's last `HubUp`.

    `boot_ns` is (n,) int64 and rises; `acceleration` is (n, seats, 3) float32 in g, NaN for a
    seat without a sensor. Where frames are missing, neighbouring samples are further apart than the
    sample interval; then a `FramesMissing` came before.
    """

    hub: str
    boot_ns: NDArray[np.int64]
    acceleration: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SwitchSamples:
    """Whether seats with switches moved; `boot_ns` (n,) rises.

    `moved` is (n, seats) float32: 1 if the seat moved since the sample before, 0 if it did not, NaN
    if nobody knows.
    """

    hub: str
    boot_ns: NDArray[np.int64]
    moved: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Levels:
    """Short LAeq values; `boot_ns` (n,) is where each interval of 125 ms begins.

    `laeq` is (n,) float32 in dB(A), NaN where the hub had no value. A source that knows them has
    the highest levels with time weighting F and S in each interval too. Coarse levels are of a
    meter that says a level less often, or a slow one: only their mean over a second counts.
    """

    hub: str
    boot_ns: NDArray[np.int64]
    laeq: NDArray[np.float32]
    lafmax: NDArray[np.float32] | None = None
    lasmax: NDArray[np.float32] | None = None
    is_coarse: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FramesMissing:
    """Frames that the hub sent, or meant to send, and that never arrived whole.

    `frames` counts by the sequence byte, so it is modulo 256. `samples` counts, by the hub's own
    ticks, the missing sample instants between `after_ns` (the last dated sample before them; None
    if there was none) and `before_ns` (the first one after them). Either may be 0: a lost STATUS
    contains no sample. `undated` of these samples arrived but could not be dated.
    """

    hub: str
    frames: int
    samples: int
    after_ns: int | None
    before_ns: int
    undated: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HubStatus:
    """The hub's own counters, about once a second of observed time."""

    hub: str
    status: Status


HubEvent = HubUp | HubDown | HubSamples | SwitchSamples | Levels | FramesMissing | HubStatus


@dataclass(slots=True, kw_only=True)
class HubCounters:
    """A reader's counts since it was made."""

    frames_good: int = 0
    frames_refused: Mapping[str, int] = field(default_factory=dict)
    """By reason: see `firmware_bridge.framing.REASONS`."""
    frames_missing: int = 0
    frames_doubled: int = 0
    samples: int = 0
    samples_missing: int = 0
    samples_undated: int = 0
    """Held until the tick map was ready, and given up before that."""
    bytes_skipped: int = 0
    reconnects: int = 0
    hellos: int = 0
    clock_error_ns: int | None = None
    """Estimated error of the tick map; None while there is none."""
    is_up: bool = False
