"""Compares simulated with recorded motion: marginals, and how well a classifier separates them.

A ROC-AUC of 0.5 means that the classifier can't distinguish simulated from real windows; 1.0 means
that it always can.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import PredefinedSplit, cross_val_predict

from contract.quantities.table import SEAT_QUANTITIES
from models.learning.threads import one_thread

__all__ = ["motion_marginals", "tilt_marginals", "two_sample_auc"]

_LEVEL: Final = 0
_WIGGLE: Final = 11
_SEEN: Final = 9  # the levels that a sensor of 32 Hz shows
_WINDOW_S: Final = 10
_MOVING_DB: Final = 26.0  # 20 mg
_TILTED_DEG: Final = 1.0
_LESSON_S: Final = 45.0 * 60.0
_FOLDS: Final = 4
_SAME_SHARE: Final = 20_000

Array = NDArray[np.float32]


def motion_marginals(values: Array) -> dict[str, float]:
    """Describe (seconds, seats, 13): levels, movements in 45 minutes, bouts over 20 mg."""
    level = values[:, :, _LEVEL]
    p10, p50, p90 = np.nanquantile(level, (0.1, 0.5, 0.9))
    bouts, quiet = _runs(level >= _MOVING_DB, ~np.isnan(level))
    return {
        "motion level, 10 % (dB re 1 mg)": float(p10),
        "motion level, median (dB re 1 mg)": float(p50),
        "motion level, 90 % (dB re 1 mg)": float(p90),
        "spread within a seat (dB)": float(np.nanmean(np.nanstd(level, axis=0))),
        "level, lag-1 correlation": _lag_1(level),
        "share of seconds over 20 mg": float(np.nanmean(level >= _MOVING_DB)),
        "movements begun in 45 min": float(np.nanmean(values[:, :, _WIGGLE])) * _LESSON_S,
        "bout over 20 mg, median (s)": _median(bouts),
        "bout over 20 mg, 90 % (s)": float(np.quantile(bouts, 0.9)) if bouts.size else 0.0,
        "time between bouts, median (s)": _median(quiet),
    }


def tilt_marginals(tilt: Array) -> dict[str, float]:
    """Describe (seconds, seats) of tilt from second to second, in degrees."""
    p50, p90, p99 = np.nanquantile(tilt, (0.5, 0.9, 0.99))
    bouts, quiet = _runs(tilt >= _TILTED_DEG, ~np.isnan(tilt))
    return {
        "tilt in a second, median (deg)": float(p50),
        "tilt in a second, 90 % (deg)": float(p90),
        "tilt in a second, 99 % (deg)": float(p99),
        "shifts of 1 deg or more in 45 min": len(bouts) / max(1, (~np.isnan(tilt)).sum())
        * _LESSON_S,
        "length of a shift, median (s)": _median(bouts),
        "time between shifts, median (s)": _median(quiet),
    }  # fmt: skip


def two_sample_auc(simulated: Sequence[Array], real: Sequence[Array]) -> Mapping[str, float]:
    """How well trees distinguish windows of ten seconds, on seats that they have not seen.

    Each entry is one seat's (seconds, 13). Measured once with the levels as they are, and once
    without each seat's own median, which leaves only how movement comes and goes.
    """
    return {
        "levels as they are": _classifier_auc(simulated, real, is_centred=False),
        "each seat's median taken off": _classifier_auc(simulated, real, is_centred=True),
    }


def _classifier_auc(
    simulated: Sequence[Array], real: Sequence[Array], *, is_centred: bool
) -> float:
    rows, truth, fold = [], [], []
    for is_real, seats in ((False, simulated), (True, real)):
        each = max(1, _SAME_SHARE // max(1, len(seats)))
        for at, seat in enumerate(seats):
            windows = _windows(seat, is_centred=is_centred)[:each]
            rows.append(windows)
            truth.append(np.full(len(windows), is_real))
            fold.append(np.full(len(windows), at % _FOLDS))
    x, y = np.concatenate(rows), np.concatenate(truth)
    x = np.where(np.isnan(x).all(axis=0), np.float32(0.0), x)
    trees = HistGradientBoostingClassifier(
        max_iter=100, max_features=0.3, random_state=1, early_stopping=False
    )
    folds = PredefinedSplit(np.concatenate(fold))
    with one_thread():
        p = cross_val_predict(trees, x, y, cv=folds, method="predict_proba")[:, 1]
    return float(roc_auc_score(y, p))


def _windows(seat: Array, *, is_centred: bool) -> Array:
    """Mean and spread of each quantity over ten seconds."""
    values = seat.copy()
    if is_centred:
        values[:, :_SEEN] -= np.nanmedian(values[:, :_SEEN], axis=0)
    count = len(values) // _WINDOW_S
    blocks = values[: count * _WINDOW_S].reshape(count, _WINDOW_S, len(SEAT_QUANTITIES))
    there = ~np.isnan(blocks[:, :, _LEVEL]).any(axis=1)
    kept = blocks[there]
    return np.concatenate([kept[:, :, :_SEEN].mean(axis=1), kept[:, :, :_SEEN].std(axis=1)], axis=1)


def _runs(flags: NDArray[np.bool_], known: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Lengths of the runs that are set, and of the gaps between them."""
    on, off = [], []
    for seat in range(flags.shape[1]):
        now = flags[known[:, seat], seat].astype(np.int8)
        edges = np.flatnonzero(np.diff(now, prepend=0, append=0))
        on.append(edges[1::2] - edges[::2])
        off.append(edges[2::2] - edges[1:-1:2])
    return np.concatenate(on).astype(np.float32), np.concatenate(off).astype(np.float32)


def _lag_1(level: Array) -> float:
    centred = level - np.nanmean(level, axis=0)
    return float(np.nansum(centred[1:] * centred[:-1]) / np.nansum(centred**2))


def _median(lengths: Array) -> float:
    return float(np.median(lengths)) if lengths.size else 0.0
