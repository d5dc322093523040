"""The times of a recording's samples: sorts them, splits at clock restarts, and finds the rate."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.errors import RecordingError
from contract.quantities.acceleration import HIGHEST_RATE_HZ, LOWEST_RATE_HZ

__all__ = ["sort_by_time"]

_SLACK: Final = 0.9
"""A sensor of 20 samples per second may deliver a tenth less."""
_ROUNDED: Final = 0.01
"""A rate that differs by less than this counts as the nominal rate."""
_MAX_REPEATED: Final = 0.02
_MAX_RESTARTS: Final = 1.0 / 1000.0  # of the samples; more means that the rows are not in order
_OVERLAP_S: Final = 1.0
_UNITS: Final = {"milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9}

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


def sort_by_time(
    rows: Rows, times: Floats | None, rate_hz: float | None, name: str, notes: list[str]
) -> tuple[list[tuple[Rows, Floats]], float]:
    """The rows and times of each run of the clock, sorted by time, and the rate.

    Raises RecordingError with the reason if the recording can't be used.
    """
    if times is None:
        assert rate_hz is not None  # otherwise the file has been refused
        return [(rows, np.arange(len(rows)) / rate_hz)], rate_hz
    known = np.isfinite(times)
    if not known.all():
        notes.append(f"{name} has {int((~known).sum())} samples without a time; they are left out.")
        rows, times = rows[known], times[known]
    runs = [
        _sorted(rows[part], times[part], name, notes) for part in _runs_of_clock(times, name, notes)
    ]
    steps = np.concatenate([np.diff(own) for _, own in runs])
    repeated = float((steps == 0.0).mean()) if steps.size else 0.0
    if repeated <= _MAX_REPEATED:
        rate = _rate(steps[steps > 0.0], rate_hz)
        fresh = [np.concatenate([[True], np.diff(own) > 0.0]) for _, own in runs]
        dropped = sum(int((~keep).sum()) for keep in fresh)
        if dropped:
            notes.append(
                f"{name} has {dropped} samples with the observed_at of another; they are dropped."
            )
        return [(r[keep], t[keep]) for (r, t), keep in zip(runs, fresh, strict=True)], rate
    if rate_hz is None:
        raise RecordingError(
            f"{repeated:.0%} of its samples have the same observed_at as the one before, so their "
            "order is unknown; give --rate-hz if the rows are in order"
        )
    notes.append(f"{name}: observed_at repeats; the samples are treated as evenly spaced.")
    return [(own, np.arange(len(own)) / rate_hz) for own, _ in runs], rate_hz


def _runs_of_clock(times: Floats, name: str, notes: list[str]) -> list[Rows]:
    """One run, or several if the clock restarts and the runs overlap."""
    whole = np.arange(len(times))
    back = np.flatnonzero(np.diff(times) < 0.0) + 1
    if not 0 < len(back) <= max(1.0, _MAX_RESTARTS * len(times)):
        return [whole]
    runs = sorted(np.split(whole, back), key=lambda run: float(times[run[0]]))
    ends = np.maximum.accumulate([float(times[run[-1]]) for run in runs[:-1]])
    starts = np.array([float(times[run[0]]) for run in runs[1:]])
    if (starts > ends - _OVERLAP_S).all():
        return [whole]  # blocks in another order, which sorting corrects
    notes.append(
        f"{name}: observed_at restarts {len(back)} times; each part is treated separately."
    )
    return np.split(whole, back)


def _sorted(rows: Rows, times: Floats, name: str, notes: list[str]) -> tuple[Rows, Floats]:
    if not (np.diff(times) < 0.0).any():
        return rows, times
    notes.append(f"{name} was not in the order of observed_at; it is sorted now.")
    order = np.argsort(times, kind="stable")
    return rows[order], times[order]


def _rate(steps: Floats, given_hz: float | None) -> float:
    if not steps.size:
        raise RecordingError("it has too few samples for a rate")
    usual = float(np.median(steps))
    rate = 1.0 / float(steps[steps < 2.5 * usual].mean())
    for unit, size in _UNITS.items():
        if rate < LOWEST_RATE_HZ and _SLACK * LOWEST_RATE_HZ <= rate * size <= HIGHEST_RATE_HZ:
            raise RecordingError(
                f"its rate by observed_at is {rate:.4g} Hz, and {rate * size:.4g} Hz if that is in "
                f"{unit}; give it in seconds"
            )
    if given_hz is not None:
        if abs(rate / given_hz - 1.0) > 0.1:
            raise RecordingError(
                f"observed_at gives {rate:.4g} samples per second and --rate-hz is {given_hz:g}; "
                "observed_at is in seconds"
            )
        return given_hz
    near = round(rate)
    if near and abs(rate / near - 1.0) < _ROUNDED:
        rate = float(near)
    if not _SLACK * LOWEST_RATE_HZ <= rate <= HIGHEST_RATE_HZ:
        raise RecordingError(
            f"its rate by observed_at is {rate:.4g} Hz, expected {LOWEST_RATE_HZ:g} to "
            f"{HIGHEST_RATE_HZ:g} (observed_at is in seconds)"
        )
    return rate
