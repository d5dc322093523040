"""The rule that the model must beat: a seat that moves a lot counts as off task.

It uses one number, the seat's movement over the last ten seconds (`motion_rms`, in dB re 1 mg), and
a threshold. Like the trees, it is calibrated on other classrooms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.features.seat_features import FEATURES
from models.learning.rows import LessonRows

__all__ = ["movement_ranks"]

_OVER_QUIET: Final = FEATURES.index("over_quiet_10")


def movement_ranks(lessons: Sequence[LessonRows]) -> list[NDArray[np.float64]]:
    """Each lesson's movement as a number from 0 to 1, (epochs, seats), NaN where not judged.

    The level is relative to the seat's quietest second, so a noisy sensor does not look like a
    restless pupil. A logistic curve maps it to 0 to 1 and keeps the order.
    """
    return [
        np.where(
            rows.judged & ~np.isnan(rows.values[:, :, _OVER_QUIET]),
            1.0 / (1.0 + np.exp(-rows.values[:, :, _OVER_QUIET].astype(np.float64) / 10.0)),
            np.where(rows.judged, 0.5, np.nan),
        )
        for rows in lessons
    ]
