"""Pools seats into zones and the room: an off-task share with its interval, and the signs.

Calibrated probabilities shrink towards the overall mean, so the mean over the seats of a restless
class is too low, and that of a calm class too high. `Unbiased` corrects the level of the last ten
minutes; a single epoch would be too uncertain for that.

A zone is shown if at least five seats are judged; no result is ever about fewer.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.lesson import SMALLEST_ZONE
from models.features.seat_features import NORMAL_EPOCHS, EpochFeatures
from models.features.zones import zones_to_show
from models.serving.manifest import IntervalWidth, ShareBias
from models.serving.recent import Recent
from models.serving.scores import ROOM, EpochScore, ZoneScore

__all__ = ["MIN_JUDGED", "ShareLevel", "Unbiased", "score_epoch"]

MIN_JUDGED: Final = 0.5
"""The share of occupied seats that must be judged."""

_RESTFUL: Final = 0.4
_MANY: Final = 10
_TRUSTED_HALF: Final = 60
"""After this many epochs, half of the correction is applied."""
_FACTS: Final = 9
_NOBODY: Final = [0.0] * _FACTS


def score_epoch(
    first_seq: int,
    features: EpochFeatures,
    probability: NDArray[np.float64],
    names: Sequence[str],
    columns: Sequence[NDArray[np.intp]],
    interval: IntervalWidth,
) -> EpochScore:
    """The scores of the room and the zones, from each seat's probability (NaN: not judged).

    An area is not judged if fewer than five seats, or fewer than half of the occupied seats, are.
    """
    facts = _facts(features, probability)
    sums = [facts[column].sum(axis=0).tolist() for column in columns]
    room = facts.sum(axis=0).tolist()
    shown = zones_to_show([int(one[0]) for one in sums], int(room[0]))
    whole = _pooled(ROOM, room, features.noise_db, interval)
    if (unrest := _unrest(features.unrest_db[~np.isnan(probability)])) is not None:
        whole = replace(whole, signs={**whole.signs, "unrest": unrest})
    return EpochScore(
        first_seq=first_seq,
        room=whole,
        zones=tuple(
            _pooled(name, one if is_shown else _NOBODY, features.noise_db, interval)
            for name, one, is_shown in zip(names, sums, shown, strict=True)
        ),
    )


def _facts(features: EpochFeatures, probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """(seats, 9): the values to sum over an area's seats; 0 where a seat is not judged."""
    judged = ~np.isnan(probability)
    p = np.where(judged, probability, 0.0)
    moves = np.where(judged, features.movement_db, 0.0).astype(np.float64)
    fidgets = judged & ~np.isnan(features.wiggles)
    return np.stack(
        [
            judged, features.present, p, p * (1.0 - p), moves, moves**2,
            fidgets, np.where(fidgets, features.wiggles, 0.0), features.more & judged,
        ],
        axis=1,
    ).astype(np.float64)  # fmt: skip


def _unrest(seats: NDArray[np.floating]) -> float | None:
    """How many dB even the quietest seconds of most seats are above their normal.

    Six of ten seats reach this value. A few seats may be restless together by chance, so the value
    is reduced with fewer than ten; None with fewer than five.
    """
    known = np.sort(seats[~np.isnan(seats)]).tolist()
    if len(known) < SMALLEST_ZONE:
        return None
    place = _RESTFUL * (len(known) - 1)
    low = int(place)
    level = known[low] + (place - low) * (known[low + 1] - known[low])
    return float(level * min(1.0, math.sqrt(len(known) / _MANY)))


def _pooled(name: str, sums: list[float], noise_db: float, interval: IntervalWidth) -> ZoneScore:
    n, present, p, own, moves, squares, fidgeting, fidgets, more = sums
    if n < SMALLEST_ZONE or n < MIN_JUDGED * present:
        return ZoneScore(
            zone=name, seats=int(n) if n >= SMALLEST_ZONE else 0,
            movement=None, movement_low=None, movement_high=None,
            off_task=None, off_task_low=None, off_task_high=None, signs={},
        )  # fmt: skip
    share = p / n
    reach = interval.reach * math.sqrt(interval.own * own / n**2 + interval.shared**2)
    movement = moves / n
    variance = max(0.0, squares - n * movement**2) / (n - 1.0)
    spread = 1.96 * math.sqrt(variance / n)
    signs = {"movement": movement, "moving_seats": more / n}
    if fidgeting:
        signs["fidgets"] = fidgets / fidgeting
    if not math.isnan(noise_db):
        signs["noise"] = noise_db
    return ZoneScore(
        zone=name,
        seats=int(n),
        movement=movement,
        movement_low=movement - spread,
        movement_high=movement + spread,
        off_task=share,
        off_task_low=max(0.0, share - reach),
        off_task_high=min(1.0, share + reach),
        signs=signs,
    )


class ShareLevel:
    """Corrects an area's share by its mean over the last ten minutes."""

    def __init__(self, bias: ShareBias) -> None:
        self._bias = bias
        self._past = Recent(NORMAL_EPOCHS)
        self._sum = 0.0

    def update(self, share: float) -> float:
        """The corrected share of this epoch, 0 to 1."""
        gone = self._past.append(share)
        self._sum += share
        if gone is not None:
            self._sum -= gone
        count = len(self._past)
        mean = self._sum / count
        true = (mean - self._bias.all_on) / (self._bias.all_off - self._bias.all_on)
        moved = share + count / (count + _TRUSTED_HALF) * (true - mean)
        return min(max(moved, 0.0), 1.0)


class Unbiased:
    """Corrects the level of each area's share in a lesson's scores, epoch by epoch."""

    def __init__(self, bias: ShareBias) -> None:
        self._levels = defaultdict[str, ShareLevel](lambda: ShareLevel(bias))

    def update(self, score: EpochScore) -> EpochScore:
        """The score with corrected shares and intervals."""
        return replace(
            score, room=self._moved(score.room), zones=tuple(map(self._moved, score.zones))
        )

    def _moved(self, score: ZoneScore) -> ZoneScore:
        share, low, high = score.off_task, score.off_task_low, score.off_task_high
        if share is None or low is None or high is None:
            return score
        moved = self._levels[score.zone].update(share)
        reach = max(high - share, share - low)  # one end may have been cut off at 0 or 1
        return replace(
            score,
            off_task=moved,
            off_task_low=max(0.0, moved - reach),
            off_task_high=min(1.0, moved + reach),
        )
