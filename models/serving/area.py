"""Features of one area's scores, and the model that estimates from them whether to alert.

An area is the room or a zone. `AreaHistory` takes only its `ZoneScore`s, one after the other, so
training, serving and labels read from the store all use the same numbers. `AlertModel` is a
logistic regression; its few weights are in the manifest.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.features.seat_features import EPOCH_S, NORMAL_EPOCHS
from models.serving.recent import Recent
from models.serving.scores import ZoneScore

__all__ = ["AREA_FEATURES", "AlertModel", "AreaHistory"]

AREA_FEATURES: Final[tuple[str, ...]] = (
    "rise_5", "rise_10", "rise_20", "rise_30", "rise_60", "rise_120", "rise_600",
    "share_spread", "rise_in_spreads_10", "rise_in_spreads_30", "rise_in_spreads_60", "slope",
    "log_minutes", "rise_by_minutes", "movement_60", "fidgets_60", "noise_60",
)  # fmt: skip
"""The names of the features, in order.

`rise_N` is the off-task share's mean over the last N seconds minus its mean over the lesson so far;
`share_spread` is sqrt(m(1 - m)) of that mean m; "in spreads" means in half widths of the interval;
`slope` is the mean of the last ten seconds minus that of the twenty before. The last three are the
signs' means over a minute. Neither the level nor the number of seats is a feature: a room with most
seats restless all the time, unlike the training rooms, is not lively for that reason.
"""

_LEARN: Final = 24  # judged epochs before the usual share of an area is known
_KEPT: Final = 24
_MINUTE: Final = 12
_MIN_SPREAD: Final = 0.02
_SIGNS: Final = ("movement", "fidgets", "noise")


class AreaHistory:
    """Computes the features of one area of one lesson. Scores come epoch by epoch, in order."""

    def __init__(self) -> None:
        self._shares: list[float] = []
        self._signs: list[deque[float]] = [deque(maxlen=_MINUTE) for _ in _SIGNS]
        self._past = Recent(NORMAL_EPOCHS)
        self._past_sum = 0.0
        self._sum = 0.0
        self._epochs = 0

    def update(self, score: ZoneScore) -> NDArray[np.float64] | None:
        """The features of this epoch, (len(AREA_FEATURES),); None if too little is known.

        A missing sign counts as usual.
        """
        share, low, high = score.off_task, score.off_task_low, score.off_task_high
        if share is None or low is None or high is None:
            # After a gap the windows start again; the mean over the lesson stays.
            self._shares.clear()
            for recent in self._signs:
                recent.clear()
            return None
        self._shares.append(share)
        del self._shares[:-_KEPT]
        for name, recent in zip(_SIGNS, self._signs, strict=True):
            recent.append(score.signs.get(name, 0.0))
        features = None
        if self._epochs >= _LEARN:
            # The interval is cut off at 0 and 1, so its longer side is the spread.
            features = self._features(max(high - share, share - low, _MIN_SPREAD))
        if (gone := self._past.append(share)) is not None:
            self._past_sum -= gone
        self._past_sum += share
        self._sum += share
        self._epochs += 1
        return features

    def _features(self, spread: float) -> NDArray[np.float64]:
        shares = self._shares
        lesson = self._sum / self._epochs
        s10, s20, s30, s60, s120 = (_mean(shares[-epochs:]) for epochs in (2, 4, 6, 12, 24))
        before = shares[-6:-2]
        minutes = math.log(self._epochs * EPOCH_S / 60.0)
        return np.array(
            [
                shares[-1] - lesson, s10 - lesson, s20 - lesson, s30 - lesson, s60 - lesson,
                s120 - lesson, self._past_sum / len(self._past) - lesson,
                math.sqrt(max(lesson * (1.0 - lesson), 0.0)), (s10 - lesson) / spread, (s30 - lesson) / spread, (s60 - lesson) / spread,
                s10 - _mean(before) if before else 0.0,
                minutes, minutes * (s20 - lesson),
                *map(_mean, self._signs),
            ]
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertModel:
    """The probability that an area is inside an episode, from its features.

    `weights` are in the order of `AREA_FEATURES`, which are not scaled.
    """

    weights: tuple[float, ...]
    intercept: float

    def __post_init__(self) -> None:
        if len(self.weights) != len(AREA_FEATURES):
            raise ValueError(
                f"an alert model has {len(AREA_FEATURES)} weights, not {len(self.weights)}"
            )
        if not all(map(math.isfinite, (*self.weights, self.intercept))):
            raise ValueError("an alert model's weights have to be finite numbers")

    def score(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities (n,), 0 to 1, from features (n, len(AREA_FEATURES))."""
        logit = features @ np.array(self.weights) + self.intercept
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -50.0, 50.0))), dtype=np.float64)


def _mean(values: Collection[float]) -> float:
    return sum(values) / len(values)
