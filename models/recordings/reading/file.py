"""Reads labelled motion recordings from a Parquet file: checks them, converts to g, cuts at pauses.

One row per sample, with the columns `group` (a person, or whoever shares a normal), `recording`,
`x`, `y`, `z`, `label`, and `observed_at` in seconds unless a rate is given. Null labels are
allowed: such samples are only history, and are not judged. Unusable recordings are left out with a
note, or refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import parquet

from contract.errors import RecordingError
from contract.quantities.acceleration import Unit, check_rate, check_unit, per_g
from models.recordings.reading.checks import check_acceleration, drop_implausible
from models.recordings.reading.repeats import refuse_copy, without_repeats
from models.recordings.reading.resampling import USUAL_RATE_HZ
from models.recordings.reading.times import sort_by_time

__all__ = ["LabelledRecording", "read_labelled"]

_LONGEST_PAUSE_S: Final = 120.0
_FINEST_FLOAT32_S: Final = 2.0**15  # above this its steps are 4 ms
_MAX_NOTES: Final = 10
_MIN_GRAVITY_G: Final = 0.5

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledRecording:
    """A part of one recording without a long pause.

    `at_s` are the samples' times (n,), rising, starting at 0; `acceleration` is in g, (n, 3) with
    NaN if a sample has no value; `label` is 1 for positive, 0 for another label, -1 for none.
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
    positive: Sequence[str],
    rate_hz: float | None = None,
    unit: Unit = "g",
    scale: float | None = None,
) -> tuple[list[LabelledRecording], list[str]]:
    """Read the recordings of a file; returns notes about what was corrected or left out as well.

    Samples with any of the labels `positive` are positive; each of them has to occur. `scale` is the
    number of counts in 1 g. RecordingError or UsageError says what is wrong.
    """
    counts = per_g(unit, scale)
    check_rate(rate_hz)
    table = _table(path, rate_hz)
    notes: list[str] = []
    axes = np.empty((table.num_rows, 3), np.float32)
    for at_axis, name in enumerate("xyz"):
        axes[:, at_axis] = _numbers(table, name, path) / counts
    drop_implausible(axes, notes)
    label = _labels(table, positive, path)
    at = _times(table, path) if "observed_at" in table.column_names else None
    found: list[LabelledRecording] = []
    left_out: list[str] = []
    copies: dict[bytes, str] = {}
    for group, recording, every in _recordings(table, path):
        name = f"recording {recording} of group {group}"
        try:
            listed = without_repeats(every, at, axes, label, f"R{name[1:]}", notes)
            times_of = None if at is None else at[listed]
            runs, rate = sort_by_time(listed, times_of, rate_hz, f"R{name[1:]}", notes)
            rows = np.concatenate([own for own, _ in runs])
            check_acceleration(axes[rows], rate)
            check_unit(axes[rows], unit)
            refuse_copy(copies, axes[rows], label[rows], name)
        except RecordingError as error:
            left_out.append(f"R{name[1:]} is left out: {_ended(str(error))}")
            continue
        for own, times in runs:
            pauses = np.flatnonzero(np.diff(times) > _LONGEST_PAUSE_S) + 1
            found += [
                LabelledRecording(
                    group=group,
                    recording=recording,
                    rate_hz=rate,
                    at_s=times[part] - times[part[0]],
                    acceleration=axes[own[part]],
                    label=label[own[part]],
                )
                for part in np.split(np.arange(len(own)), pauses)
            ]
    if not found:
        more = f" (the first of {len(left_out)})" if len(left_out) > 1 else ""
        raise RecordingError(f"{path} has no recording that can be used{more}. {left_out[0]}")
    all_notes = [*_shortened(left_out), *_shortened(notes), *_about(found, axes)]
    return found, [f"{path}: {note}" for note in all_notes]


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith("?") else f"{sentence}."


def _shortened(notes: list[str]) -> list[str]:
    if len(notes) <= _MAX_NOTES:
        return notes
    return [*notes[:_MAX_NOTES], f"And {len(notes) - _MAX_NOTES} more of the same kind."]


def _table(path: Path, rate_hz: float | None) -> pa.Table:
    needed = ["group", "recording", "x", "y", "z", "label"]
    if path.exists() and not path.is_file():
        raise RecordingError(f"{path} is a directory or a pipe; name a Parquet file.")
    try:
        names = parquet.read_schema(path).names
        missing = [name for name in needed if name not in names]
        if "observed_at" in names:
            needed.append("observed_at")
        elif rate_hz is None:
            missing.append("observed_at (or give --rate-hz)")
        if missing:
            raise RecordingError(
                f"{path} has no column {', '.join(missing)}; it has {', '.join(names) or 'none'}."
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
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        also = " of seconds, or timestamps" if name == "observed_at" else ""
        raise RecordingError(f"{path}: column {name} is {kind}, expected numbers{also}.")
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def _times(table: pa.Table, path: Path) -> Floats:
    column = table["observed_at"]
    is_stamp = pa.types.is_timestamp(column.type)
    if is_stamp or pa.types.is_duration(column.type):
        wanted = pa.timestamp("us") if is_stamp else pa.duration("us")
        us = column.cast(wanted, safe=False).cast(pa.int64())
        return np.asarray(us.cast(pa.float64(), safe=False).to_numpy(), np.float64) / 1e6
    times = _numbers(table, "observed_at", path)
    if column.type == pa.float32() and np.nanmax(np.abs(times), initial=0.0) > _FINEST_FLOAT32_S:
        raise RecordingError(
            f"{path}: column observed_at is float32, which can't separate samples at "
            f"{np.nanmax(times):.3g} s; store it as float64, or leave it out and give --rate-hz."
        )
    return times


def _labels(table: pa.Table, positive: Sequence[str], path: Path) -> NDArray[np.int8]:
    """1 for a positive label, 0 for another label, -1 for no label."""
    column = table["label"].combine_chunks()
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))
    try:
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
    except pa.ArrowException:
        raise RecordingError(
            f"{path}: column label is {column.type}, expected text, numbers or true and false."
        ) from None
    if isinstance(column, pa.ChunkedArray):
        column = column.unify_dictionaries().combine_chunks()
    values = column.dictionary.to_pylist()
    codes = np.asarray(pc.fill_null(column.indices, -1).to_numpy(zero_copy_only=False), np.int64)
    blank = [isinstance(value, str) and not value.strip() for value in values]
    meaning = np.array(
        [
            -1 if value is None or is_blank else int(any(_is_same(value, one) for one in positive))
            for value, is_blank in zip(values, blank, strict=True)
        ]
        + [-1],
        dtype=np.int8,
    )  # a null's code is -1 and takes the last entry
    there = [value for value, code in zip(values, meaning[:-1], strict=True) if code >= 0]
    missing = [one for one in positive if not any(_is_same(value, one) for value in there)]
    if missing:
        shown = sorted({str(value) for value in values if value is not None})
        more = f" and {len(shown) - 10} others" if len(shown) > 10 else ""
        raise RecordingError(
            f"{path}: no label is {' or '.join(map(repr, missing))}; the labels are "
            f"{', '.join(shown[:10]) or 'all null'}{more}."
        )
    return meaning[codes]


def _is_same(value: Any, wanted: str) -> bool:  # any type that the file has
    text = wanted.strip()
    if isinstance(value, bool):
        return text.lower() in (("true", "1", "1.0") if value else ("false", "0", "0.0"))
    if isinstance(value, int | float | Decimal):
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
    keys: dict[str, Any] = {"row": np.arange(table.num_rows)}
    for name in ("group", "recording"):
        column = table[name]
        nulls = pc.sum(pc.is_null(column, nan_is_null=True)).as_py()
        if nulls:
            raise RecordingError(
                f"{path}: column {name} is null in {nulls} rows; each sample "
                "belongs to a group and a recording."
            )
        try:
            keys[name] = column.cast(pa.string())
        except pa.ArrowException:
            raise RecordingError(
                f"{path}: column {name} is {column.type}, expected text or numbers."
            ) from None
    by_recording = pa.table(keys).group_by(["group", "recording"], use_threads=False)
    found = by_recording.aggregate([("row", "list")])
    for group, recording, rows in zip(
        *(found[name].to_pylist() for name in ("group", "recording")),
        found["row_list"],
        strict=True,
    ):
        yield group, recording, rows.values.to_numpy()


def _about(found: list[LabelledRecording], axes: NDArray[np.float32]) -> list[str]:
    """Notes about the samples that a reader of the figures should know."""
    notes = []
    rates = sorted({one.rate_hz for one in found})
    if rates[-1] > 1.1 * rates[0]:
        notes.append(
            f"The rates are between {rates[0]:g} and {rates[-1]:g} samples per second; all are "
            f"resampled to {min(rates[0], USUAL_RATE_HZ):g}."
        )
    size = np.linalg.norm(axes[:: max(1, len(axes) // 200_000)], axis=1)
    if float(np.nanmedian(size)) < _MIN_GRAVITY_G:
        notes.append(
            "There is no gravity in x, y and z, so neither tilts nor the unit can be checked."
        )
    missing = float(np.isnan(axes).any(axis=1).mean())
    if missing > 0.0:
        notes.append(f"{missing:.2%} of the samples have no value (NaN); they count as lost.")
    return notes
