"""What `bench_features.py` measures on: people at a table in several groupings, and classrooms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from models.features.names import EPOCH_S
from models.features.second_statistics import statistics_by_epoch
from models.learning.rows import LessonRows
from models.recordings.columns import COLUMNS, RELATIVE_AT
from models.recordings.reading.file import LabelledRecording, read_labelled
from models.recordings.rows import rows_of_groups
from roomtone.model_cli.drawing import draw_lessons

__all__ = ["GROUPINGS", "Task", "classrooms", "people"]

RATE_HZ: Final = 20.0
SCALE: Final = 1024.0
EATING: Final = ("eating_soup", "eating_chips", "eating_pasta", "eating_sandwich")
HANDS: Final = ("clapping", "folding")
CALM: Final = ("sitting", "typing", "writing")
GROUPINGS: Final[Mapping[str, tuple[Sequence[str], Sequence[str], int | None]]] = {
    "restless or calm": ((*HANDS, *EATING, "drinking"), CALM, None),
    "clapping and folding": (HANDS, (*EATING, "drinking", *CALM), None),
    "eating": (EATING, (*HANDS, "drinking", *CALM), None),
    "drinking": (("drinking",), (*HANDS, *EATING, *CALM), None),
    "drinking, known of seven": (("drinking",), (*HANDS, *EATING, *CALM), 6),
}
"""By name: the positive activities, the others, and of how many people positives are known."""
EVERY: Final = 6
"""Every so many epochs of a classroom: their windows overlap, and there are many seats."""

Recordings = list[list[LabelledRecording]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """Groups to learn from, and the same ones to judge as they would be under other conditions."""

    name: str
    training: list[LessonRows]
    judged: Mapping[str, list[LessonRows]]


def people(path: Path, name: str) -> Task:
    """The people of a file of activities, in one of `GROUPINGS`."""
    positive, others, known_of = GROUPINGS[name]
    found = _read(path, positive, others)
    judged = {
        how: rows_of_groups(change(found), rate_hz=RATE_HZ) for how, change in CHANGES.items()
    }
    training = judged["as learned"]
    if known_of is not None:
        step = len(training) // known_of
        training = [
            one if at % step == 0 else replace(one, occupied=one.occupied & ~one.off_task)
            for at, one in enumerate(training)
        ]
    return Task(name=name, training=training, judged=judged)


def classrooms(count: int, seed: int) -> list[Task]:
    """Simulated classrooms of both generators; each seat is judged by itself."""
    kinds: tuple[Literal["bouts", "autoregressive"], ...] = ("bouts", "autoregressive")
    drawn = {
        kind: [
            _seats(one.rows, one.lesson.seat) for one in draw_lessons(count, seed, behaviour=kind)
        ]
        for kind in kinds
    }
    return [
        Task(
            name=f"simulated, learned from {kind}",
            training=drawn[kind],
            judged={("as learned" if own == kind else own): drawn[own] for own in kinds},
        )
        for kind in kinds
    ]


def _read(path: Path, positive: Sequence[str], others: Sequence[str]) -> Recordings:
    """Each person's recordings: 1 for the positive activities, 0 for others, -1 for neither."""
    label: dict[tuple[str, str], int] = {}
    found: Sequence[LabelledRecording] = ()
    for names, value in ((positive, 1), (others, 0)):
        found, _ = read_labelled(path, positive=names, rate_hz=RATE_HZ, unit="counts", scale=SCALE)
        label |= {(r.group, r.recording): value for r in found if (r.label == 1).any()}
    by_person: dict[str, list[LabelledRecording]] = defaultdict(list)
    for one in found:
        value = label.get((one.group, one.recording), -1)
        by_person[one.group].append(replace(one, label=np.full_like(one.label, value)))
    return list(by_person.values())


def _unchanged(found: Recordings) -> Recordings:
    return found


def _another_order(found: Recordings) -> Recordings:
    rng = np.random.default_rng(1)
    return [[own[at] for at in rng.permutation(len(own))] for own in found]


def _scaled(factor: float) -> Callable[[Recordings], Recordings]:
    def change(found: Recordings) -> Recordings:
        size = np.float32(factor)
        return [[replace(r, acceleration=r.acceleration * size) for r in own] for own in found]

    return change


def _too_slow(found: Recordings) -> Recordings:
    """Recorded at 25 Hz, but declared as 20 Hz: everything seems slower."""
    return [[_stretched(one) for one in own] for own in found]


def _stretched(one: LabelledRecording) -> LabelledRecording:
    middle = one.acceleration.mean(axis=0)
    longer = resample_poly(one.acceleration - middle, 5, 4, axis=0) + middle
    count = len(longer)
    return replace(
        one,
        acceleration=longer.astype(np.float32),
        at_s=np.arange(count) / RATE_HZ,
        label=np.full(count, one.label[0]),
    )


def _everything(found: Recordings) -> Recordings:
    half, twice = _scaled(0.5)(found), _scaled(2.0)(found)
    return _another_order([(half if at % 2 else twice)[at] for at in range(len(found))])


CHANGES: Final[Mapping[str, Callable[[Recordings], Recordings]]] = {
    "as learned": _unchanged,
    "in another order": _another_order,
    "readings × 0.5": _scaled(0.5),
    "readings × 2": _scaled(2.0),
    "clock 5/4": _too_slow,
    "order and × 0.5 or × 2": _everything,
}


def _seats(rows: LessonRows, seat: NDArray[np.float32]) -> LessonRows:
    """A classroom with the columns of recordings; `truth` is the movement's level, as there."""
    epochs, seats = rows.judged.shape
    values = np.empty((epochs, seats, len(COLUMNS)), np.float32)
    relative = len(RELATIVE_AT)
    values[:, :, :relative] = rows.values[:, :, list(RELATIVE_AT)]
    for at in range(seats):
        values[:, at, relative:] = statistics_by_epoch(seat[: epochs * EPOCH_S, at])
    judged = rows.judged.copy()
    judged[np.arange(epochs) % EVERY != 0] = False
    level = values[:, :, COLUMNS.index("motion_rms_mean_10")].astype(np.float64)
    return replace(rows, values=values, judged=judged, truth=np.nan_to_num(level, nan=-40.0))
