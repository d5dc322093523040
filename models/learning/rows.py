"""Labelled lessons as training rows: one row per epoch and seat, with features and truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from contract.lesson import Activity, LabelledLesson
from models.features.seat_features import EPOCH_S, EpochFeatures, SeatFeatures
from models.features.zones import merge_zones

__all__ = [
    "LessonRows",
    "lesson_rows",
    "mean_share",
    "pooled",
    "true_episodes",
    "true_rise",
    "true_stretches",
]

Flags = NDArray[np.bool_]
Number = TypeVar("Number", bound=np.generic)

_EPISODE_RISE = 0.20
_EPISODE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LessonRows:
    """One lesson by epochs and seats.

    `values` is (epochs, seats, features). `judged` says where the model judges, `off_task` what is
    true for most of the epoch, `occupied` where someone sits. `zones` are columns, merged by who
    sat there for most of the lesson.
    """

    classroom: str
    values: NDArray[np.float32]
    judged: Flags
    off_task: Flags
    occupied: Flags
    truth: NDArray[np.float64]
    """(epochs, seats): the off-task share of the epoch's occupied seconds."""
    features: tuple[EpochFeatures, ...]
    zone_names: tuple[str, ...]
    zones: tuple[NDArray[np.intp], ...]
    activities: tuple[Activity, ...]

    @property
    def counted(self) -> Flags:
        """(epochs, seats): judged epochs of occupied seats, which training and figures use."""
        return self.judged & self.occupied

    @property
    def room_share(self) -> NDArray[np.float64]:
        """(epochs,): the true off-task share of the pupils in the room."""
        return mean_share(self.truth)


def pooled(
    lessons: Sequence[LessonRows], values: Sequence[NDArray[Number]]
) -> tuple[Flags, NDArray[Number]]:
    """The truth of all counted epochs of these lessons, and their values."""
    use = [rows.counted for rows in lessons]
    truth = [rows.off_task[flags] for rows, flags in zip(lessons, use, strict=True)]
    chosen = [one[flags] for one, flags in zip(values, use, strict=True)]
    return np.concatenate(truth), np.concatenate(chosen)


def lesson_rows(lesson: LabelledLesson) -> LessonRows:
    """The rows of a lesson; the features are computed by the same code as in the score process."""
    epochs = len(lesson.seat) // EPOCH_S
    column = {seat: at for at, seat in enumerate(lesson.seats)}
    groups = [[column[seat] for seat in zone.seats if seat in column] for zone in lesson.zones]
    stream = SeatFeatures(seats=len(lesson.seats), groups=groups)
    features = tuple(
        stream.update(lesson.seat[at : at + EPOCH_S], lesson.room[at : at + EPOCH_S])
        for at in range(0, epochs * EPOCH_S, EPOCH_S)
    )
    there = _by_epoch(lesson.occupied, epochs)
    off = _by_epoch(lesson.off_task & lesson.occupied, epochs)
    truth = off / np.maximum(there, 1e-9)
    known = np.stack([one.known & one.present for one in features])
    sat = {seat for seat, at in column.items() if lesson.occupied[:, at].mean() > 0.5}
    zones = merge_zones(lesson.zones, sat)
    return LessonRows(
        classroom=lesson.classroom,
        values=np.stack([one.values for one in features]),
        judged=known,
        off_task=truth >= 0.5,
        occupied=there >= 0.5,
        truth=np.where(there > 0, truth, np.nan),
        # Their values are in the array above already.
        features=tuple(replace(one, values=one.values[:0]) for one in features),
        zone_names=tuple(zone.name for zone in zones),
        zones=tuple(
            np.array([column[seat] for seat in zone.seats if seat in column], np.intp)
            for zone in zones
        ),
        activities=lesson.activities,
    )


def _by_epoch(flags: Flags, epochs: int) -> NDArray[np.float64]:
    return np.asarray(
        flags[: epochs * EPOCH_S].reshape(epochs, EPOCH_S, -1).mean(axis=1), dtype=np.float64
    )


def true_episodes(
    rows: LessonRows, columns: Sequence[int] | NDArray[np.intp] | None = None
) -> list[tuple[int, int]]:
    """Stretches [start, end) in seconds, 60 s or longer, in which the true off-task share of the
    room, or of these columns, is at least .20 above its mean in that activity and lesson.
    """
    spans = _spans(true_rise(rows, columns) >= _EPISODE_RISE)
    return [(start, end) for start, end in spans if end - start >= _EPISODE_S]


def true_stretches(
    rows: LessonRows, columns: Sequence[int] | NDArray[np.intp] | None = None
) -> list[tuple[int, int]]:
    """Livelier stretches [start, end) in seconds: all minutes in which the average true off-task
    share is at least .20 above its mean in that activity. They contain all episodes; a dip of five
    seconds does not end a stretch.
    """
    rise = true_rise(rows, columns)
    minute = _EPISODE_S // EPOCH_S
    lively = np.zeros(len(rise), np.bool_)
    if len(rise) >= minute:
        means = np.convolve(rise, np.ones(minute) / minute, "valid")
        for first in np.flatnonzero(means >= _EPISODE_RISE).tolist():
            lively[first : first + minute] = True
    return _spans(lively)


def true_rise(
    rows: LessonRows, columns: Sequence[int] | NDArray[np.intp] | None = None
) -> NDArray[np.float64]:
    """(epochs,): the true share of the room, or of these columns, minus its mean in that activity and
    lesson.
    """
    truth = rows.truth if columns is None else rows.truth[:, columns]
    share = mean_share(truth)
    middle = np.arange(len(truth)) * EPOCH_S + EPOCH_S / 2
    name = np.full(len(truth), "", dtype=object)
    for activity in rows.activities:
        name[(middle >= activity.start_s) & (middle < activity.end_s)] = activity.name
    rise = np.empty(len(share))
    for one in set(name):
        rise[name == one] = share[name == one] - share[name == one].mean()
    return rise


def _spans(flags: Flags) -> list[tuple[int, int]]:
    """The runs of set flags, [start, end) in seconds."""
    edges = (np.flatnonzero(np.diff(flags, prepend=False, append=False)) * EPOCH_S).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def mean_share(truth: NDArray[np.float64]) -> NDArray[np.float64]:
    """(epochs,): the mean over the known seats; 0 where none is known."""
    there = ~np.isnan(truth)
    return np.asarray(
        np.where(there, truth, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1), dtype=np.float64
    )
