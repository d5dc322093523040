"""Reads the two files of a recording: samples from Parquet, and the starts of the sessions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import parquet

from contract.errors import RecordingError, UsageError
from contract.files.csv_table import read_table
from contract.files.text_file import read_text
from contract.quantities.acceleration import HIGHEST_RATE_HZ, LOWEST_RATE_HZ

__all__ = ["RecordedSamples", "read_samples", "read_sessions"]

_NEEDED: Final = ("session", "x", "y", "z")
_TIME: Final = "observed_at"
_LATEST_UNIX_S: Final = 4_102_444_800.0
_SAME_RATE: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecordedSamples:
    """The rows of a file: the stored values, (n, 3), and their times if known.

    `rows` are the row numbers of each session's samples, in the order of the file.
    """

    axes: NDArray[np.float64]
    times: NDArray[Any] | None
    rows: dict[str, NDArray[np.intp]]


def read_samples(path: Path) -> RecordedSamples:
    """Read the Parquet file; RecordingError names what is missing or unusable."""
    table = _table(path)
    for name in "xyz":
        kind = table[name].type
        is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
        if not (is_number or pa.types.is_decimal(kind)):
            raise RecordingError(f"{path}: column {name} is {kind}, expected numbers.")
    axes = [table[name].cast(pa.float64(), safe=False).to_numpy() for name in "xyz"]
    values = np.stack(axes, axis=1)
    values[~np.isfinite(values)] = np.nan
    return RecordedSamples(axes=values, times=_times(table), rows=_rows_by_session(table, path))


def _table(path: Path) -> pa.Table:
    if path.exists() and not path.is_file():
        raise RecordingError(f"{path} is a directory or a pipe; name a Parquet file.")
    try:
        names = parquet.read_schema(path).names
        missing = [name for name in _NEEDED if name not in names]
        if missing:
            raise RecordingError(
                f"{path} has no column {missing[0]!r}; it has {', '.join(names) or 'none'}, and "
                f"the columns {', '.join(_NEEDED)} are needed."
            )
        table = parquet.read_table(path, columns=[*_NEEDED, *([_TIME] if _TIME in names else [])])
    except FileNotFoundError:
        raise RecordingError(f"There is no recording at {path}; name a Parquet file.") from None
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise RecordingError(
            f"{path} can't be read as a Parquet file with the columns {', '.join(_NEEDED)}: "
            f"{reason}."
        ) from error
    if table.num_rows == 0:
        raise RecordingError(f"{path} has no rows.")
    return table


def _times(table: pa.Table) -> NDArray[Any] | None:
    """The time of each sample, in any unit: it is only used to find repeated rows."""
    if _TIME not in table.column_names:
        return None
    column = table[_TIME]
    if pa.types.is_timestamp(column.type) or pa.types.is_duration(column.type):
        column = column.cast(pa.int64())
    if column.null_count or not (
        pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    ):
        return None
    return np.asarray(column.to_numpy())


def _rows_by_session(table: pa.Table, path: Path) -> dict[str, NDArray[np.intp]]:
    column = table["session"]
    nulls = pc.sum(pc.is_null(column, nan_is_null=True)).as_py()
    if nulls:
        raise RecordingError(f"{path}: column session is null in {nulls} rows.")
    try:
        encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    except pa.ArrowException:
        raise RecordingError(
            f"{path}: column session is {column.type}, expected text or numbers."
        ) from None
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    codes = np.asarray(encoded.indices.to_numpy(zero_copy_only=False))
    names = encoded.dictionary.to_pylist()
    return {str(name): np.flatnonzero(codes == code) for code, name in enumerate(names)}


def read_sessions(
    path: Path, rate_hz: float | None, notes: list[str]
) -> dict[str, tuple[float, float]]:
    """Each session's start in Unix seconds and its rate; raises RecordingError naming the line.

    `rate_hz` is for sessions without a rate in the file.
    """
    if not path.exists():
        raise RecordingError(
            f"{path} can't be read: there is no such file; it is needed for the start of each session."
        )
    sessions: dict[str, tuple[float, float]] = {}
    repeated = 0
    try:
        needed = "session", "started_at_unix_s"
        for line in read_table(read_text(path), name=str(path), columns=needed, optional=None):
            where, row = line.where, line.values
            found = _session(where, row, rate_hz)
            earlier = sessions.setdefault(row["session"], found)
            if earlier != found:
                raise RecordingError(
                    f"{where}: session {row['session']!r} has another line with a different "
                    "start or rate; keep one of the two."
                )
            repeated += earlier is not found
    except UsageError as error:
        raise RecordingError(str(error)) from error
    if repeated:
        notes.append(
            f"{path.name} has {repeated} lines that exactly repeat others; they are dropped."
        )
    return sessions


def _session(where: str, row: dict[str, str], rate_hz: float | None) -> tuple[float, float]:
    rate_text = row.get("sample_rate_hz", "")
    if not rate_text and rate_hz is None:
        raise RecordingError(
            f"{where}: session, started_at_unix_s and sample_rate_hz are needed; --rate-hz gives "
            "the rate where the file has none."
        )
    try:
        started = float(row["started_at_unix_s"])
        rate = float(rate_text) if rate_text else float(rate_hz or 0.0)
    except ValueError:
        raise RecordingError(
            f"{where}: session, started_at_unix_s and sample_rate_hz are needed, the last two as "
            f"numbers, not {row['started_at_unix_s']!r} and {rate_text!r}."
        ) from None
    if not (0 < started < _LATEST_UNIX_S and LOWEST_RATE_HZ <= rate <= HIGHEST_RATE_HZ):
        raise RecordingError(
            f"{where}: a start in Unix seconds and a rate of {LOWEST_RATE_HZ:g} to "
            f"{HIGHEST_RATE_HZ:g} Hz are expected, not {started:.10g} and {rate:g}."
        )
    if rate_hz is not None and abs(rate / rate_hz - 1.0) > _SAME_RATE:
        raise RecordingError(f"{where}: the rate is {rate:g} but --rate-hz is {rate_hz:g}.")
    return started, rate
