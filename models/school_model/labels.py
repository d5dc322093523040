"""What people said of moments, as figures and as rows to learn from.

`SchoolFigure` is the share of suggested moments that a school confirmed, with its interval.
`moment_rows` turns a moment into the rows of `AREA_FEATURES` that a label keeps: numbers about the
room or a zone of five seats or more, computed as the alerts compute them.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.lesson import SMALLEST_ZONE
from models.features.seat_features import EPOCH_S, FEATURES_VERSION
from models.serving.area import AREA_FEATURES, AreaHistory
from models.serving.scores import ZoneScore

__all__ = [
    "LABEL_FEATURES",
    "LEAST_MOMENTS",
    "LabelledMoment",
    "SchoolFigure",
    "base_of",
    "moment_rows",
    "school_figure",
    "wilson",
]

LEAST_MOMENTS: Final = 50
"""So many suggested moments a school has to confirm or dismiss before it has a figure."""
_Z: Final = 1.959964  # 95 %
_MOST_EPOCHS: Final = 120
"""Of a moment that lasts longer than ten minutes, the first ten are kept."""

_NAMES_HASH: Final = hashlib.sha256(json.dumps(AREA_FEATURES).encode()).hexdigest()[:8]
LABEL_FEATURES: Final = f"{FEATURES_VERSION}-{_NAMES_HASH}"
"""Which features a label's rows are: rows of another version can't be told apart by their shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolFigure:
    """Of `n` suggested moments the share that people confirmed, and its 95 % interval."""

    n: int
    confirmed: int
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.confirmed / self.n


def school_figure(confirmed: int, dismissed: int) -> SchoolFigure | None:
    """The school's own figure; None until it has 50 moments. The interval is Wilson's.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal
    of the American Statistical Association 22 (1927), 209-212: the shares p for which the one
    that was seen is no further than z standard deviations from p.
    """
    n = confirmed + dismissed
    if n < LEAST_MOMENTS:
        return None
    low, high = wilson(confirmed, n)
    return SchoolFigure(n=n, confirmed=confirmed, low=low, high=high)


def wilson(k: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of which k of n were seen; n is 1 or more."""
    share, z2 = k / n, _Z * _Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return (0.0 if k == 0 else middle - half), (1.0 if k == n else middle + half)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledMoment:
    """A moment that someone confirmed or dismissed, as something to learn from."""

    lesson: str
    in_episode: bool
    is_room: bool
    """Else a zone."""
    is_suggested: bool
    """An alert led to it; else a person marked it, or it was the calmest stretch."""
    model: str
    """Version of the model whose scores the rows rest on."""
    features_version: str
    rows: NDArray[np.float64]
    """(epochs, features)"""


def base_of(version: str) -> str:
    """The version whose scores a model gives: a school's own differs from it in its alerts alone."""
    return version.partition("+")[0]


def moment_rows(
    scores: Iterable[tuple[float, ZoneScore]], start_s: float, end_s: float
) -> NDArray[np.float64] | None:
    """The features of one area's epochs between two seconds of the lesson, (epochs, features).

    `scores` are all epochs of that area with the seconds at which they begin, in their order,
    because features look back. None where none of them is known. An epoch under five seats is
    never among them.
    """
    history = AreaHistory()
    rows: list[NDArray[np.float64]] = []
    before: float | None = None
    for at, score in scores:
        if before is not None and at - before > 1.5 * EPOCH_S:
            history.update(_unknown(score))  # a hole: what comes after it begins afresh
        before = at
        features = history.update(score)
        inside = start_s - EPOCH_S < at < end_s
        if features is not None and inside and score.seats >= SMALLEST_ZONE:
            rows.append(features)
    return np.stack(rows[:_MOST_EPOCHS]) if rows else None


def _unknown(score: ZoneScore) -> ZoneScore:
    return ZoneScore(
        zone=score.zone, seats=0, movement=None, movement_low=None, movement_high=None,
        off_task=None, off_task_low=None, off_task_high=None, signs={},
    )  # fmt: skip
