"""The truth about a simulated lesson: who did what in each second, and the episodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.files.csv_rows import write_rows
from contract.lesson import Activity

__all__ = [
    "EPISODE_RISE",
    "EPISODE_S",
    "KINDS",
    "MOVING_OFF_TASK",
    "OFF_TASK_KINDS",
    "Episode",
    "Kind",
    "Truth",
    "find_episodes",
    "write_truth",
]


class Kind(IntEnum):
    """What a pupil may be doing: off task from `PEERS` on."""

    ABSENT = 0
    LISTENING = 1
    WRITING = 2
    FETCHING = 3
    WALKING = 4
    """Arriving or leaving: on task."""
    PEERS = 5
    SELF_DIRECTED = 6
    LOOKING_AWAY = 7
    SUPPLIES = 8
    OTHER_MOVING = 9
    OTHER_STILL = 10


KINDS: Final = tuple(kind.name.lower() for kind in Kind)
OFF_TASK_KINDS: Final = (
    (Kind.PEERS,),
    (Kind.SELF_DIRECTED,),
    (Kind.LOOKING_AWAY,),
    (Kind.SUPPLIES,),
    (Kind.OTHER_MOVING, Kind.OTHER_STILL),
)
"""The five kinds of off-task behaviour, in the order of `OffTask.kind_shares`."""
MOVING_OFF_TASK: Final = (Kind.PEERS, Kind.SELF_DIRECTED, Kind.SUPPLIES, Kind.OTHER_MOVING)

EPISODE_S: Final = 60
EPISODE_RISE: Final = 0.20
_EPOCH_S: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A stretch in which the room was clearly more off task than its activity's mean."""

    start_s: int
    end_s: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """One row per second, one column per seat. `kind` holds the codes of `Kind`."""

    seats: tuple[int, ...]
    activities: tuple[Activity, ...]
    kind: NDArray[np.int8]

    @property
    def occupied(self) -> NDArray[np.bool_]:
        """(periods, seats): someone sits there."""
        return np.not_equal(self.kind, Kind.ABSENT)

    @property
    def off_task(self) -> NDArray[np.bool_]:
        """(periods, seats): the pupil is off task."""
        return np.greater_equal(self.kind, Kind.PEERS)

    def episodes(self) -> tuple[Episode, ...]:
        """The stretches that an alert should find."""
        return find_episodes(self.off_task, self.occupied, self.activities)


def _share(off_task: NDArray[np.bool_], occupied: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(periods,): the off-task share of the pupils present; NaN if there are none."""
    present = occupied.sum(axis=1)
    share = (off_task & occupied).sum(axis=1) / np.maximum(present, 1)
    return np.where(present > 0, share, np.nan)


def find_episodes(
    off_task: NDArray[np.bool_], occupied: NDArray[np.bool_], activities: Sequence[Activity]
) -> tuple[Episode, ...]:
    """Stretches of 60 s or more in which the room's true off-task share, over epochs of 5 s, is at
    least .20 above its activity's mean in this lesson.

    It depends only on the truth: (periods, seats) arrays and the declared spans.
    """
    share = _share(off_task, occupied)
    periods = len(share)
    second = np.arange(periods)
    mean = np.full(periods, np.nan)
    for name in {activity.name for activity in activities}:
        spans = [a for a in activities if a.name == name]
        within = np.any([(second >= a.start_s) & (second < a.end_s) for a in spans], axis=0)
        present = occupied[within].sum()
        if present:
            mean[within] = (off_task & occupied)[within].sum() / present
    epochs = periods // _EPOCH_S
    rise = (share - mean)[: epochs * _EPOCH_S].reshape(epochs, _EPOCH_S).mean(axis=1)
    high = np.concatenate([[False], rise >= EPISODE_RISE, [False]])
    edges = np.flatnonzero(high[1:] != high[:-1]) * _EPOCH_S
    return tuple(
        Episode(start_s=int(start), end_s=int(end))
        for start, end in zip(edges[::2], edges[1::2], strict=True)
        if end - start >= EPISODE_S
    )


def write_truth(truth: Truth, path: Path, *, starts_utc_s: float = 0.0) -> None:
    """Write a CSV: one row for each second and seat, with its Unix time and the kind by name."""
    names = _activity_names(truth)
    occupied, off_task = truth.occupied, truth.off_task
    with path.open("w", newline="", encoding="utf-8") as file:
        write_rows(
            file, [["second", "observed_at", "seat", "activity", "kind", "occupied", "off_task"]]
        )
        for t in range(len(truth.kind)):
            when = f"{starts_utc_s + t:.3f}"
            write_rows(
                file,
                (
                    (t, when, seat, names[t], KINDS[truth.kind[t, i]], int(occupied[t, i]),
                     int(off_task[t, i]))
                    for i, seat in enumerate(truth.seats)
                ),
            )  # fmt: skip


def _activity_names(truth: Truth) -> list[str]:
    names = [""] * len(truth.kind)
    for activity in truth.activities:
        for t in range(round(activity.start_s), min(round(activity.end_s), len(names))):
            names[t] = activity.name
    return names
