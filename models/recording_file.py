"""Labelled motion recordings from a Parquet file: checked, brought into g, cut where they pause.

One row a sample, with the columns `group` (a person, or whoever shares a normal), `recording`, `x`,
`y`, `z`, `label`, and `observed_at` in seconds unless a rate is given. Null labels are allowed: such
samples are history, and are not judged. What can't be used is left out and named, or refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import parquet

from contract.errors import RecordingError, UsageError
from models.recording_checks import check_acceleration, check_unit

__all__ = ["LabelledRecording", "Unit", "read_labelled"]

Unit = Literal["g", "m/s2", "counts"]

_G: Final = 9.80665
_LOWEST_RATE_HZ: Final = 20.0
_HIGHEST_RATE_HZ: Final = 400.0
_ROUNDED: Final = 0.01
"""A clock that runs this much off still has its nominal rate."""
_LONGEST_PAUSE_S: Final = 120.0
_MOST_REPEATED: Final = 0.02

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledRecording:
    """A stretch of one recording without a long pause.

    `at_s` are the samples' times (n,), rising, from 0 on; `acceleration` is in g, (n, 3) with NaN
    where a sample has no value; `label` is 1 for positive, 0 for another label, -1 for none.
    """

    group: str
    recording: str
    rate_hz: float
    at_s: Floats
    acceleration: NDArray[np.float32]
    label: NDArray[np.int8]


def read_labelled(
    path: Path,
    *,
    positive: str,
    rate_hz: float | None = None,
    unit: Unit = "g",
    scale: float | None = None,
) -> tuple[list[LabelledRecording], list[str]]:
    """The recordings of a file, and sentences about what was put right or left out.

    `scale` is the number of counts in 1 g. Raises RecordingError, or UsageError, with what is wrong.
    """
    per_g = _per_g(unit, scale)
    if rate_hz is not None and not _LOWEST_RATE_HZ <= rate_hz <= _HIGHEST_RATE_HZ:
        raise UsageError(
            f"--rate-hz is {rate_hz:g}, expected {_LOWEST_RATE_HZ:g} to {_HIGHEST_RATE_HZ:g}."
        )
    table = _table(path, rate_hz)
    notes: list[str] = []
    axes = np.stack([_numbers(table, name, path) for name in "xyz"], axis=1) / per_g
    axes[~np.isfinite(axes)] = np.nan
    check_unit(axes, unit, path)
    label = _labels(table, positive, path)
    at = _times(table, path) if "observed_at" in table.column_names else None
    found: list[LabelledRecording] = []
    for group, recording, listed in _recordings(table, path):
        name = f"recording {recording} of group {group}"
        told = None if at is None else at[listed]
        rows, times, rate = _in_order(listed, told, rate_hz, f"{path}: {name}", notes)
        reason = check_acceleration(axes[rows], rate)
        if reason is not None:
            notes.append(f"{name[0].upper()}{name[1:]} is left out: {reason}.")
            continue
        pauses = np.flatnonzero(np.diff(times) > _LONGEST_PAUSE_S) + 1
        found += [
            LabelledRecording(
                group=group,
                recording=recording,
                rate_hz=rate,
                at_s=times[part] - times[part[0]],
                acceleration=axes[rows[part]].astype(np.float32),
                label=label[rows[part]],
            )
            for part in np.split(np.arange(len(rows)), pauses)
        ]
    if not found:
        raise RecordingError(f"{path} has no recording that can be used. {' '.join(notes[:3])}")
    _say_missing(axes, notes)
    return found, notes


def _per_g(unit: Unit, scale: float | None) -> float:
    if unit == "counts":
        if scale is None or not np.isfinite(scale) or scale <= 0.0:
            raise UsageError("--unit counts needs --scale, the number of counts in 1 g, over 0.")
        return scale
    if scale is not None:
        raise UsageError(f"--scale goes with --unit counts alone, not with {unit}.")
    return _G if unit == "m/s2" else 1.0


def _table(path: Path, rate_hz: float | None) -> pa.Table:
    needed = ["group", "recording", "x", "y", "z", "label"]
    try:
        names = parquet.read_schema(path).names
        missing = [name for name in needed if name not in names]
        if "observed_at" in names:
            needed.append("observed_at")
        elif rate_hz is None:
            missing.append("observed_at (or give --rate-hz)")
        if missing:
            raise RecordingError(
                f"{path} lacks the column {', '.join(missing)}; it has "
                f"{', '.join(names) or 'none'}."
            )
        table = parquet.read_table(path, columns=needed)
    except FileNotFoundError:
        raise RecordingError(f"There is no recording at {path}; name a Parquet file.") from None
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise RecordingError(f"{path} can't be read as a Parquet file: {reason}.") from error
    if table.num_rows == 0:
        raise RecordingError(f"{path} has no rows.")
    return table


def _numbers(table: pa.Table, name: str, path: Path) -> Floats:
    column = table[name]
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise RecordingError(f"{path}: column {name} is {kind}, expected numbers.")
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def _times(table: pa.Table, path: Path) -> Floats:
    column = table["observed_at"]
    if pa.types.is_timestamp(column.type):
        us = column.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
        return np.asarray(us.cast(pa.float64(), safe=False).to_numpy(), np.float64) / 1e6
    return _numbers(table, "observed_at", path)


def _labels(table: pa.Table, positive: str, path: Path) -> NDArray[np.int8]:
    """1 where the label is the positive one, 0 where it is another, -1 where there is none."""
    column = table["label"].combine_chunks()
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    if isinstance(column, pa.ChunkedArray):
        column = column.unify_dictionaries().combine_chunks()
    values = column.dictionary.to_pylist()
    codes = np.asarray(pc.fill_null(column.indices, -1).to_numpy(zero_copy_only=False), np.int64)
    blank = [isinstance(value, str) and not value.strip() for value in values]
    meaning = np.array(
        [
            -1 if value is None or is_blank else int(_is_same(value, positive))
            for value, is_blank in zip(values, blank, strict=True)
        ]
        + [-1],
        dtype=np.int8,
    )  # a null's code is -1 and takes the last entry
    if not (meaning == 1).any():
        shown = sorted({str(value) for value in values if value is not None})
        more = f" and {len(shown) - 10} others" if len(shown) > 10 else ""
        raise RecordingError(
            f"{path}: no label is {positive!r}; the labels are "
            f"{', '.join(shown[:10]) or 'all null'}{more}."
        )
    return meaning[codes]


def _is_same(value: Any, wanted: str) -> bool:  # whatever the file holds
    text = wanted.strip()
    if isinstance(value, bool):
        return text.lower() in (("true", "1", "1.0") if value else ("false", "0", "0.0"))
    if isinstance(value, int | float):
        if text.lower() in {"true", "false"}:
            return value == (text.lower() == "true")
        try:
            return float(text) == value
        except ValueError:
            return False
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    return str(value).strip() == text


def _recordings(table: pa.Table, path: Path) -> Iterator[tuple[str, str, NDArray[np.intp]]]:
    """Each recording's group, name and rows, in the order of the file."""
    names, codes = [], []
    for column_name in ("group", "recording"):
        column = table[column_name]
        if column.null_count:
            raise RecordingError(
                f"{path}: column {column_name} is null in {column.null_count} rows; each sample "
                "belongs to a group and a recording."
            )
        try:
            encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
        except pa.ArrowException:
            raise RecordingError(
                f"{path}: column {column_name} is {column.type}, expected text or numbers."
            ) from None
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.combine_chunks()
        names.append(encoded.dictionary.to_pylist())
        codes.append(np.asarray(encoded.indices.to_numpy(zero_copy_only=False), np.int64))
    both = codes[0] * len(names[1]) + codes[1]
    order = np.argsort(both, kind="stable")
    cuts = np.flatnonzero(np.diff(both[order])) + 1
    parts = sorted(np.split(order, cuts), key=lambda rows: int(rows[0]))
    for rows in parts:
        yield names[0][codes[0][rows[0]]], names[1][codes[1][rows[0]]], rows


def _in_order(
    rows: NDArray[np.intp],
    times: Floats | None,
    rate_hz: float | None,
    where: str,
    notes: list[str],
) -> tuple[NDArray[np.intp], Floats, float]:
    """The rows in the order of time, their times, and the rate."""
    if times is not None:
        known = np.isfinite(times)
        if not known.all():
            notes.append(f"{where} has {int((~known).sum())} samples without a time; left out.")
            rows, times = rows[known], times[known]
        steps = np.diff(times)
        if (steps < 0.0).any():
            notes.append(f"{where} was not in the order of observed_at; sorted.")
            order = np.argsort(times, kind="stable")
            rows, times = rows[order], times[order]
            steps = np.diff(times)
        repeated = float((steps == 0.0).mean()) if steps.size else 0.0
        if repeated <= _MOST_REPEATED:
            fresh = np.concatenate([[True], steps > 0.0])
            return rows[fresh], times[fresh], _rate(times[fresh], rate_hz, where)
        if rate_hz is None:
            raise RecordingError(
                f"{where}: {repeated:.0%} of the samples have the observed_at of the one before, so "
                "their order in time is not known; give --rate-hz."
            )
        notes.append(f"{where}: observed_at repeats; the samples are taken as evenly spread.")
    assert rate_hz is not None
    return rows, np.arange(len(rows)) / rate_hz, rate_hz


def _rate(times: Floats, told: float | None, where: str) -> float:
    if len(times) < 2:
        raise RecordingError(f"{where} has {len(times)} sample, which has no rate.")
    steps = np.diff(times)
    usual = float(np.median(steps))
    rate = 1.0 / float(steps[steps < 2.5 * usual].mean())
    if told is not None:
        if abs(rate / told - 1.0) > 0.1:
            raise RecordingError(
                f"{where}: observed_at gives {rate:.4g} samples a second, --rate-hz says "
                f"{told:g}; observed_at is in seconds."
            )
        return told
    near = round(rate)
    if near and abs(rate / near - 1.0) < _ROUNDED:
        rate = float(near)
    if not _LOWEST_RATE_HZ <= rate <= _HIGHEST_RATE_HZ:
        raise RecordingError(
            f"{where} has {rate:.4g} samples a second by observed_at, expected "
            f"{_LOWEST_RATE_HZ:g} to {_HIGHEST_RATE_HZ:g}; observed_at is in seconds."
        )
    return rate


def _say_missing(axes: Floats, notes: list[str]) -> None:
    missing = float(np.isnan(axes).any(axis=1).mean())
    if missing > 0.0:
        notes.append(f"{missing:.2%} of the samples have no value (NaN); they count as lost.")
