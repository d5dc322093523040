"""Recordings of real motion, to be played through the serial line as if sensors had sent them.

The format, for your own recordings: a Parquet file with the columns `session`, `x`, `y`, `z`, one
row a sample in the order of recording, and beside it `sessions.csv` with the columns `session`,
`started_at_unix_s` and `sample_rate_hz`. Whole-number acceleration is counts (`counts_per_g`),
acceleration with a fraction is in g. docs/replay.md has an example.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from contract.errors import RecordingError

__all__ = ["RecordedHub", "Recording", "Session", "read_recording", "seat_hubs"]

MOST_SEATS_A_HUB: Final = 8
_MISSING_COUNT: Final = np.iinfo(np.int16).min
_COUNTS_PER_G: Final = 1024
"""What the virtual hub speaks: a power of two, so that recorded counts stay exact."""
_LATEST_UNIX_S: Final = 4_102_444_800.0
_HIGHEST_RATE_HZ: Final = 400.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Session:
    """One sensor's recording: acceleration in g, float32 (samples, 3), from `starts` on."""

    name: str
    starts: datetime
    rate_hz: float
    acceleration: NDArray[np.float32]

    @property
    def ends(self) -> datetime:
        return self.starts + timedelta(seconds=len(self.acceleration) / self.rate_hz)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Sessions brought onto one day by the time that their clocks showed."""

    sessions: tuple[Session, ...]

    @property
    def starts(self) -> datetime:
        return min(session.starts for session in self.sessions)

    @property
    def ends(self) -> datetime:
        return max(session.ends for session in self.sessions)

    def at(self, clock: time) -> datetime:
        """The instant on the recording's day at which a clock on its wall showed `clock`."""
        day = self.starts
        return day.replace(hour=clock.hour, minute=clock.minute, second=clock.second, microsecond=0)


def read_recording(path: Path, *, timezone: tzinfo, counts_per_g: float = 64.0) -> Recording:
    """Read a Parquet file and the `sessions.csv` beside it.

    Sessions of several days are laid over the first one's day by local time. Raises
    RecordingError for a file, column or value that is missing or unfit.
    """
    columns = _read_columns(path)
    listed_path = path.with_name("sessions.csv")
    listed = _read_sessions(listed_path)
    names = columns["session"]
    axes = np.stack([columns[axis] for axis in "xyz"], axis=1)
    scale = 1.0 / counts_per_g if np.issubdtype(axes.dtype, np.integer) else 1.0
    sessions: list[Session] = []
    for name in dict.fromkeys(names.tolist()):
        if name not in listed:
            raise RecordingError(f"{listed_path} has no line for session {name!r} of {path.name}.")
        started, rate_hz = listed[name]
        starts = datetime.fromtimestamp(started, timezone)
        if sessions:
            starts = datetime.combine(sessions[0].starts.date(), starts.timetz())
        acceleration = (axes[names == name] * scale).astype(np.float32)
        sessions.append(
            Session(name=name, starts=starts, rate_hz=rate_hz, acceleration=acceleration)
        )
    if not sessions:
        raise RecordingError(f"{path} has no rows.")
    return Recording(sessions=tuple(sessions))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecordedHub:
    """A virtual hub's signal: up to eight sessions of one rate, from a common start on.

    Where a session has not begun or is over, its seat has no sensor.
    """

    sessions: tuple[Session, ...]
    starts: datetime
    ends: datetime

    @property
    def seats(self) -> int:
        return len(self.sessions)

    @property
    def sample_rate_hz(self) -> float:
        return self.sessions[0].rate_hz

    @property
    def counts_per_g(self) -> int:
        return _COUNTS_PER_G

    @property
    def ends_at(self) -> int | None:
        """The number of samples from `starts` to `ends`."""
        return round((self.ends - self.starts).total_seconds() * self.sample_rate_hz)

    def acceleration(self, first: int, count: int) -> NDArray[np.int16]:
        """Counts (count, seats, 3) from sample `first` on."""
        block = np.full((count, self.seats, 3), _MISSING_COUNT, dtype=np.int16)
        for seat, session in enumerate(self.sessions):
            offset = (self.starts - session.starts).total_seconds() * session.rate_hz
            begin = first + round(offset)
            low = max(begin, 0)
            high = min(begin + count, len(session.acceleration))
            if low < high:
                counts = np.rint(session.acceleration[low:high] * _COUNTS_PER_G)
                limit = np.iinfo(np.int16).max
                counts = np.where(np.isnan(counts), _MISSING_COUNT, np.clip(counts, -limit, limit))
                block[low - begin : high - begin, seat] = counts
        return block

    def levels(self, first: int, count: int) -> NDArray[np.float64] | None:
        """No sound was recorded."""
        del first, count
        return None


def seat_hubs(recording: Recording, *, starts: datetime, ends: datetime) -> list[RecordedHub]:
    """Spread the sessions over as few hubs as serve them: of one rate each, and of equal size."""
    hubs = []
    for rate in sorted({session.rate_hz for session in recording.sessions}):
        sessions = [s for s in recording.sessions if s.rate_hz == rate]
        needed = -(-len(sessions) // MOST_SEATS_A_HUB)
        cuts = [round(len(sessions) * i / needed) for i in range(needed + 1)]
        hubs += [
            RecordedHub(sessions=tuple(sessions[a:b]), starts=starts, ends=ends)
            for a, b in pairwise(cuts)
        ]
    return hubs


def _read_columns(path: Path) -> dict[str, NDArray[Any]]:
    try:
        table = parquet.read_table(path, columns=["session", "x", "y", "z"])
    except FileNotFoundError:
        raise RecordingError(f"There is no recording at {path}; name a Parquet file.") from None
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise RecordingError(
            f"{path} can't be read as a Parquet file with the columns session, x, y, z: {reason}."
        ) from error
    columns: dict[str, NDArray[Any]] = {}
    for name in ("session", "x", "y", "z"):
        if name not in table.column_names:
            raise RecordingError(
                f"{path} has no column {name!r}; it has {', '.join(table.column_names) or 'none'}."
            )
        column = table[name]
        if name == "session":
            columns[name] = np.asarray(column.cast(pa.string()).to_pylist(), dtype=np.str_)
        elif not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
            raise RecordingError(f"{path}: column {name} is {column.type}, expected numbers.")
        else:
            columns[name] = column.to_numpy()
    return columns


def _read_sessions(path: Path) -> dict[str, tuple[float, float]]:
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except OSError as error:
        raise RecordingError(
            f"{path} can't be read ({error.strerror}); it says when each session started."
        ) from error
    sessions = {}
    for number, row in enumerate(rows, start=2):
        try:
            started, rate_hz = float(row["started_at_unix_s"]), float(row["sample_rate_hz"])
            sessions[row["session"]] = (started, rate_hz)
        except (KeyError, TypeError, ValueError):
            raise RecordingError(
                f"{path} line {number}: session, started_at_unix_s and sample_rate_hz are needed."
            ) from None
        if not (0 < started < _LATEST_UNIX_S and 0 < rate_hz <= _HIGHEST_RATE_HZ):
            raise RecordingError(
                f"{path} line {number}: a start in Unix seconds and a rate up to "
                f"{_HIGHEST_RATE_HZ} Hz are expected, not {started} and {rate_hz}."
            )
    return sessions
