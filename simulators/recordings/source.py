"""Recordings of real motion, to replay over the serial line as if sensors had sent them.

The format: a Parquet file with the columns `session`, `x`, `y`, `z`, one row per sample in the
order of recording, and next to it `sessions.csv` with the columns `session`, `started_at_unix_s`
and `sample_rate_hz`. The caller gives the unit of `x`, `y` and `z`. docs/replay.md has an example.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.errors import RecordingError
from contract.quantities.acceleration import Unit, check_rate, check_unit, per_g
from contract.repeats import fresh_rows, without_copies
from simulators.recordings.file import RecordedSamples, read_samples, read_sessions
from simulators.recordings.sessions import Recording, Session, side_by_side

__all__ = ["RecordedHub", "Recording", "Session", "read_recording", "seat_hubs"]

MAX_SEATS_PER_HUB: Final = 8
_MISSING_COUNT: Final = np.iinfo(np.int16).min
_COUNTS_PER_G: Final = 1024
"""Resolution of the virtual hub: a power of two, so that recorded counts stay exact."""


def read_recording(
    path: Path,
    *,
    timezone: tzinfo,
    unit: Unit = "g",
    scale: float | None = None,
    rate_hz: float | None = None,
) -> Recording:
    """Read a Parquet file and the `sessions.csv` next to it.

    `scale` is the number of counts in 1 g; `rate_hz` is for sessions without a rate in the list.
    Sessions of other days are moved to the first one's day by local time. Raises RecordingError or
    UsageError for a missing or unusable file, column, unit or value.
    """
    counts = per_g(unit, scale)
    check_rate(rate_hz)
    samples = read_samples(path)
    listed_path = path.with_name("sessions.csv")
    notes: list[str] = []
    listed = read_sessions(listed_path, rate_hz, notes)
    sessions: dict[str, Session] = {}
    for name in samples.rows:
        if name.strip() not in listed:
            raise RecordingError(f"{listed_path} has no line for session {name!r} of {path.name}.")
        started, rate = listed[name.strip()]
        acceleration = (samples.axes[_fresh(samples, name, notes)] / counts).astype(np.float32)
        if np.isfinite(acceleration).any():
            try:
                check_unit(acceleration, unit)
            except RecordingError as error:
                raise RecordingError(
                    f"session {name!r} of {path}: {error} Give the right unit with --unit."
                ) from error
        sessions[name] = Session(
            name=name,
            starts=datetime.fromtimestamp(started, UTC),
            rate_hz=rate,
            acceleration=acceleration,
        )
    if not any(np.isfinite(one.acceleration).any() for one in sessions.values()):
        raise RecordingError(f"{path}: x, y and z have no numbers.")
    own = _without_doubles(list(sessions.values()), notes)
    return Recording(sessions=side_by_side(own, timezone), timezone=timezone, notes=tuple(notes))


def _fresh(samples: RecordedSamples, name: str, notes: list[str]) -> NDArray[np.intp]:
    """The rows of a session without repeated ones; a note counts these."""
    rows = samples.rows[name]
    if samples.times is not None:
        left = rows[fresh_rows(samples.times[rows], samples.axes[rows])]
    else:
        left = rows[: without_copies(samples.axes[rows])]
    if len(left) < len(rows):
        notes.append(
            f"Session {name} has {len(rows) - len(left)} samples that exactly repeat "
            "others; they are dropped."
        )
    return left


def _without_doubles(sessions: list[Session], notes: list[str]) -> list[Session]:
    """The sessions without exact copies of earlier ones."""
    left: list[Session] = []
    for one in sessions:
        same = next((earlier for earlier in left if _is_same(earlier, one)), None)
        if same is None:
            left.append(one)
        else:
            notes.append(f"Session {one.name} is an exact copy of {same.name}; it is dropped.")
    return left


def _is_same(one: Session, other: Session) -> bool:
    own, others = one.acceleration, other.acceleration
    is_equal = (one.starts, one.rate_hz) == (other.starts, other.rate_hz) and np.array_equal(
        own, others, equal_nan=True
    )
    return is_equal and bool((own != own[0]).any())  # two still sensors may have equal values


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecordedHub:
    """A virtual hub's signal: up to eight sessions of one rate, with a common start.

    Before a session begins and after it ends, its seat has no sensor.
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
    def ends_at(self) -> int:
        """The number of samples from `starts` to `ends`."""
        return round((self.ends - self.starts).total_seconds() * self.sample_rate_hz)

    def acceleration(self, first: int, count: int) -> NDArray[np.int16]:
        """Counts (count, seats, 3), starting at sample `first`."""
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
    """Distribute the sessions over as few hubs as possible: one rate per hub, and equal sizes."""
    hubs = []
    for rate in sorted({session.rate_hz for session in recording.sessions}):
        sessions = [s for s in recording.sessions if s.rate_hz == rate]
        needed = -(-len(sessions) // MAX_SEATS_PER_HUB)
        cuts = [round(len(sessions) * i / needed) for i in range(needed + 1)]
        hubs += [
            RecordedHub(sessions=tuple(sessions[a:b]), starts=starts, ends=ends)
            for a, b in pairwise(cuts)
        ]
    return hubs
