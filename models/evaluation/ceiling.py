"""The ceiling: the best result possible if every movement is known perfectly, but not its reason.

An oracle gets each seat's true kind of movement for each second, the noise and the activity. It
learns as the model does, on the same classrooms. Pupils who look away sit still, and writing is
lively: if the oracle can't distinguish two cases, no model of these sensors can.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from contract.lesson import ACTIVITIES
from models.features.seat_features import EPOCH_S, FEATURES
from models.learning.rows import LessonRows

__all__ = ["oracle_rows", "with_activity"]

_WINDOWS = (1, 2, 6, 12, 24)  # epochs
_NOISE = [at for at, name in enumerate(FEATURES) if name.startswith(("noise", "onsets", "minutes"))]


def oracle_rows(rows: LessonRows, movement: NDArray[np.int8], kinds: int) -> LessonRows:
    """The lesson's rows with the oracle's knowledge as their features.

    `movement` is (periods, seats): the code of each second's true movement, below `kinds`.
    """
    epochs, seats = rows.judged.shape
    codes = movement[: epochs * EPOCH_S].reshape(epochs, EPOCH_S, seats)
    seen = np.stack([(codes == code).mean(axis=1) for code in range(kinds)], axis=2)
    total = np.concatenate([np.zeros((1, seats, kinds)), np.cumsum(seen, axis=0)])
    at = np.arange(1, epochs + 1)
    own = []
    for window in _WINDOWS:
        first = np.maximum(at - window, 0)
        own.append((total[at] - total[first]) / (at - first)[:, None, None])
    lesson = total[at] / at[:, None, None]
    last, minute = own[1], own[3]
    parts = [*own, lesson, _others(last, rows.zones), _others(minute, rows.zones)]
    everyone = [np.arange(seats)]
    parts += [_others(last, everyone), _others(minute, everyone), rows.values[:, :, _NOISE]]
    parts.append(_activity(rows))
    return replace(rows, values=np.concatenate(parts, axis=2).astype(np.float32))


def with_activity(rows: LessonRows) -> LessonRows:
    """The same rows, with the activity that the teacher declared added to the features."""
    values = np.concatenate([rows.values, _activity(rows)], axis=2)
    return replace(rows, values=values.astype(np.float32))


def _others(seen: NDArray[np.float64], groups: Sequence[NDArray[np.intp]]) -> NDArray[np.float64]:
    """The mean over the other seats of each seat's group."""
    mean = np.full_like(seen, np.nan)
    for group in groups:
        total = seen[:, group].sum(axis=1, keepdims=True)
        mean[:, group] = (total - seen[:, group]) / max(len(group) - 1, 1)
    return mean


def _activity(rows: LessonRows) -> NDArray[np.float64]:
    """(epochs, seats, activities): 1 for the declared activity."""
    epochs, seats = rows.judged.shape
    middle = np.arange(epochs) * EPOCH_S + EPOCH_S / 2
    declared = np.zeros((epochs, seats, len(ACTIVITIES)))
    for activity in rows.activities:
        within = (middle >= activity.start_s) & (middle < activity.end_s)
        declared[within, :, ACTIVITIES.index(activity.name)] = 1.0
    return declared
