"""People's answers about moments, as figures and as training rows.

`SchoolFigure` is the share of suggested moments that a school confirmed, with its interval.
`moment_rows` turns a moment into the rows of `AREA_FEATURES` that are stored with a label: numbers
about the room or a zone of at least five seats, computed by the same code as for alerts.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.lesson import SMALLEST_ZONE
from models.features.seat_features import EPOCH_S, FEATURES_VERSION
from models.serving.area import AREA_FEATURES, AreaHistory
from models.serving.scores import ZoneScore

__all__ = [
    "LABEL_FEATURES",
    "MIN_MOMENTS",
    "LabelledMoment",
    "base_of",
    "moment_rows",
    "school_figure",
    "wilson",
]

MIN_MOMENTS: Final = 50
"""Suggested moments that a school has to confirm or dismiss before it gets a figure."""
_Z: Final = 1.959964  # 95 %
_MAX_EPOCHS: Final = 120
"""Ten minutes: of a longer moment, only the first ten are kept."""

_NAMES_HASH: Final = hashlib.sha256(json.dumps(AREA_FEATURES).encode()).hexdigest()[:8]
LABEL_FEATURES: Final = f"{FEATURES_VERSION}-{_NAMES_HASH}"
"""The version of the features in a label's rows; the shape alone does not show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolFigure:
    """The share of `n` suggested moments that people confirmed, and its 95 % interval."""

    n: int
    confirmed: int
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.confirmed / self.n


def school_figure(confirmed: int, dismissed: int) -> SchoolFigure | None:
    """The school's own figure; None before it has 50 moments. The interval is Wilson's.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal
    of the American Statistical Association 22 (1927), 209-212: all shares p from which the observed
    share is at most z standard deviations away.
    """
    n = confirmed + dismissed
    if n < MIN_MOMENTS:
        return None
    low, high = wilson(confirmed, n)
    return SchoolFigure(n=n, confirmed=confirmed, low=low, high=high)


def wilson(k: float, n: int) -> tuple[float, float]:
    """The 95 % interval of the share k / n; n is 1 or more."""
    share, z2 = k / n, _Z * _Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return (0.0 if k == 0 else middle - half), (1.0 if k == n else middle + half)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledMoment:
    """A moment that someone confirmed or dismissed, as training data."""

    lesson: str
    in_episode: bool
    is_room: bool
    """False for a zone."""
    is_suggested: bool
    """Suggested from an alert. False: a person marked it, or it was the calmest stretch."""
    model: str
    """Version of the model whose scores the rows were computed from."""
    features_version: str
    rows: NDArray[np.float64]
    """(epochs, features)"""


def base_of(version: str) -> str:
    """The version of the base model, whose scores a school's own model shares."""
    return version.partition("+")[0]


def moment_rows(
    scores: Iterable[tuple[float, ZoneScore]], start_s: float, end_s: float
) -> NDArray[np.float64] | None:
    """The features of one area's epochs between two seconds of the lesson, (epochs, features).

    `scores` are all epochs of that area in order, each with the second at which it begins, because
    features look back. None if none of them is known. Epochs with fewer than five seats are left
    out.
    """
    history = AreaHistory()
    rows: list[NDArray[np.float64]] = []
    before: float | None = None
    for at, score in scores:
        if before is not None and at - before > 1.5 * EPOCH_S:
            history.update(replace(score, off_task=None))  # a gap: the windows start again after it
        before = at
        features = history.update(score)
        inside = start_s - EPOCH_S < at < end_s
        if features is not None and inside and score.seats >= SMALLEST_ZONE:
            rows.append(features)
    return np.stack(rows[:_MAX_EPOCHS]) if rows else None
