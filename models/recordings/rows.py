"""Labelled recordings as training rows, with the same quantities and features as in scoring.

Each group has one normal, which continues from recording to recording, as a seat's does through a
lesson; the windows start again with each recording. `models.recordings.columns` says which features
there are.

Groups are computed together, as the seats of a room are, and do not influence each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.quantities.motion import LOWEST_RATE_HZ, MotionQuantities
from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES, decode, encode
from models.features.seat_features import (
    EPOCH_S,
    EpochFeatures,
    SeatFeatures,
    update_together,
)
from models.features.second_statistics import statistics_by_epoch
from models.learning.rows import LessonRows
from models.progress import Progress, silent
from models.recordings.columns import COLUMNS, RELATIVE_AT
from models.recordings.reading.file import LabelledRecording
from models.recordings.reading.resampling import seconds_of

__all__ = ["rows_of_groups"]

_NO_ROOM: Final = np.full((EPOCH_S, len(ROOM_QUANTITIES)), np.nan, np.float32)
_RELATIVE: Final = list(RELATIVE_AT)
_LEVEL: Final = 0  # motion_rms
_MEMORY_S: Final = 4  # memory of the slowest band
_MIN_LABELLED: Final = 0.5
_SIDE_BY_SIDE: Final = 16
"""More groups would hardly be faster, and would need more memory."""

Array = NDArray[np.float32]
Report = Callable[[float], None]


def rows_of_groups(
    groups: Sequence[Sequence[LabelledRecording]],
    *,
    rate_hz: float,
    calibrate_s: float = 0.0,
    progress: Progress = silent,
) -> list[LessonRows]:
    """Each group's recordings, in their order, as rows of a single seat.

    An epoch is positive if at least half of its labelled samples are, and unlabelled (`occupied` is
    false) if fewer than half of its samples have a label. The first `calibrate_s` seconds set the
    normal, which then stays fixed; they are not judged. `truth` is the movement level over 10 s, in
    dB re 1 mg, for the threshold rule. The columns of `values` are `models.recordings.columns`.
    """
    order = sorted(
        range(len(groups)), key=lambda at: _samples(groups[at])
    )  # similar lengths together
    total, done = sum(_samples(own) for own in groups), 0
    rows: dict[int, LessonRows] = {}
    for first in range(0, len(order), _SIDE_BY_SIDE):
        chosen = order[first : first + _SIDE_BY_SIDE]
        part = [groups[at] for at in chosen]
        size = sum(_samples(own) for own in part)
        report = _share_of(progress, done / total, size / total)
        quantities = _quantities(part, rate_hz, report)
        epochs = _features(quantities, round(calibrate_s / EPOCH_S), report)
        for at, own, values, features in zip(chosen, part, quantities, epochs, strict=True):
            rows[at] = _rows(own, values, features, round(calibrate_s / EPOCH_S))
        done += size
    return [rows[at] for at in range(len(groups))]


def _samples(own: Sequence[LabelledRecording]) -> int:
    return sum(len(one.at_s) for one in own)


def _share_of(progress: Progress, start: float, width: float) -> Report:
    """Reports the progress of one part of the work as a share of the whole."""
    return lambda share: progress("computing features", start + width * share)


def _quantities(
    part: Sequence[Sequence[LabelledRecording]], rate_hz: float, report: Report
) -> list[list[Array]]:
    """The quantities of each group's recordings, (seconds, 1, 13), in whole epochs."""
    seconds = [[_whole_epochs(one, rate_hz) for one in own] for own in part]
    # Samples are evenly spaced in a second, so only groups with equal counts can go together.
    alike: dict[int, list[int]] = defaultdict(list)
    for group, own in enumerate(seconds):
        counts = {len(second) for one in own for second in one}
        alike[counts.pop() if len(counts) == 1 else -1 - group].append(group)
    found: dict[int, list[Array]] = {}
    for together in alike.values():
        computed = _side_by_side([seconds[group] for group in together], rate_hz)
        found.update(zip(together, computed, strict=True))
        report(0.8 * len(found) / len(part))
    return [found[at] for at in range(len(part))]


def _whole_epochs(one: LabelledRecording, rate_hz: float) -> list[Array]:
    seconds = seconds_of(one.at_s, one.acceleration, one.rate_hz, rate_hz)
    return seconds[: len(seconds) - len(seconds) % EPOCH_S]


def _side_by_side(groups: Sequence[Sequence[list[Array]]], rate_hz: float) -> list[list[Array]]:
    """The quantities of groups whose seconds have the same number of samples, or of one group.

    Before each recording there are as many lost seconds as the formulas remember.
    """
    pause: list[Array | None] = [None] * _MEMORY_S
    lines = [list(chain.from_iterable([*pause, *one] for one in own)) for own in groups]
    motion = MotionQuantities(seats=len(groups), rate_hz=max(rate_hz, LOWEST_RATE_HZ))
    values = np.empty((max(map(len, lines)), len(groups), len(SEAT_QUANTITIES)), np.float32)
    for at in range(len(values)):
        now = [(seat, line[at]) for seat, line in enumerate(lines) if at < len(line)]
        there = [(seat, second) for seat, second in now if second is not None]
        samples = len(there[0][1]) if there else 1
        frame = np.full((samples, len(groups), 3), np.nan, np.float32)
        for seat, second in there:
            frame[:, seat] = second
        values[at] = motion.update(frame)
    values = decode(encode(values, "seat"), "seat")
    ends = [np.cumsum([_MEMORY_S + len(one) for one in own]) for own in groups]
    return [
        [values[e - len(one) : e, seat : seat + 1] for one, e in zip(own, ends[seat], strict=True)]
        for seat, own in enumerate(groups)
    ]


def _features(
    quantities: Sequence[Sequence[Array]], calibrating: int, report: Report
) -> list[list[EpochFeatures]]:
    """The features of each group, epoch by epoch, for all groups together."""
    streams = [SeatFeatures(seats=1) for _ in quantities]
    lines = [list(_epochs(own)) for own in quantities]
    found: list[list[EpochFeatures]] = [[] for _ in quantities]
    longest = max(map(len, lines))
    for at in range(longest):
        now = [group for group, line in enumerate(lines) if at < len(line)]
        for group in now:
            if lines[group][at][0]:
                streams[group].forget_windows()
            if calibrating and at == calibrating:
                streams[group].hold_normal()
        computed = update_together(
            [streams[group] for group in now],
            [lines[group][at][1] for group in now],
            [_NO_ROOM] * len(now),
        )
        for group, epoch in zip(now, computed, strict=True):
            found[group].append(epoch)
        report(0.8 + 0.2 * (at + 1) / longest)
    return found


def _epochs(recordings: Sequence[Array]) -> Iterator[tuple[bool, Array]]:
    """A group's epochs, (5, 1, 13), and whether each one begins a recording."""
    for one in recordings:
        for first in range(0, len(one), EPOCH_S):
            yield first == 0, one[first : first + EPOCH_S]


def _rows(
    recordings: Sequence[LabelledRecording],
    quantities: Sequence[Array],
    epochs: Sequence[EpochFeatures],
    calibrating: int,
) -> LessonRows:
    shape = len(epochs), 1, len(COLUMNS)
    values = np.empty(shape, np.float32)
    if epochs:
        relative = np.concatenate([epoch.values[:, _RELATIVE] for epoch in epochs])
        absolute = np.concatenate([statistics_by_epoch(own[:, 0]) for own in quantities])
        values[:, 0] = np.concatenate([relative, absolute], axis=1)
    judged = np.array([epoch.known for epoch in epochs], bool).reshape(shape[:2])
    judged[:calibrating] = False
    label = np.concatenate(
        [_labels(one, len(own) // EPOCH_S) for one, own in zip(recordings, quantities, strict=True)]
    )[:, None]
    return LessonRows(
        classroom=recordings[0].group,
        values=values,
        judged=judged,
        off_task=label == 1,
        occupied=label >= 0,
        truth=np.concatenate([_levels(own[:, 0, _LEVEL]) for own in quantities])[:, None],
        features=(),
        zone_names=(),
        zones=(),
        activities=(),
    )


def _labels(one: LabelledRecording, epochs: int) -> NDArray[np.int64]:
    """Each epoch's label: 1 for positive, 0 for another label, -1 for none."""
    epoch = np.floor(one.at_s / EPOCH_S + 1e-6).astype(np.int64)
    within = epoch < epochs
    epoch, label = epoch[within], one.label[within]
    total = np.bincount(epoch, minlength=epochs)
    known = np.bincount(epoch[label >= 0], minlength=epochs)
    positive = np.bincount(epoch[label == 1], minlength=epochs)
    is_known = (known > 0) & (known >= _MIN_LABELLED * total)
    return np.where(is_known, 2 * positive >= known, -1)


def _levels(by_second: NDArray[np.float32]) -> NDArray[np.float64]:
    """The level of the ten seconds before each epoch's end, in dB."""
    power = np.nan_to_num(10.0 ** (by_second.astype(np.float64) / 10.0))
    there = (~np.isnan(by_second)).astype(np.float64)
    sums, counts = (x.reshape(-1, EPOCH_S).sum(axis=1) for x in (power, there))
    sums[1:] += sums[:-1].copy()
    counts[1:] += counts[:-1].copy()
    mean = sums / np.maximum(counts, 1.0)
    return np.asarray(10.0 * np.log10(np.maximum(mean, 1e-4)))
