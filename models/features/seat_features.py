"""The off-task model's features for each seat and epoch, from the stored quantities.

`SeatFeatures.update` takes one epoch of five seconds at a time. `update_together` takes one epoch
of each of several rooms, along one axis of seats; each room gets exactly the values it would get
alone. The score process and the training use the same functions, so both see the same numbers.
Everything is causal: an epoch's features depend only on that epoch and earlier ones.

Movement is relative to the seat's own normal: the mean of its epochs' levels over the last ten
minutes, or over the lesson while it is shorter. It is a mean of decibels, on purpose: the normal is
the typical epoch, while a mean of energy would reflect the few strongest ones. Within a window,
levels are averaged as energy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.quantities.table import SEAT_QUANTITIES
from models.features.names import (
    EPOCH_S,
    FEATURES,
    FEATURES_VERSION,
    LEVELS,
    NOISE_FEATURES,
    SEAT_FEATURES,
    WINDOWS,
)
from models.features.noise_features import RoomMemory
from models.features.room_batch import Places, SideBySide
from models.features.seat_memory import (
    NORMAL_EPOCHS,
    Running,
    Windows,
    decibel,
    deviation_of,
    join_memories,
    mean_of,
    pushed,
    quotient,
    split_memory,
)

__all__ = [
    "EPOCH_S",
    "FEATURES",
    "FEATURES_VERSION",
    "MIN_EPOCHS",
    "MIN_SECONDS",
    "NORMAL_EPOCHS",
    "PRESENT_EPOCHS",
    "EpochFeatures",
    "SeatFeatures",
    "update_together",
]

Array = NDArray[np.float32]
Flags = NDArray[np.bool_]

_SEAT: Final = {quantity.name: at for at, quantity in enumerate(SEAT_QUANTITIES)}
_JERK: Final = _SEAT["jerk_rms"]
_STILL, _WIGGLE, _TILT = _SEAT["stillness"], _SEAT["wiggle_count"], _SEAT["tilt_change"]
_BANDS: Final = _SEAT["band_1_3"], _SEAT["band_3_6"], _SEAT["band_6_12"]
_COLUMNS: Final = len(SEAT_QUANTITIES) + 3
# In addition to the quantities: the motion level, its square, and whether the seat is busy.
_PLAIN, _SQUARE, _BUSY = range(len(SEAT_QUANTITIES), _COLUMNS)
_LESSON: Final = (_BUSY, _STILL, _WIGGLE, _TILT)  # the pupil's habits, over the whole lesson
# Only these are used over more than ten seconds, so only these are remembered longer.
_KEPT_LONG: Final = (0, _JERK, _STILL, _WIGGLE, _TILT, _PLAIN, _SQUARE, _BUSY)
(_MOTION_L, _JERK_L, _STILL_L, _WIGGLE_L, _TILT_L, _PLAIN_L, _SQUARE_L, _BUSY_L) = range(8)
# Rows of the ring of an epoch's motion: its level, quietest and loudest second, mean of decibels.
_LEVEL, _LOWEST, _HIGHEST, _TYPICAL = range(4)
# Rows of a seat's normal after its levels:
_USUAL_STILL, _USUAL_WIGGLE, _USUAL_PLAIN, _USUAL_LOWEST = range(LEVELS, LEVELS + 4)
_USUAL: Final = LEVELS + 4

_KEPT: Final = max(WINDOWS.values())
_SHAPE: Final = slice(_JERK, LEVELS)  # the jerk and the bands: the composition of a movement
MIN_SECONDS: Final = 5  # of the last ten
MIN_EPOCHS: Final = 12  # a minute, before a seat has a normal of its own
PRESENT_EPOCHS: Final = 60  # a seat without movement for five minutes is empty
_MORE_DB: Final = 6.0
"""From this level, twice the amplitude, a seat "moves more than usual"."""
_QUIET_RISE_DB: Final = 0.05
_HANDS: Final = _SEAT["band_3_6"]
_BUSY_DB: Final = 3.0
"""A second is busy if its 3 to 6 Hz band is this far above the seat's quietest epochs: working
hands are, swaying is not.
"""
_MIN_NEIGHBOURS: Final = 2
_GRID: Final = 64.0
"""Features are rounded to 1/64, so that float32 can represent thresholds between them."""

_AT: Final = {name: at for at, name in enumerate(FEATURES)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EpochFeatures:
    """One epoch of a room. Arrays run over its seats.

    `known` says where enough is known to judge. `present` says where someone sits: the seat moved
    within the last five minutes. `movement_db`, `unrest_db` (the movement of an epoch's quietest
    second), `wiggles` (additional ones per minute) and `more` (moves more than usual) are relative
    to the seat's own normal, `noise_db` to the room's.
    """

    values: Array
    known: Flags
    present: Flags
    movement_db: Array
    unrest_db: Array
    wiggles: Array
    more: Flags
    noise_db: float


@dataclass(slots=True, eq=False)
class _SeatMemory:
    """The memory of each seat. Rings hold the latest epoch last; seats are along the last axis."""

    recent: Windows
    long: Windows
    motion: Array
    """(12, 4, seats): the last minute"""
    normal: Running
    quiet: Array
    lesson_sums: NDArray[np.float64]
    lesson_counts: NDArray[np.int32]
    unmoved: NDArray[np.int32]
    learns: Flags

    @classmethod
    def empty(cls, seats: int) -> _SeatMemory:
        return cls(
            recent=Windows.empty(WINDOWS["10"], _COLUMNS, seats),
            long=Windows.empty(_KEPT, len(_KEPT_LONG), seats),
            motion=np.full((WINDOWS["60"], 4, seats), np.nan, np.float32),
            normal=Running.empty(_USUAL, seats),
            quiet=np.full((LEVELS, seats), np.nan, np.float32),
            lesson_sums=np.zeros((len(_LESSON), seats)),
            lesson_counts=np.zeros((len(_LESSON), seats), np.int32),
            unmoved=np.full(seats, PRESENT_EPOCHS, np.int32),
            learns=np.ones(seats, np.bool_),
        )


class SeatFeatures:
    """The features of a room's seats, epoch by epoch, with the memory that they need.

    `groups` are the seats' columns by zone. A column in no zone is only compared with the room; a
    column in several counts in the first. The memory takes about 50 kB for 30 seats.
    """

    def __init__(
        self, *, seats: int, groups: Sequence[Sequence[int] | NDArray[np.intp]] = ()
    ) -> None:
        self.seats = seats
        self.places = Places(seats, groups)
        self.memory = _SeatMemory.empty(seats)
        self.room_memory = RoomMemory.empty()

    def forget_windows(self) -> None:
        """Clear the windows after a pause of any length; the seats' normals stay as they are."""
        fresh, memory = _SeatMemory.empty(self.seats), self.memory
        memory.recent, memory.long, memory.motion = fresh.recent, fresh.long, fresh.motion
        self.room_memory.noise = RoomMemory.empty().noise

    def hold_normal(self) -> None:
        """Freeze the seats' normals and quietest levels at their present values."""
        self.memory.learns = np.zeros(self.seats, np.bool_)

    def update(self, seat: Array, room: Array) -> EpochFeatures:
        """The features of the epoch with these quantities, (5, seats, 13) and (5, 5).

        NaN means missing. A completely missing epoch is passed as NaN, never left out.
        """
        return update_together([self], [seat], [room])[0]


def update_together(
    rooms: Sequence[SeatFeatures], seat: Sequence[Array], room: Sequence[Array]
) -> list[EpochFeatures]:
    """Compute each room's `update` for all seats at once. A room may occur only once."""
    edges = [0, *accumulate(one.seats for one in rooms)]
    seats = join_memories([one.memory for one in rooms])
    noises = join_memories([one.room_memory for one in rooms])
    # In the store's order, which needs no transposing later: (5, quantities, seats).
    values = np.concatenate([np.asarray(one, np.float32).transpose(0, 2, 1) for one in seat], -1)
    noise = np.stack([np.asarray(one, np.float32) for one in room], -1)
    beside = SideBySide([one.places for one in rooms])
    features = _update(seats, noises, beside, values, noise, edges)
    for one, memory, room_memory in zip(
        rooms, split_memory(seats, edges), split_memory(noises, range(len(rooms) + 1)), strict=True
    ):
        one.memory, one.room_memory = memory, room_memory
    return features


def _update(
    seats: _SeatMemory,
    noises: RoomMemory,
    rooms: SideBySide,
    seat: Array,
    room: Array,
    edges: Sequence[int],
) -> list[EpochFeatures]:
    """Advance the memories by an epoch; `seat` is (5, 13, seats) and `room` (5, 5, rooms).

    Returns the features of each room; `edges` are where its seats begin and end.
    """
    epoch, ends = _take_seat(seats, seat)
    noises.take(room)
    normal = seats.normal.mean
    values = np.empty((len(FEATURES), seat.shape[-1]), np.float32)
    own = values[: len(SEAT_FEATURES)]
    _seat_features(seats, ends, own)
    enough = np.add.reduce(seats.recent.counts[:, 0], axis=0) >= MIN_SECONDS
    history = np.where(seats.learns, MIN_EPOCHS, 1)
    known = enough & (seats.normal.counts[0] >= history)
    present = seats.unmoved < PRESENT_EPOCHS
    motion_10 = np.where(known, own[0], np.float32(np.nan))
    group = values[len(SEAT_FEATURES) : -len(NOISE_FEATURES)]
    _group_features(rooms, motion_10, own, seats.motion[:, _TYPICAL], present, group)
    # A normal is a mean of epochs' levels, so this is the mean of two epochs' levels too.
    movement = np.where(known, mean_of(seats.motion[-2:, _LEVEL]) - normal[0], np.float32(np.nan))
    rest = mean_of(seats.motion[-2:, _LOWEST])
    unrest = np.where(known, rest - normal[_USUAL_LOWEST], np.float32(np.nan))
    noise = noises.features()
    values[-len(NOISE_FEATURES) :] = rooms.spread(noise)
    values = np.rint(values * np.float32(_GRID)) / np.float32(_GRID)
    by_seat = np.ascontiguousarray(values.T)
    wiggles = own[_AT["wiggle_60"]] - normal[_USUAL_WIGGLE] * 60.0
    more = movement >= _MORE_DB
    noise_db = noise[NOISE_FEATURES.index("noise_over_normal_10")].tolist()
    features = [
        EpochFeatures(
            values=by_seat[start:end],
            known=known[start:end],
            present=present[start:end],
            movement_db=movement[start:end],
            unrest_db=unrest[start:end],
            wiggles=wiggles[start:end],
            more=more[start:end],
            noise_db=noise_db[at],
        )
        for at, (start, end) in enumerate(pairwise(edges))
    ]
    # The normal is updated last: an epoch is compared with what came before it.
    seats.normal.update(epoch, seats.learns)
    noises.learn()
    return features


def _take_seat(memory: _SeatMemory, seat: Array) -> tuple[Array, Array]:
    """Add the seconds (5, 13, seats); returns the epoch's levels and its extremes."""
    there = ~np.isnan(seat)
    motion = seat[:, 0]
    values = np.empty((len(seat), _COLUMNS, seat.shape[-1]), np.float32)
    values[:, :LEVELS] = 10.0 ** (seat[:, :LEVELS] / 10.0)
    values[:, LEVELS:_PLAIN] = seat[:, LEVELS:]
    values[:, _PLAIN] = motion
    values[:, _SQUARE] = motion**2
    values[:, _BUSY] = seat[:, _HANDS] > memory.quiet[_HANDS] + np.float32(_BUSY_DB)
    present = np.concatenate([there, np.repeat(there[:, :1], 3, axis=1)], axis=1)
    sums = np.add.reduce(np.where(present, values, np.float32(0.0)), axis=0)
    counts = np.add.reduce(present, axis=0, dtype=np.uint8)
    memory.recent.push(sums, counts)
    memory.long.push(sums[_KEPT_LONG, :], counts[_KEPT_LONG, :])
    lowest, highest = np.fmin.reduce(seat, axis=0), np.fmax.reduce(seat, axis=0)
    moved = highest[_WIGGLE] >= 1.0
    unmoved = np.minimum(memory.unmoved + 1, PRESENT_EPOCHS)
    memory.unmoved = np.where(moved, np.int32(0), unmoved)
    ends = np.stack(
        [
            *(lowest[_HANDS], lowest[_JERK], lowest[0], highest[0], highest[_TILT]),
            deviation_of(seat[:, _HANDS] - motion),
        ]
    )
    mean = quotient(sums, counts, 1)
    lesson = mean[_LESSON, :]
    memory.lesson_counts = memory.lesson_counts + ~np.isnan(lesson)
    memory.lesson_sums = memory.lesson_sums + np.nan_to_num(lesson)
    epoch = np.empty((_USUAL, seat.shape[-1]), np.float32)
    epoch[:LEVELS] = levels = decibel(mean[:LEVELS])
    epoch[_USUAL_STILL], epoch[_USUAL_WIGGLE] = mean[_STILL], mean[_WIGGLE]
    epoch[_USUAL_PLAIN], epoch[_USUAL_LOWEST] = mean[_PLAIN], lowest[0]
    latest = np.stack([levels[0], lowest[0], highest[0], mean[_PLAIN]])
    memory.motion = pushed(memory.motion, latest)
    quiet = np.fmin(memory.quiet + np.float32(_QUIET_RISE_DB), levels)
    memory.quiet = np.where(np.isnan(levels) | ~memory.learns, memory.quiet, quiet)
    return epoch, ends


def _seat_features(memory: _SeatMemory, ends: Array, own: Array) -> None:
    """Fill in the features of each seat by itself, (84, seats)."""
    normal, quiet = memory.normal.mean, memory.quiet
    w5, w10 = memory.recent.mean(1), memory.recent.mean(2)
    l5, l10 = w5[_KEPT_LONG, :], w10[_KEPT_LONG, :]
    l30, l60, l120 = (memory.long.mean(WINDOWS[seconds]) for seconds in ("30", "60", "120"))
    before = memory.long.mean(2, back=2)
    now, level, minute = decibel(w5[:LEVELS]), decibel(w10[:LEVELS]), decibel(l60[:2])
    longer = decibel(np.stack([l30[_MOTION_L], l60[_MOTION_L], l120[_MOTION_L], before[0]]))
    usual = normal[_USUAL_PLAIN]
    typical = [window[_PLAIN_L] - usual for window in (l10, l30, l60)]
    windows = l10, l30, l60, l120
    low, middle = _SEAT["band_0_1"], _SEAT["band_3_6"]
    lesson = memory.lesson_sums / np.where(memory.lesson_counts, memory.lesson_counts, np.nan)
    low_hands, low_jerk, low_motion, high_motion, high_tilt, hands_spread = ends
    rows = [
        *(level - normal[:LEVELS]),
        *(longer - normal[0]),
        now[0] - normal[0],
        *(memory.motion[-4:, _TYPICAL][::-1] - usual),
        *typical,
        _spread(l10),
        _spread(l60),
        np.fmax.reduce(memory.motion[-2:, _HIGHEST], axis=0) - usual,
        *(one[0] - quiet[0] for one in (now, level, minute)),
        *(one - quiet[_JERK] for one in (now[_JERK], level[_JERK], minute[_JERK_L])),
        *(level[band] - quiet[band] for band in _BANDS),
        typical[0] / memory.normal.spread[_USUAL_PLAIN],
        usual - quiet[0],
        level[_SEAT["rms_major"]] - level[_SEAT["rms_minor"]],
        level[_JERK] - level[0],
        level[low] - level[0],
        level[middle] - level[0],
        *(window[_BUSY_L] for window in (l5, *windows)),
        *(window[_STILL_L] for window in (l5, *windows)),
        l60[_STILL_L] - normal[_USUAL_STILL],
        *(window[_WIGGLE_L] * 60.0 for window in windows),
        normal[_USUAL_WIGGLE] * 60.0,
        l10[_TILT_L],
        l60[_TILT_L],
        *(now[at] - quiet[at] for at in (_SEAT["rms_major"], *_BANDS)),
        *(low_hands - quiet[_HANDS], low_jerk - quiet[_JERK], high_motion - quiet[0]),
        *lesson,
        *(now[_SHAPE] - now[0]),
        now[_SEAT["rms_major"]] - now[_SEAT["rms_minor"]],
        _spread(l5),
        *(l5[_PLAIN_L] - low_motion, high_motion - l5[_PLAIN_L]),
        *(hands_spread, high_tilt),
        *(level[_SEAT[name]] - level[0] for name in ("band_1_3", "band_6_12", "band_12_24")),
    ]
    for at, row in enumerate(rows):
        own[at] = row


def _group_features(
    rooms: SideBySide, motion_10: Array, own: Array, moves: Array, present: Flags, group: Array
) -> None:
    """Fill in the features of a seat's zone and room, (13, seats)."""
    seen = ~np.isnan(motion_10) & present
    company = [own[_AT[name]] for name in ("motion_60", "busy_10", "busy_60", "wiggle_10")]
    # Summed in 64 bits: the total minus the own value is then as exact as the sum of the others.
    facts = np.stack([seen, motion_10, company[0], motion_10 >= _MORE_DB, *company[1:]])
    facts = facts.astype(np.float64)
    facts[:, ~seen] = 0.0
    facts[np.isnan(facts)] = 0.0
    near, everyone = rooms.others_in_zone(facts), rooms.others_in_room(facts)
    near = quotient(near[1:], near[0], _MIN_NEIGHBOURS)
    everyone = quotient(everyone[1:], everyone[0], _MIN_NEIGHBOURS)
    group[:3], group[3:6], group[6:9], group[9:11] = near[:3], everyone[:3], near[3:], everyone[3:5]
    group[11] = motion_10 - everyone[0]
    group[12] = _together(rooms, moves, seen)


def _together(rooms: SideBySide, moves: Array, seen: Flags) -> Array:
    """The correlation of the seat's levels over the last minute with those of the room's others."""
    whole = seen & ~np.isnan(moves).any(axis=0)
    moves = np.where(whole, moves, np.float32(0.0))
    moves = moves - np.add.reduce(moves, axis=0) / np.float32(len(moves))
    others = rooms.others_in_room(moves)
    size = np.sqrt(np.add.reduce(moves**2, axis=0) * np.add.reduce(others**2, axis=0))
    enough = whole & (size > 1e-3)
    correlation = np.add.reduce(moves * others, axis=0) / np.where(enough, size, np.float32(1.0))
    return np.where(enough, correlation, np.float32(np.nan))


def _spread(window: Array) -> Array:
    """The standard deviation of the seconds' motion levels, dB."""
    variance = window[_SQUARE_L] - window[_PLAIN_L] ** 2
    return np.asarray(np.sqrt(np.maximum(variance, np.float32(0.0))), np.float32)
