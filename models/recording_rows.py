"""Labelled recordings as rows to learn from: the quantities and features that serving computes.

Each group has one normal, which runs on from recording to recording, as a seat's does through a
lesson; the windows begin afresh with each. What a room would add (neighbours, noise, the lesson's
minute) is missing: a protocol that has its activities at set times would teach the clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.motion import MotionQuantities
from contract.quantities import ROOM_QUANTITIES, decode, encode
from models.features import EPOCH_S, FEATURES, EpochFeatures, SeatFeatures
from models.recording_file import LabelledRecording
from models.resampling import seconds_of
from models.rows import LessonRows

__all__ = ["group_rows"]

_NO_ROOM: Final = np.full((EPOCH_S, len(ROOM_QUANTITIES)), np.nan, np.float32)
_MINUTES: Final = FEATURES.index("minutes")
_LEVEL: Final = 0  # motion_rms
_MEMORY_S: Final = 4  # what the slowest band remembers
_LEAST_LABELLED: Final = 0.5


def group_rows(
    recordings: Sequence[LabelledRecording], *, rate_hz: float, calibrate_s: float = 0.0
) -> LessonRows:
    """One group's recordings, in their order, as rows of a single seat.

    An epoch is positive where at least half of its labelled samples are, and unlabelled
    (`occupied` is false) where fewer than half of its samples have a label. The first `calibrate_s`
    seconds set the normal for good and are not judged. `truth` is the level of movement over 10 s,
    in dB re 1 mg, for the threshold rule to use.
    """
    motion = MotionQuantities(seats=1, rate_hz=max(rate_hz, 20.0))
    stream = SeatFeatures(seats=1)
    features: list[EpochFeatures] = []
    labels: list[int] = []
    levels: list[float] = []
    calibrating = round(calibrate_s / EPOCH_S)
    nothing = np.full((1, 1, 3), np.nan, np.float32)
    for one in recordings:
        stream.forget_windows()
        for _ in range(_MEMORY_S):
            motion.update(nothing)
        seconds = seconds_of(one.at_s, one.acceleration, one.rate_hz, rate_hz)
        seconds = seconds[: len(seconds) - len(seconds) % EPOCH_S]
        if not seconds:
            continue
        values = np.stack([motion.update(samples[:, None]) for samples in seconds])
        values = decode(encode(values, "seat"), "seat")
        labels += _labels(one, len(seconds) // EPOCH_S)
        levels += _levels(values[:, 0, _LEVEL])
        for at in range(0, len(seconds), EPOCH_S):
            if calibrating and len(features) == calibrating:
                stream.hold_normal()
            features.append(stream.update(values[at : at + EPOCH_S], _NO_ROOM))
    epochs = len(features)
    table = np.empty((epochs, 1, len(FEATURES)), np.float32)
    known = np.zeros((epochs, 1), bool)
    for at, epoch in enumerate(features):
        table[at], known[at] = epoch.values, epoch.known
    table[:, :, _MINUTES] = np.nan
    known[:calibrating] = False
    label = np.array(labels, np.int8).reshape(epochs, 1)
    return LessonRows(
        classroom=recordings[0].group,
        values=table,
        judged=known,
        off_task=label == 1,
        occupied=label >= 0,
        truth=np.array(levels, np.float64).reshape(epochs, 1),
        features=(),
        zone_names=(),
        zones=(),
        activities=(),
    )


def _labels(one: LabelledRecording, epochs: int) -> list[int]:
    epoch = np.floor(one.at_s / EPOCH_S + 1e-6).astype(np.int64)
    within = epoch < epochs
    epoch, label = epoch[within], one.label[within]
    total = np.bincount(epoch, minlength=epochs)
    known = np.bincount(epoch[label >= 0], minlength=epochs)
    positive = np.bincount(epoch[label == 1], minlength=epochs)
    is_known = (known > 0) & (known >= _LEAST_LABELLED * total)
    return [int(v) for v in np.where(is_known, 2 * positive >= known, -1)]


def _levels(by_second: NDArray[np.float32]) -> list[float]:
    """The level of the last ten seconds at each epoch's end, in dB."""
    power = np.nan_to_num(10.0 ** (by_second.astype(np.float64) / 10.0))
    there = (~np.isnan(by_second)).astype(np.float64)
    sums, counts = (x.reshape(-1, EPOCH_S).sum(axis=1) for x in (power, there))
    sums[1:] += sums[:-1].copy()
    counts[1:] += counts[:-1].copy()
    mean = sums / np.maximum(counts, 1.0)
    return [float(v) for v in 10.0 * np.log10(np.maximum(mean, 1e-4))]
