"""What the off-task model looks at: numbers for each seat and epoch, from the kept quantities.

`SeatFeatures.update` takes one epoch of five seconds at a time. The score process and the
training call it alike, so both see the same numbers. Everything is causal: an epoch's features
come from that epoch and what lies before it.

Movement is told relative to the seat's own normal: the mean of its epochs' levels over the last
ten minutes, or over the lesson while that is shorter. It is a mean of decibels, on purpose: a
normal is the typical epoch, while a mean of energy would be that of the few strongest ones.
Within a window levels are averaged as energy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.quantities import ROOM_QUANTITIES, SEAT_QUANTITIES

__all__ = ["EPOCH_S", "FEATURES", "FEATURES_VERSION", "NORMAL_EPOCHS", "EpochFeatures",
           "SeatFeatures"]  # fmt: skip

EPOCH_S: Final = 5
NORMAL_EPOCHS: Final = 120
"""Ten minutes: what "the last ten minutes" means in an alert's words."""
FEATURES_VERSION: Final = 2

Array = NDArray[np.float32]
Flags = NDArray[np.bool_]

_SEAT: Final = {quantity.name: at for at, quantity in enumerate(SEAT_QUANTITIES)}
_ROOM: Final = {quantity.name: at for at, quantity in enumerate(ROOM_QUANTITIES)}
_LEVELS: Final = 10  # the first ten seat quantities are levels in dB
_STILL, _WIGGLE, _TILT = _SEAT["stillness"], _SEAT["wiggle_count"], _SEAT["tilt_change"]
_BANDS: Final = _SEAT["band_1_3"], _SEAT["band_3_6"], _SEAT["band_6_12"]
_COLUMNS: Final = len(SEAT_QUANTITIES) + 3
# Beside the quantities: the motion level plain and squared, and whether the seat is busy.
_PLAIN, _SQUARE, _BUSY = range(len(SEAT_QUANTITIES), _COLUMNS)
_LONG: Final = (_BUSY, _STILL, _WIGGLE, _TILT)  # what a pupil is like, over the whole lesson

_WINDOWS: Final = {"10": 2, "30": 6, "60": 12, "120": 24}  # seconds → epochs
_KEPT: Final = max(_WINDOWS.values())
_LEAST_SECONDS: Final = 5  # of the last ten
_LEAST_EPOCHS: Final = 12  # a minute, before a seat has a normal of its own
_PRESENT_EPOCHS: Final = 60  # who did not move for five minutes is not there
_MORE_DB: Final = 6.0
"""A seat "moves more than usual" from here on: twice the amplitude."""
_QUIET_RISE_DB: Final = 0.05
_BUSY_DB: Final = 5.0
"""Busy is a second this far over the seat's quietest epochs: writing is, and sitting is not."""
_LEAST_NEIGHBOURS: Final = 2
_GRID: Final = 64.0
"""Features are rounded to 1/64, so that no threshold between two of them is lost in float32."""

_SEAT_FEATURES: Final = (
    *(f"{quantity.name}_10" for quantity in SEAT_QUANTITIES[:_LEVELS]),
    "motion_30", "motion_60", "motion_120", "motion_before",
    "motion_5", "typical_5", "typical_before_5", "typical_before_10", "typical_before_15",
    "typical_10", "typical_30", "typical_60", "spread_10", "spread_60", "highest_10",
    "over_quiet_5", "over_quiet_10", "over_quiet_60",
    "jerk_over_quiet_5", "jerk_over_quiet_10", "jerk_over_quiet_60",
    "band_1_3_over_quiet_10", "band_3_6_over_quiet_10", "band_6_12_over_quiet_10",
    "unusual_10", "normal_over_quiet",
    "major_over_minor_10", "jerk_over_motion_10", "low_over_motion_10", "middle_over_motion_10",
    "busy_5", "busy_10", "busy_30", "busy_60", "busy_120",
    "still_5", "still_10", "still_30", "still_60", "still_120", "still_change_60",
    "wiggle_10", "wiggle_30", "wiggle_60", "wiggle_120", "wiggle_normal",
    "tilt_10", "tilt_60",
    "major_over_quiet_5", "band_1_3_over_quiet_5", "band_3_6_over_quiet_5",
    "band_6_12_over_quiet_5", "band_3_6_lowest_5", "jerk_lowest_5", "motion_highest_5",
    "busy_lesson", "still_lesson", "wiggle_lesson", "tilt_lesson",
)  # fmt: skip
_GROUP_FEATURES: Final = (
    "zone_10", "zone_60", "zone_moving_10", "room_10", "room_60", "room_moving_10",
    "zone_busy_10", "zone_busy_60", "zone_wiggle_10", "room_busy_10", "room_busy_60",
    "own_minus_room_10", "together_60",
)  # fmt: skip
_NOISE_FEATURES: Final = (
    "noise_10", "noise_60", "noise_over_normal_10", "noise_over_normal_60", "noise_rise_10",
    "noise_peak_10", "noise_spread_10", "onsets_10", "onsets_60", "minutes",
)  # fmt: skip
FEATURES: Final[tuple[str, ...]] = _SEAT_FEATURES + _GROUP_FEATURES + _NOISE_FEATURES
"""Their names, in the order of the model's columns."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EpochFeatures:
    """One epoch of a room. Arrays run over its seats.

    `known` says where enough is known to judge; `present` where someone sits, which is who has
    moved within the last five minutes. `movement_db`, `wiggles` (more a minute) and `more` (moves
    more than usual) are told against the seat's own normal, `noise_db` against the room's.
    """

    values: Array
    known: Flags
    present: Flags
    movement_db: Array
    wiggles: Array
    more: Flags
    noise_db: float


class SeatFeatures:
    """The features of a room's seats, epoch by epoch, with what has to be remembered for them.

    `groups` are the seats' columns by zone; a column in none has the room as its only company.
    The memory is some 100 kB for 30 seats.
    """

    def __init__(
        self, *, seats: int, groups: Sequence[Sequence[int] | NDArray[np.intp]] = ()
    ) -> None:
        self.seats = seats
        member = np.zeros((len(groups) + 1, seats), np.float32)
        for at, group in enumerate(groups):
            member[at, list(group)] = 1.0
        self._same_zone = (member.T @ member) * (1.0 - np.eye(seats, dtype=np.float32))
        self._sums = np.zeros((_KEPT, seats, _COLUMNS), np.float32)
        self._counts = np.zeros((_KEPT, seats, _COLUMNS), np.uint8)
        self._highest = np.full((2, seats), np.nan, np.float32)
        self._levels = np.full((2, seats), np.nan, np.float32)
        self._moves = np.full((_WINDOWS["60"], seats), np.nan, np.float32)
        self._normal = _Running(seats, _LEVELS + 3)
        self._quiet = np.full((seats, _LEVELS), np.nan, np.float32)
        self._ends = np.full((seats, 3), np.nan, np.float32)
        self._lesson_sums = np.zeros((seats, len(_LONG)), np.float64)
        self._lesson_counts = np.zeros((seats, len(_LONG)), np.int32)
        self._unmoved = np.full(seats, _PRESENT_EPOCHS, np.int32)
        self._noise_sums = np.zeros((_WINDOWS["60"], 1, len(ROOM_QUANTITIES)), np.float32)
        self._noise_counts = np.zeros((_WINDOWS["60"], 1, len(ROOM_QUANTITIES)), np.uint8)
        self._noise_normal = _Running(1, 1)
        self._epochs = 0
        self._is_held = False

    def forget_windows(self) -> None:
        """Begin afresh after a pause of any length; the seats' normals stay as they are."""
        self._sums[:] = 0.0
        self._counts[:] = 0
        self._noise_sums[:] = 0.0
        self._noise_counts[:] = 0
        for ring in (self._highest, self._levels, self._moves):
            ring[:] = np.nan

    def hold_normal(self) -> None:
        """From now on the seats' normals and quietest levels stay what they have been so far."""
        self._is_held = True

    def update(self, seat: Array, room: Array) -> EpochFeatures:
        """The features of the epoch with these quantities, (5, seats, 13) and (5, 5).

        NaN is missing. An epoch that is missing altogether is given as NaN, never left out.
        """
        epoch = self._take_seat(np.asarray(seat, np.float32))
        self._take_room(np.asarray(room, np.float32))
        normal = self._normal.mean.copy()
        own = self._seat_features(normal)
        enough = self._counts[-2:, :, 0].sum(axis=0) >= _LEAST_SECONDS
        history = 1 if self._is_held else _LEAST_EPOCHS
        known = enough & (self._normal.count >= history)
        present = self._unmoved < _PRESENT_EPOCHS
        motion_10 = np.where(known, own[:, 0], np.nan).astype(np.float32)
        company = ("motion_60", "busy_10", "busy_60", "wiggle_10")
        others = [own[:, _SEAT_FEATURES.index(name)] for name in company]
        group = self._group_features(motion_10, others, present)
        # Like with like: a normal is a mean of epochs' levels, so this is one of two epochs.
        movement = np.where(known, _mean_known(self._levels) - normal[:, 0], np.float32(np.nan))
        noise = self._noise_features()
        values = np.concatenate([own, group, np.tile(noise, (self.seats, 1))], axis=1)
        values = (np.rint(values * np.float32(_GRID)) / np.float32(_GRID)).astype(np.float32)
        wiggles = own[:, _SEAT_FEATURES.index("wiggle_60")] - normal[:, _LEVELS + 1] * 60.0
        result = EpochFeatures(
            values=values,
            known=known,
            present=present,
            movement_db=movement,
            wiggles=wiggles,
            more=movement >= _MORE_DB,
            noise_db=float(noise[_NOISE_FEATURES.index("noise_over_normal_10")]),
        )
        # The normal learns last: an epoch is held against what came before it.
        if not self._is_held:
            self._normal.update(epoch)
        self._noise_normal.update(_decibel(self._noise_mean(1)[:, :1]))
        self._epochs += 1
        return result

    def _take_seat(self, seat: Array) -> Array:
        there = ~np.isnan(seat)
        motion = seat[:, :, :1]
        values = np.concatenate(
            [
                10.0 ** (seat[:, :, :_LEVELS] / 10.0),
                seat[:, :, _LEVELS:],
                motion,
                motion**2,
                motion > self._quiet[:, :1] + np.float32(_BUSY_DB),
            ],
            axis=2,
        )
        present = np.concatenate([there, np.repeat(there[:, :, :1], 3, axis=2)], axis=2)
        _push(self._sums, np.where(present, values, 0.0).sum(axis=0))
        _push(self._counts, present.sum(axis=0))
        _push(self._highest, np.fmax.reduce(seat[:, :, 0], axis=0))
        moved = np.fmax.reduce(seat[:, :, _WIGGLE], axis=0) >= 1.0
        self._unmoved = np.where(moved, 0, np.minimum(self._unmoved + 1, _PRESENT_EPOCHS))
        lowest, highest = np.fmin.reduce(seat, axis=0), np.fmax.reduce(seat, axis=0)
        self._ends = np.stack(
            [lowest[:, _BANDS[1]], lowest[:, _SEAT["jerk_rms"]], highest[:, 0]], axis=1
        )
        mean = self._window(1)
        long = mean[:, _LONG]
        self._lesson_counts += ~np.isnan(long)
        self._lesson_sums += np.nan_to_num(long)
        epoch = np.empty((self.seats, _LEVELS + 3), np.float32)
        epoch[:, :_LEVELS] = _decibel(mean[:, :_LEVELS])
        epoch[:, _LEVELS] = mean[:, _STILL]
        epoch[:, _LEVELS + 1] = mean[:, _WIGGLE]
        epoch[:, _LEVELS + 2] = mean[:, _PLAIN]
        _push(self._levels, epoch[:, 0])
        _push(self._moves, epoch[:, _LEVELS + 2])
        if not self._is_held:
            quiet = np.fmin(self._quiet + np.float32(_QUIET_RISE_DB), epoch[:, :_LEVELS])
            self._quiet = np.where(np.isnan(epoch[:, :_LEVELS]), self._quiet, quiet)
        return epoch

    def _window(self, epochs: int, back: int = 0) -> Array:
        end = _KEPT - back
        return _mean(self._sums[end - epochs : end], self._counts[end - epochs : end])

    def _seat_features(self, normal: Array) -> Array:
        w5 = self._window(1)
        windows = w10, w30, w60, w120 = [self._window(epochs) for epochs in _WINDOWS.values()]
        before = self._window(2, back=2)
        now, level, minute = (_decibel(window[:, :_LEVELS]) for window in (w5, w10, w60))
        longer = _decibel(np.stack([w30[:, 0], w60[:, 0], w120[:, 0], before[:, 0]], axis=1))
        usual = normal[:, _LEVELS + 2]
        typical = [window[:, _PLAIN] - usual for window in (w10, w30, w60)]
        quiet = self._quiet
        jerk, low, middle = _SEAT["jerk_rms"], _SEAT["band_0_1"], _SEAT["band_3_6"]
        columns = [
            *(level - normal[:, :_LEVELS]).T,
            *(longer - normal[:, :1]).T,
            now[:, 0] - normal[:, 0],
            *(self._moves[-4:][::-1] - usual),
            *typical,
            _spread(w10),
            _spread(w60),
            np.fmax.reduce(self._highest, axis=0) - usual,
            *((one - quiet)[:, 0] for one in (now, level, minute)),
            *((one - quiet)[:, jerk] for one in (now, level, minute)),
            *(level - quiet)[:, _SEAT["band_1_3"] : _SEAT["band_6_12"] + 1].T,
            typical[0] / self._normal.spread[:, _LEVELS + 2],
            usual - quiet[:, 0],
            level[:, _SEAT["rms_major"]] - level[:, _SEAT["rms_minor"]],
            level[:, jerk] - level[:, 0],
            level[:, low] - level[:, 0],
            level[:, middle] - level[:, 0],
            *(window[:, _BUSY] for window in (w5, *windows)),
            *(window[:, _STILL] for window in (w5, *windows)),
            w60[:, _STILL] - normal[:, _LEVELS],
            *(window[:, _WIGGLE] * 60.0 for window in windows),
            normal[:, _LEVELS + 1] * 60.0,
            w10[:, _TILT],
            w60[:, _TILT],
            *(now - quiet)[:, (_SEAT["rms_major"], *_BANDS)].T,
            *(self._ends - quiet[:, (_BANDS[1], jerk, 0)]).T,
            *(self._lesson_sums / _at_least(self._lesson_counts.astype(np.float32), 1)).T,
        ]
        return np.stack(columns, axis=1).astype(np.float32)

    def _group_features(self, motion_10: Array, others: list[Array], present: Flags) -> Array:
        seen = ~np.isnan(motion_10) & present
        weight = seen.astype(np.float32)
        motion_60, *busy = others
        facts = np.stack([motion_10, motion_60, motion_10 >= _MORE_DB, *busy], axis=1)
        facts = np.where(seen[:, None] & ~np.isnan(facts), facts, 0.0).astype(np.float32)
        near_count = self._same_zone @ weight
        near = self._same_zone @ facts / _at_least(near_count, _LEAST_NEIGHBOURS)[:, None]
        all_count = weight.sum() - weight
        everyone = (facts.sum(axis=0) - facts) / _at_least(all_count, _LEAST_NEIGHBOURS)[:, None]
        together = self._together(seen)
        own = np.stack([motion_10 - everyone[:, 0], together], axis=1)
        parts = near[:, :3], everyone[:, :3], near[:, 3:], everyone[:, 3:5], own
        return np.concatenate(parts, axis=1)

    def _together(self, seen: Flags) -> Array:
        """The correlation of the seat's last minute of levels with that of its room's others."""
        whole = seen & ~np.isnan(self._moves).any(axis=0)
        moves = np.where(whole, self._moves, 0.0)
        moves = moves - moves.mean(axis=0)
        others = moves.sum(axis=1, keepdims=True) - moves
        size = np.sqrt((moves**2).sum(axis=0) * (others**2).sum(axis=0))
        enough = whole & (size > 1e-3)
        correlation = (moves * others).sum(axis=0) / np.where(enough, size, 1.0)
        return np.where(enough, correlation, np.nan)

    def _take_room(self, room: Array) -> None:
        there = ~np.isnan(room)
        values = room.copy()
        values[:, 0] = 10.0 ** (room[:, 0] / 10.0)
        _push(self._noise_sums, np.where(there, values, 0.0).sum(axis=0)[None])
        _push(self._noise_counts, there.sum(axis=0)[None])

    def _noise_mean(self, epochs: int) -> Array:
        return _mean(self._noise_sums[-epochs:], self._noise_counts[-epochs:])

    def _noise_features(self) -> Array:
        w10, w60 = self._noise_mean(_WINDOWS["10"])[0], self._noise_mean(_WINDOWS["60"])[0]
        now, minute = _decibel(w10[:1])[0], _decibel(w60[:1])[0]
        usual = self._noise_normal.mean[0, 0]
        return np.array(
            [
                now,
                minute,
                now - usual,
                minute - usual,
                now - minute,
                w10[_ROOM["lafmax"]] - now,
                w10[_ROOM["la10"]] - w10[_ROOM["la90"]],
                w10[_ROOM["sound_onsets"]] * 60.0,
                w60[_ROOM["sound_onsets"]] * 60.0,
                self._epochs * EPOCH_S / 60.0,
            ],
            np.float32,
        )


class _Running:
    """A mean and spread over all values so far, and over the last ten minutes once there are more.

    A value that is missing leaves both as they are.
    """

    def __init__(self, seats: int, columns: int) -> None:
        self.mean = np.full((seats, columns), np.nan, np.float32)
        self._variance = np.zeros((seats, columns), np.float32)
        self._counts = np.zeros((seats, columns), np.int32)

    @property
    def count(self) -> NDArray[np.int32]:
        return self._counts[:, 0]

    @property
    def spread(self) -> Array:
        return np.sqrt(self._variance) + np.float32(1.0)  # 1 dB, so that the still do not blow up

    def update(self, values: Array) -> None:
        there = ~np.isnan(values)
        self._counts += there
        share = 1.0 / np.clip(self._counts, 1, NORMAL_EPOCHS)
        before = np.where(np.isnan(self.mean), values, self.mean)
        change = np.where(there, values - before, 0.0)
        self.mean = (before + share * change).astype(np.float32)
        kept = (1.0 - share) * (self._variance + share * change**2)
        self._variance = np.where(there, kept, self._variance).astype(np.float32)


def _push(ring: NDArray[np.generic], latest: NDArray[np.generic]) -> None:
    ring[:-1] = ring[1:]
    ring[-1] = latest


def _mean(sums: Array, counts: NDArray[np.uint8]) -> Array:
    count = counts.sum(axis=0, dtype=np.float32)
    return np.asarray(sums.sum(axis=0) / _at_least(count, 1), dtype=np.float32)


def _mean_known(values: Array) -> Array:
    there = ~np.isnan(values)
    total = np.where(there, values, 0.0).sum(axis=0, dtype=np.float32)
    count = there.sum(axis=0, dtype=np.float32)
    return np.asarray(total / _at_least(count, 1), dtype=np.float32)


def _at_least(count: Array, least: int) -> Array:
    """The count, or NaN where it is less, so that a quotient by it is missing."""
    return np.where(count >= least, count, np.float32(np.nan))


def _decibel(power: Array) -> Array:
    return np.asarray(10.0 * np.log10(np.maximum(power, np.float32(1e-4))), dtype=np.float32)


def _spread(window: Array) -> Array:
    """The standard deviation of the seconds' motion levels, dB."""
    variance = window[:, _SQUARE] - window[:, _PLAIN] ** 2
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)), dtype=np.float32)
